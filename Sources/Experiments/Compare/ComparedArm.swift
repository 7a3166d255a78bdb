import Foundation
import Training

/// One of the sides of a comparison: a name, a chain or method, and what else it changes.
///
/// The grammar is `NAME: CHAIN; OPTION VALUE; ...` with the options of `descent train`: `batch 64`, `hidden 128x64`, `loss
/// stableMax`, `model cnn`, `augment crop 4, flip`; and `draw 1` for initial weights and an order of examples of its own, to
/// see what chance does to an arm beside itself. Braces name ranges anywhere (`OptionRange`). The word `budget` in a chain
/// stands for the comparison's length: `rate cosine({0.001...1}, budget)`.
/// ```swift
/// try ComparedArm("wide: adam | rate {0.0001...0.1}; hidden {64x64, 256}; batch {32, 128}")
/// ```
public struct ComparedArm: Hashable, Sendable, CustomStringConvertible {
  /// Before the colon.
  public let name: String
  /// Behind it.
  public let body: RangedText

  public var description: String { "\(name): \(body)" }

  /// - Throws: `SettingsError` where it has no name, or braces hold no range.
  public init(_ text: String) throws {
    guard let colon = text.firstIndex(of: ":") else {
      throw SettingsError("an arm is a name, a colon and a chain, as \"sgd: rate {0.001...1}\", and not \"\(text)\"")
    }
    name = text[..<colon].trimmingCharacters(in: .whitespaces)
    // Names become names of files.
    let isPlain = name.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || ("0"..."9") ~= $0 || " ._+-".unicodeScalars.contains($0)
    }
    guard isPlain, let first = name.first, first.isLetter || first.isNumber else {
      throw SettingsError("an arm's name holds letters, digits, blanks and . _ + -, and \"\(name)\" does not")
    }
    body = try RangedText(text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces))
  }

  /// All its settings, where there are at most so many; else nil.
  private func settings(atMost limit: Int) -> [[String]]? {
    var all: [[String]] = [[]]
    for place in body.places {
      guard let own = place.range.values(atMost: limit), all.count * own.count <= limit else { return nil }
      all = own.flatMap { value in all.map { $0 + [value] } }
    }
    return all
  }

  /// Its trials: as many different settings as asked for, and fewer only where it has no more.
  ///
  /// - Parameter dimensions: by the names of ranges.
  /// - Throws: `SettingsError` where a setting cannot be read.
  package func trials(_ count: Int, _ sequence: TrialSequence, _ dimensions: [String: Int]) throws -> [ComparedSetting]
  {
    let places = body.places
    func setting(_ values: [String]) throws -> ComparedSetting { try ComparedSetting(self, values) }
    if let all = settings(atMost: count) { return try all.map(setting) }
    var (known, found) = (Set<[String]>(), [ComparedSetting]())
    for index in 0..<100 * count where found.count < count {
      let values = places.map { $0.range.text(at: sequence.place(index, dimension: dimensions[$0.name]!)) }
      if known.insert(values).inserted { found.append(try setting(values)) }
    }
    guard found.count == count else { throw SettingsError("\(self): \(count) different trials were not found") }
    return found
  }
}
