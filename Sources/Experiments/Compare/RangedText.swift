import Foundation

/// A text in which braces name ranges: `adam | rate {0.0001...0.1}; batch {32, 128}`.
public struct RangedText: Hashable, Sendable, CustomStringConvertible {
  /// One pair of braces.
  public struct Place: Hashable, Sendable {
    /// What it is the range of, as "rate", "momentum nesterov" or "batch"; no two are alike in a text.
    public var name: String
    /// What may stand there.
    public var range: OptionRange
  }

  /// As it was written.
  public let description: String
  /// In the order of the text.
  public let places: [Place]
  /// What stands around them: one more than there are places.
  private let pieces: [String]

  /// - Throws: `SettingsError` where braces do not match, or hold no range.
  public init(_ text: String) throws {
    description = text
    var (places, pieces, rest) = ([Place](), [String](), text[...])
    while let open = rest.firstIndex(of: "{") {
      let inside = rest[rest.index(after: open)...]
      guard let close = inside.firstIndex(of: "}"), !inside[..<close].contains("{"), !rest[..<open].contains("}") else {
        throw SettingsError("the braces of \"\(text)\" do not match")
      }
      pieces.append(String(rest[..<open]))
      let name = Self.name(behind: pieces.joined(separator: "_"))
      let same = places.count { $0.name == name || $0.name.hasPrefix(name + " #") }
      places.append(
        Place(name: same == 0 ? name : "\(name) #\(same + 1)", range: try OptionRange(String(inside[..<close]))))
      rest = inside[inside.index(after: close)...]
    }
    guard !rest.contains("}") else { throw SettingsError("the braces of \"\(text)\" do not match") }
    (self.places, self.pieces) = (places, pieces + [String(rest)])
  }

  /// The text with values in the places, one for each.
  public func filled(_ values: [String]) -> String {
    precondition(values.count == places.count, "one value for each place")
    return zip(pieces, values + [""]).map { $0 + $1 }.joined()
  }

  /// The option that the next value would be of: the stage's name, and the option's where it is not the first.
  private static func name(behind text: String) -> String {
    var start = text.startIndex
    var previous: Character = " "
    for index in text.indices {
      let character = text[index]
      // A parenthesis that opens a list of stages stands apart; one of a function, as cosine(, does not.
      if "|;:".contains(character) || (character == "(" && previous.isWhitespace) { start = text.index(after: index) }
      previous = character
    }
    let words = text[start...].split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    let endsWord = text.last?.isWhitespace ?? true
    guard let stage = words.first, words.count > 1 || endsWord else { return "stage" }
    let before = endsWord ? words[...] : words.dropLast()
    if !endsWord, let last = words.last, let mark = last.firstIndex(of: "=") { return "\(stage) \(last[..<mark])" }
    let position = before.dropFirst().count { !$0.contains("=") }
    guard position > 0 else { return stage }
    let options = TransformationKind.known.first { $0.name == stage }?.options ?? []
    return "\(stage) \(position < options.count ? options[position].name : "\(position + 1)")"
  }
}
