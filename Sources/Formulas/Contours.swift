import Arrays
import Compilation
import Parameters

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
    var values = [Double](repeating: .nan, count: (n + 1) * (n + 1))
    for i in 0...n {
      for j in 0...n {
        let (a, b) = (at(width, i), at(height, j))
        values[i * (n + 1) + j] = try program.run(isList ? [NDArray([a, b])] : [NDArray(a), NDArray(b)])[0].item
      }
    }
    let sorted = values.filter(\.isFinite).sorted()
    var (xs, ys): ([Double], [Double]) = ([], [])
    for level in 0..<levels where sorted.count > levels {
      let value = sorted[(2 * level + 1) * sorted.count / (2 * levels)]
      for i in 0..<n {
        for j in 0..<n {
          // Where the line crosses the four sides of a cell, by straight lines between its corners.
          let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
          let heights = corners.map { values[$0.0 * (n + 1) + $0.1] - value }
          guard heights.allSatisfy(\.isFinite) else { continue }
          var crossings: [(Double, Double)] = []
          for side in 0..<4 {
            let (p, q) = (heights[side], heights[(side + 1) % 4])
            guard (p < 0) != (q < 0) else { continue }
            let (from, to, share) = (corners[side], corners[(side + 1) % 4], p / (p - q))
            crossings.append(
              (
                at(width, from.0) + share * (at(width, to.0) - at(width, from.0)),
                at(height, from.1) + share * (at(height, to.1) - at(height, from.1))
              ))
          }
          for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
            xs += [crossings[pair].0, crossings[pair + 1].0, .nan]
            ys += [crossings[pair].1, crossings[pair + 1].1, .nan]
          }
        }
      }
    }
    (x, y) = (xs, ys)
  }
}
