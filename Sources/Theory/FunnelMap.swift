import Foundation

/// The local minima ("funnels") of a function of length and direction, on a grid.
///
/// A connected plateau of equal values counts once.
public struct FunnelMap: Sendable {
  /// A point of the grid that is lower than all its neighbours.
  public struct Funnel: Sendable, Hashable {
    /// c, the squared length.
    public var squaredNorm: Double
    /// x, the inner product with the signal.
    public var overlap: Double
    /// Of the function.
    public var value: Double
  }

  /// By rising value.
  public let funnels: [Funnel]

  /// - Parameters:
  ///   - lengths: the lengths √c that the grid spans, evenly; one length alone makes it a line.
  ///   - correlations: places from 0 to 1 of the overlap divided by the length.
  ///   - f: the function of squared length and overlap.
  public init(lengths: [Double], correlations: Int, _ f: (_ squaredNorm: Double, _ overlap: Double) -> Double) {
    precondition(!lengths.isEmpty && correlations > 1, "A map needs a length and two correlations.")
    let (rows, columns) = (lengths.count, correlations)
    func place(_ i: Int) -> (c: Double, x: Double) {
      let (length, rho) = (lengths[i / columns], Double(i % columns) / Double(columns - 1))
      return (length * length, length * rho)
    }
    let values = (0..<rows * columns).map { i in
      let p = place(i)
      return f(p.c, p.x)
    }
    func neighbours(_ i: Int) -> [Int] {
      let (row, column) = (i / columns, i % columns)
      var found: [Int] = []
      for r in max(0, row - 1)...min(rows - 1, row + 1) {
        for c in max(0, column - 1)...min(columns - 1, column + 1) where (r, c) != (row, column) {
          found.append(r * columns + c)
        }
      }
      return found
    }
    var isVisited = [Bool](repeating: false, count: values.count)
    var found: [Funnel] = []
    for start in values.indices where !isVisited[start] {
      var (stack, isMinimum) = ([start], true)
      isVisited[start] = true
      while let i = stack.popLast() {
        for j in neighbours(i) {
          if values[j] < values[start] { isMinimum = false }
          if values[j] == values[start], !isVisited[j] {
            isVisited[j] = true
            stack.append(j)
          }
        }
      }
      if isMinimum {
        let p = place(start)
        found.append(Funnel(squaredNorm: p.c, overlap: p.x, value: values[start]))
      }
    }
    funnels = found.sorted { $0.value < $1.value }
  }
}
