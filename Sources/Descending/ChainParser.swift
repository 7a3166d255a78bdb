import Foundation

/// Reads a chain from text, as on the command line: `orthogonal | decay 5e-4 | momentum 0.9 nesterov=true | rate 0.1`.
///
/// A stage is a name, then values in the order of its options or `option=value`.
public enum ChainParser {
  /// - Throws: `DescentError` naming the nearest known name.
  public static func parse(_ text: String) throws -> Chain {
    let stages = try text.split(separator: "|", omittingEmptySubsequences: false).map { try stage(String($0)) }
    guard stages.contains(where: { $0 is LearningRate }) else {
      throw DescentError("the chain \"\(text)\" never steps: end it with a rate, as in \"\(text) | rate 0.1\"")
    }
    return Chain(stages)
  }

  private static func stage(_ text: String) throws -> any GradientTransformation {
    let words = split(text, at: " ")
    guard let name = words.first else { throw DescentError("a stage of the chain is empty") }
    guard let kind = TransformationKind.all.first(where: { $0.name == name }) else {
      let names = TransformationKind.all.map(\.name)
      throw DescentError("there is no transformation \(name); \(NearestName.hint(name, among: names))")
    }
    var values: [String: String] = [:]
    var position = 0
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      let option: String
      if parts.count == 2 {
        option = parts[0]
      } else {
        guard position < kind.options.count else { throw DescentError("\(name) has no place for \(word)") }
        option = kind.options[position].name
        position += 1
      }
      let known = kind.options.map(\.name)
      guard known.contains(option) else {
        throw DescentError("\(name) has no option \(option); \(NearestName.hint(option, among: known))")
      }
      guard values[option] == nil else { throw DescentError("\(name): \(option) is given twice") }
      values[option] = parts.last!
    }
    for option in kind.options where values[option.name] == nil { values[option.name] = option.standard }
    return try kind.make(.init(stage: name, values: values))
  }

  /// Splits outside of parentheses.
  static func split(_ text: String, at separator: Character) -> [String] {
    var parts: [String] = []
    var current = ""
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == separator && depth == 0 {
        parts.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    parts.append(current)
    return parts.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }
}

/// Reads a schedule from text: a number, or `cosine(0.1, 5epochs)` and its like.
public enum ScheduleParser {
  private static let names = ["constant", "linear", "cosine", "steps", "exponential", "warmup"]

  /// - Throws: `DescentError` saying what is wrong.
  public static func parse(_ text: String) throws -> Schedule {
    let text = text.trimmingCharacters(in: .whitespaces)
    if let value = Double(text), value.isFinite { return .constant(value) }
    guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
      throw DescentError("\(text) is no schedule: a number, or one of \(names.joined(separator: ", ")) with arguments")
    }
    let name = String(text[..<open])
    let arguments = ChainParser.split(String(text[text.index(after: open)...].dropLast()), at: ",")
    func count(_ allowed: ClosedRange<Int>) throws {
      guard allowed.contains(arguments.count) else {
        throw DescentError("\(name) takes \(allowed) arguments, and \(text) has \(arguments.count)")
      }
    }
    func number(_ index: Int) throws -> Double {
      guard let value = Double(arguments[index]) else {
        throw DescentError("\(arguments[index]) in \(text) is no number")
      }
      return value
    }
    switch name {
    case "constant":
      try count(1...1)
      return .constant(try number(0))
    case "linear":
      try count(3...3)
      return .linear(from: try number(0), to: try number(1), over: try duration(arguments[2]))
    case "cosine":
      try count(2...3)
      return .cosine(
        from: try number(0), to: arguments.count == 3 ? try number(2) : 0, over: try duration(arguments[1]))
    case "steps":
      try count(3...3)
      return .steps(try number(0), factor: try number(1), every: try duration(arguments[2]))
    case "exponential":
      try count(3...3)
      return .exponential(try number(0), factor: try number(1), over: try duration(arguments[2]))
    case "warmup":
      try count(2...2)
      return .warmUp(try duration(arguments[0]), then: try parse(arguments[1]))
    default: throw DescentError("there is no schedule \(name); \(NearestName.hint(name, among: names))")
    }
  }

  /// A number with its unit: 5epochs, 900updates, 50000samples.
  static func duration(_ text: String) throws -> Duration {
    for (unit, make) in [
      ("epochs", Duration.epochs), ("epoch", Duration.epochs), ("updates", Duration.updates),
      ("samples", Duration.samples),
    ] where text.hasSuffix(unit) {
      if let amount = Double(text.dropLast(unit.count).trimmingCharacters(in: .whitespaces)), amount > 0 {
        return make(amount)
      }
    }
    throw DescentError("\(text) is no duration: write a positive number and epochs, updates or samples")
  }
}
