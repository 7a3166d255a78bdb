import Arrays
import Parameters

/// Where a descent begins, from text: `x=-1.2, y=pi/4`, or lists, `x=[-1.2, 1]`, also repeated, `x=[-1.2, 1]*5`.
public struct StartPoint: Sendable, CustomStringConvertible {
  /// float64: a number [], or a list [n].
  public let values: Tree<NDArray>
  /// Numbers in all.
  public var count: Int { values.leaves.reduce(0) { $0 + $1.count } }
  /// As it was written.
  public let description: String

  /// The longest list.
  private static let longest = 1_000_000

  /// - Throws: `FormulaError` saying what is wrong.
  public init(_ text: String) throws {
    var found: [(path: String, leaf: NDArray)] = []
    for part in Self.parts(text) {
      guard let mark = part.firstIndex(of: "=") else {
        throw FormulaError("a start is written x=-1.2, y=1 or x=[1, 2], and \"\(part)\" names no variable")
      }
      let name = part[..<mark].trimmed
      guard let first = name.first, first.isLetter || first == "_",
        name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
      else { throw FormulaError("\"\(name)\" is no name of a variable") }
      guard !found.contains(where: { $0.path == name }) else { throw FormulaError("\(name) starts twice") }
      guard FormulaFunction.constants[name] == nil else {
        throw FormulaError("\(name) is a constant: take another name")
      }
      found.append((name, try Self.value(part[part.index(after: mark)...].trimmed, name)))
    }
    guard !found.isEmpty else { throw FormulaError("a start is written x=-1.2, y=1 or x=[1, 2]") }
    values = Tree(found)
    description = text
  }

  /// What stands between commas outside of brackets.
  static func parts(_ text: String) -> [String] {
    var (parts, depth) = ([""], 0)
    for character in text {
      depth += "[({".contains(character) ? 1 : "])}".contains(character) ? -1 : 0
      if character == ",", depth <= 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
    }
    return parts.filter { !$0.trimmed.isEmpty }
  }

  private static func value(_ text: String, _ name: String) throws -> NDArray {
    func number(_ text: String) throws -> Double {
      // Also 1/3, pi, sqrt(2).
      guard let value = Double(text.trimmed) ?? (try? Formula(text.trimmed))?.constant, value.isFinite else {
        throw FormulaError("the start of \(name), \(text.trimmed), is no number")
      }
      return value
    }
    guard text.hasPrefix("[") else { return NDArray(try number(text)) }
    guard let close = text.firstIndex(of: "]") else { throw FormulaError("the list of \(name) has no ]") }
    let inside = text[text.index(after: text.startIndex)..<close]
    let numbers = try inside.split(separator: ",", omittingEmptySubsequences: false).map { try number(String($0)) }
    var times = 1
    let rest = text[text.index(after: close)...].trimmed
    if !rest.isEmpty {
      guard rest.hasPrefix("*"), let count = Int(rest.dropFirst().trimmed), count > 0,
        count <= longest / numbers.count
      else {
        throw FormulaError("behind the list of \(name) stands *N, N at most a million numbers in all, not \(rest)")
      }
      times = count
    }
    return NDArray(Array(repeatElement(numbers, count: times).joined()))
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
