import Arrays
import Compilation
import Parameters
import Reports

/// Lines of equal value of a formula of two numbers.
public struct Contours: Sendable {
  /// Pieces of lines, one after another; between two pieces stands a point that is not a number.
  public let (x, y): ([Double], [Double])

  /// - Parameters:
  ///   - point: which variables there are: two numbers, or a list of two.
  ///   - width, height: the window.
  ///   - levels: how many lines; their values lie evenly among those of the window, so that each has as much room.
  /// - Throws: `FormulaError` where the formula is not one of two numbers.
  public init(
    of formula: Formula, like point: Tree<NDArray>, _ width: ClosedRange<Double>, _ height: ClosedRange<Double>,
    levels: Int = 14
  ) throws {
    guard point.leaves.reduce(0, { $0 + $1.count }) == 2 else {
      throw FormulaError("\(formula) is not one of two numbers")
    }
    let n = 72
    let isList = point.count == 1
    let program = try Program(inputs: point.types.leaves) { _, x in
      [try formula.value(at: Tree(sortedPaths: point.paths, leaves: x))]
    }
    func at(_ range: ClosedRange<Double>, _ index: Int) -> Double {
      range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / Double(n)
    }
    let (columns, rows) = ((0...n).map { at(width, $0) }, (0...n).map { at(height, $0) })
    let values = try columns.map { a in
      try rows.map { b in try program.run(isList ? [NDArray([a, b])] : [NDArray(a), NDArray(b)])[0].item }
    }
    let lines = ContourLines(values, columns: columns, rows: rows, count: levels)
    (x, y) = (lines.x, lines.y)
  }
}
