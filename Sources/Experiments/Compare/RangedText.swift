import Foundation

/// A text in which braces name ranges: `adam | rate {0.0001...0.1}; batch {32, 128}`.
///
/// A range may have a name of its own, by which its value stands in other places, too: `rate join(linear(0, {r: 0.001...1},
/// 50updates), 50updates, cosine({r}, 900updates))`.
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
  /// What stands around braces: one more than there are braces.
  private let pieces: [String]
  /// The place of each pair of braces.
  private let owners: [Int]

  /// - Throws: `SettingsError` where braces do not match, or hold no range.
  public init(_ text: String) throws {
    description = text
    var (places, pieces, owners, rest) = ([Place](), [String](), [Int](), text[...])
    var named: [String: Int] = [:]
    while let open = rest.firstIndex(of: "{") {
      let inside = rest[rest.index(after: open)...]
      guard let close = inside.firstIndex(of: "}"), !inside[..<close].contains("{"), !rest[..<open].contains("}") else {
        throw SettingsError("the braces of \"\(text)\" do not match")
      }
      pieces.append(String(rest[..<open]))
      let (own, range) = Self.parted(String(inside[..<close]))
      if range.isEmpty, let own, let owner = named[own] {
        owners.append(owner)
      } else if range.isEmpty, let own {
        throw SettingsError(
          "{\(own)} is no range, and no braces before it have that name: write {\(own): 0.001...1} there")
      } else {
        let name = own ?? Self.name(behind: pieces.joined(separator: "_"))
        if let own {
          guard named.updateValue(places.count, forKey: own) == nil else {
            throw SettingsError("two ranges of \"\(text)\" have the name \(own)")
          }
        }
        let same = places.count { $0.name == name || $0.name.hasPrefix(name + " #") }
        owners.append(places.count)
        places.append(Place(name: same == 0 ? name : "\(name) #\(same + 1)", range: try OptionRange(range)))
      }
      rest = inside[inside.index(after: close)...]
    }
    guard !rest.contains("}") else { throw SettingsError("the braces of \"\(text)\" do not match") }
    (self.places, self.pieces, self.owners) = (places, pieces + [String(rest)], owners)
  }

  /// What braces hold: a name before a colon, and a range; a word alone is a name.
  private static func parted(_ text: String) -> (name: String?, range: String) {
    func word(_ text: some StringProtocol) -> String? {
      let plain = text.trimmingCharacters(in: .whitespaces)
      let isWord = plain.first?.isLetter == true && plain.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
      return isWord ? plain : nil
    }
    if let alone = word(text) { return (alone, "") }
    guard let colon = text.firstIndex(of: ":"), let name = word(text[..<colon]) else { return (nil, text) }
    return (name, String(text[text.index(after: colon)...]))
  }

  /// The text with values in the places, one for each.
  public func filled(_ values: [String]) -> String {
    precondition(values.count == places.count, "one value for each place")
    return zip(pieces, owners.map { values[$0] } + [""]).map { $0 + $1 }.joined()
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
