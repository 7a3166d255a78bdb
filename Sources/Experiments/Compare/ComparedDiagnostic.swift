import Training

/// A number of a diagnostic that the descents which decide carry: what it is after the last update.
struct ComparedDiagnostic: Sendable {
  /// The diagnostic, as "sharpness".
  let watch: String
  let quantity: WatchKind.Quantity

  var measure: Measure { Measure("watch/\(watch)/\(quantity.tag)") }
  /// How well a look knows it; of those that say so.
  var error: Measure { Measure(measure.tag + "/error") }
  /// As "sharpness/largest".
  var tag: String { "\(watch)/\(quantity.tag)" }
  /// As "sharpness: largest eigenvalue of the Hessian".
  var name: String { "\(watch): \(quantity.name)" }

  /// - Throws: `SettingsError` for a diagnostic without such numbers, and for one that says when it looks.
  static func all(of watch: WatchConfiguration) throws -> [ComparedDiagnostic] {
    try watch.items.flatMap { item -> [ComparedDiagnostic] in
      guard !item.hasInterval else {
        throw SettingsError("a comparison looks once, after the last update: leave out every of \(item.name)")
      }
      guard !item.quantities.isEmpty else {
        throw SettingsError("descents cannot be compared by the diagnostic \(item.name): its kind names no quantities")
      }
      return item.quantities.map { ComparedDiagnostic(watch: item.name, quantity: $0) }
    }
  }
}
