import Foundation

/// Reads a chain from text, as on the command line: `orthogonal | decay 5e-4 | momentum 0.9 nesterov=true | rate 0.1`.
///
/// A stage is a name, then values in the order of its options or `option=value`. Stages that hold stages take them in
/// parentheses: `accumulate 4 (momentum 0.9 | rate 0.1)`.
public enum ChainParser {
  /// A chain that makes steps.
  /// - Throws: `DescentError` naming the nearest known name.
  public static func parse(_ text: String) throws -> Chain {
    let chain = try ChainConfiguration(text).makeChain()
    guard chain.makesStep else {
      // Those within others count, too.
      let rate = usualRate(of: text.split { !$0.isLetter && !$0.isNumber }.map(String.init))
      // Some stages stand behind it.
      let parts = try fields(text, at: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let later =
        parts.firstIndex { ["l1", "bounds", "average"].contains(String($0.prefix { $0 != " " })) } ?? parts.count
      let whole = (parts[..<later] + ["rate \(rate)"] + parts[later...]).joined(separator: " | ")
      throw DescentError("the chain \"\(text)\" never steps: give it a rate, as in \"\(whole)\"")
    }
    return chain
  }

  /// A rate to begin with.
  private static func usualRate(of stages: [String]) -> String {
    func has(_ names: String...) -> Bool { names.contains(where: stages.contains) }
    // These give steps of the right length themselves.
    if has("adadelta", "prodigy", "lbfgs", "dog") { return "1" }
    // What divides by the gradient's size takes steps of the rate's size.
    return has(
      "adam", "rmsprop", "sign", "lion", "adabelief", "radam", "adamax", "adan", "ademamix", "adopt", "mars",
      "sophia", "shampoo", "soap", "psgd")
      ? "0.001" : has("adafactor", "rprop") ? "0.01" : "0.1"
  }

  /// The parts between separators outside of parentheses, trimmed; empty ones are left out.
  static func split(_ text: String, at separator: Character) throws -> [String] {
    try fields(text, at: separator).filter { !$0.isEmpty }
  }

  /// Parentheses within parentheses that a text may have. Each level is read several times, so the time to read a text
  /// grows with their power.
  static let deepest = 8

  /// The parts between separators outside of parentheses, trimmed.
  package static func fields(_ text: String, at separator: Character) throws -> [String] {
    var parts: [String] = []
    var current = ""
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      guard depth >= 0 else { break }
      guard depth <= deepest else {
        throw DescentError(
          "parentheses may stand in one another \(deepest) deep, and those of \"\(text.prefix(60))...\" are deeper")
      }
      if character == separator && depth == 0 {
        parts.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    guard depth == 0 else { throw DescentError("the parentheses of \"\(text)\" do not match") }
    parts.append(current)
    return parts.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// What is inside of the parentheses around a text.
  static func unwrapped(_ text: String) throws -> String {
    guard text.hasPrefix("("), text.hasSuffix(")") else {
      throw DescentError("\"\(text)\" must stand in parentheses")
    }
    return String(text.dropFirst().dropLast())
  }
}
