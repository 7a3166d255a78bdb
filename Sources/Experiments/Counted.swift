/// A number of things in words: "1 epoch", "2 epochs".
package func counted(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }

extension Int {
  /// The whole number nearest to one that a log holds, which may have been edited: 0 for what is no number, the ends for what is
  /// beyond them.
  package init(saturating value: Double) {
    self = value.isNaN ? 0 : Int(exactly: value.rounded()) ?? (value > 0 ? .max : .min)
  }
}
