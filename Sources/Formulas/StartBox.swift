import Arrays
import Parameters

/// Where starts are drawn from, uniformly, from text: `x={-2...2}, y={0...1}`, or a list, `x={-5...5}*10`; a number or a list without
/// braces is always the same, as in a `StartPoint`.
public struct StartBox: Sendable, CustomStringConvertible {
  /// The lower ends, float64: a number [] or a list [n] of each variable.
  public let low: Tree<NDArray>
  /// The upper ends, none below its lower one.
  public let high: Tree<NDArray>
  /// As it was written.
  public let description: String
  /// Numbers in all.
  public var count: Int { low.leaves.reduce(0) { $0 + $1.count } }
  /// Whether all starts are one.
  public var isPoint: Bool { low == high }

  /// - Throws: `FormulaError` saying what is wrong.
  public init(_ text: String) throws {
    var (lows, highs) = ([String](), [String]())
    for part in StartPoint.parts(text) {
      guard let open = part.firstIndex(of: "{") else {
        lows.append(part)
        highs.append(part)
        continue
      }
      let inside = part[part.index(after: open)...]
      guard let close = inside.firstIndex(of: "}") else { throw FormulaError("\"\(part)\" has no }") }
      let ends = inside[..<close].components(separatedBy: "...")
      guard ends.count == 2, !inside[..<close].contains(",") else {
        throw FormulaError("starts between two numbers are written {-2...2}, and not {\(inside[..<close])}")
      }
      let (before, behind) = (part[..<open], inside[inside.index(after: close)...])
      // Of a list each number has the same ends.
      let isList = !behind.allSatisfy(\.isWhitespace)
      lows.append(isList ? "\(before)[\(ends[0])]\(behind)" : "\(before)\(ends[0])")
      highs.append(isList ? "\(before)[\(ends[1])]\(behind)" : "\(before)\(ends[1])")
    }
    let points = try (low: StartPoint(lows.joined(separator: ",")), high: StartPoint(highs.joined(separator: ",")))
    try self.init(from: points.low.values, to: points.high.values, description: text)
  }

  /// - Parameters:
  ///   - low: float64, a number [] or a list [n] of each variable.
  ///   - high: of the same names and lengths.
  /// - Throws: `FormulaError` where an end is not finite, or above the other one.
  public init(from low: Tree<NDArray>, to high: Tree<NDArray>) throws {
    let ends = low.types == high.types ? low.zipped(with: high, { ($0.doubles, $1.doubles) }) : Tree()
    let texts = ends.map { name, ends in
      let own = Set(zip(ends.0, ends.1).map { "{\(PlainNumber.text($0))...\(PlainNumber.text($1))}" })
      let isList = low[name]?.shape.rank == 1
      return "\(name)=" + own.sorted().joined(separator: " and ") + (isList ? "*\(ends.0.count)" : "")
    }
    try self.init(from: low, to: high, description: texts.joined(separator: ", "))
  }

  private init(from low: Tree<NDArray>, to high: Tree<NDArray>, description: String) throws {
    guard !low.isEmpty, low.types == high.types else {
      throw FormulaError("the ends of a box are of other names or lengths")
    }
    for (name, ends) in low.zipped(with: high, { ($0, $1) }) {
      guard ends.0.elementType == .float64, ends.0.shape.rank < 2 else {
        throw FormulaError("the box of \(name) is no number and no list in double precision")
      }
      guard zip(ends.0.doubles, ends.1.doubles).allSatisfy({ $0.isFinite && $1.isFinite && $0 <= $1 }) else {
        throw FormulaError("the lower end of \(name) must not be above the upper one, and both must be finite")
      }
    }
    (self.low, self.high, self.description) = (low, high, description)
  }

  /// A point of the box.
  public func point(key: RandomKey) -> Tree<NDArray> {
    low.zipped(with: high, { ($0, $1) }).mapWithPaths { name, ends in
      let places = key.split(name).uniform(count: ends.0.count)
      let values = zip(zip(ends.0.doubles, ends.1.doubles), places).map { ends, place in
        // The difference of two large ends may be none.
        ends.0 * (1 - place) + ends.1 * place
      }
      return NDArray(values, shape: ends.0.shape)
    }
  }

  /// A range without a name, `{-1...1}`, as that of each of the variables; other text as it is.
  func filling(_ text: String) -> String {
    guard text.hasPrefix("{") else { return text }
    return low.types.map { name, type in
      type.shape.rank == 0 ? "\(name)=\(text)" : "\(name)=\(text)*\(type.shape[0])"
    }.joined(separator: ", ")
  }

  /// The middle of each number's ends.
  var middle: Tree<NDArray> {
    low.zipped(with: high) { low, high in
      NDArray(zip(low.doubles, high.doubles).map { $0 / 2 + $1 / 2 }, shape: low.shape)
    }
  }
}
