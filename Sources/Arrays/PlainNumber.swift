/// Numbers as people write them: 1 and not 1e+0 or 1.0, 1e-8 and not 1e-08.
package enum PlainNumber {
  /// The shortest text that reads as the same number.
  package static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : value.text.replacing("e-0", with: "e-")
  }

  /// A text that is a number as people write it, and any other as it is.
  package static func text(_ text: String) -> String {
    guard Int(text) == nil, let value = Double(text), value.isFinite else { return text }
    return self.text(value)
  }

  /// A text in which all numbers are as people write them, those of lists in brackets too.
  package static func plain(_ text: String) -> String {
    text.replacing(/[^\[\], ]+/) { self.text(String($0.output)) }
  }
}
