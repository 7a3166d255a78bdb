/// The hard-margin problem of token selection: the shortest p with p . r >= 1 for every difference r between a selected
/// token's embedding and that of another token of the same text.
///
/// Tarzanagh, Li, Zhang, Oymak, "Max-margin token selection in attention mechanism", 2023. Solved in its dual,
/// min over l >= 0 of |R^T l|^2 / 2 - sum l, by coordinate descent; p = R^T l.
public struct TokenSelectionSVM: Sendable {
  /// p, one number for each embedding dimension.
  public private(set) var solution: [Double]
  /// l, one for each constraint.
  public private(set) var multipliers: [Double]
  /// The largest violation of the Karush-Kuhn-Tucker conditions at the solution: of p . r >= 1, and of p . r = 1 where l > 0.
  public private(set) var violation: Double
  /// Passes over all constraints.
  public private(set) var passes: Int

  /// Whether the conditions hold to the tolerance; an infeasible problem never converges.
  public let isConverged: Bool

  /// - Parameters:
  ///   - differences: the rows r, all of one length.
  ///   - tolerance: of the conditions, relative to the margin 1.
  ///   - longest: passes after which it ends.
  public init(_ differences: [[Double]], tolerance: Double = 1e-4, longest: Int = 20_000) {
    let width = differences.first?.count ?? 0
    precondition(differences.allSatisfy { $0.count == width }, "rows of one length")
    var p = [Double](repeating: 0, count: width)
    var l = [Double](repeating: 0, count: differences.count)
    let squares = differences.map { row in row.reduce(0) { $0 + $1 * $1 } }
    func margin(_ row: [Double]) -> Double {
      var sum = 0.0
      for k in 0..<width { sum += p[k] * row[k] }
      return sum
    }
    func measured() -> Double {
      var worst = 0.0
      for (index, row) in differences.enumerated() where squares[index] > 0 {
        let excess = 1 - margin(row)
        worst = Swift.max(worst, l[index] > 0 ? abs(excess) : excess)
      }
      return worst
    }
    var worst = Double.infinity
    var pass = 0
    repeat {
      // What a pass sees of the violation is of the moment: later rows move p on. Where it seems small, it is measured.
      var seen = 0.0
      for (index, row) in differences.enumerated() where squares[index] > 0 {
        let excess = 1 - margin(row)
        seen = Swift.max(seen, l[index] > 0 ? abs(excess) : excess)
        let next = Swift.max(0, l[index] + excess / squares[index])
        let change = next - l[index]
        guard change != 0 else { continue }
        l[index] = next
        for k in 0..<width { p[k] += change * row[k] }
      }
      pass += 1
      if seen <= tolerance { worst = measured() }
    } while worst > tolerance && pass < longest
    // Two equal embeddings cannot be told apart.
    worst = squares.contains(0) ? .infinity : measured()
    (solution, multipliers, violation, passes) = (p, l, worst, pass)
    isConverged = worst <= tolerance
  }
}
