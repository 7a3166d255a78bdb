/// When a diagnostic looks: `every=5` and `every=5epochs` after each fifth epoch, `every=50updates` after each fiftieth update; at the
/// start always.
enum WatchInterval: Sendable {
  case epochs(Int)
  case updates(Int)

  /// - Throws: `DescentError` where the text is no whole number of epochs or updates.
  init(_ values: OptionValues) throws {
    guard let text = values.values["every"], Int(text) == nil else {
      self = .epochs(try values.count("every"))
      return
    }
    let duration = try? Duration(text)
    switch duration {
    case .epochs(let n) where n == n.rounded() && n <= 1e7: self = .epochs(Int(n))
    case .updates(let n) where n == n.rounded() && n <= 1e7: self = .updates(Int(n))
    default:
      throw DescentError(
        "every of \(values.owner) is a whole number of epochs or updates, as 5 or 50updates, and not \(text)")
    }
  }

  /// Whether it looks after so many updates, where an epoch has `length` of them.
  func isDue(after step: Int, length: Int) -> Bool {
    switch self {
    case .epochs(let n): step % length == 0 && step / length % n == 0
    case .updates(let n): step % n == 0
    }
  }
}
