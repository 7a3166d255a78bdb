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
    var descent = DualDescent(width: width)
    for row in differences { descent.add(row) }
    descent.run(tolerance: tolerance, longest: longest)
    self.init(descent, tolerance: tolerance)
  }

  /// The same for many pairs of few tokens, where the rows E_s - E_s' would not fit into memory: constraints are added
  /// where the solution so far violates them most, until it violates none (cutting planes).
  ///
  /// - Parameters:
  ///   - pairs: tokens that are selected, each with another of its text.
  ///   - embeddings: one row for each token, `width` numbers after each other.
  ///   - tolerance: of the conditions, relative to the margin 1.
  ///   - longest: passes after which it ends, over all rounds.
  public init(
    pairs: [(chosen: Int, other: Int)], embeddings: [Double], width: Int, tolerance: Double = 1e-4,
    longest: Int = 20_000
  ) {
    precondition(width > 0 && embeddings.count.isMultiple(of: width), "rows of the width")
    var descent = DualDescent(width: width)
    let others = Dictionary(grouping: pairs) { $0.chosen }.mapValues { $0.map(\.other) }.sorted { $0.key < $1.key }
    var taken = Set<[Int]>()
    let perRound = 8
    while descent.passes < longest {
      let scores = (0..<embeddings.count / width).map { token in
        (0..<width).reduce(0.0) { $0 + descent.point[$1] * embeddings[token * width + $1] }
      }
      var added = false
      for (chosen, others) in others {
        let short = others.filter { 1 - scores[chosen] + scores[$0] > tolerance && !taken.contains([chosen, $0]) }
        for other in short.sorted(by: { (scores[$0], $1) > (scores[$1], $0) }).prefix(perRound) {
          taken.insert([chosen, other])
          descent.add((0..<width).map { embeddings[chosen * width + $0] - embeddings[other * width + $0] })
          added = true
        }
      }
      guard added else { break }
      descent.run(tolerance: tolerance, longest: longest)
    }
    // Constraints that were never added hold to the tolerance, unless the passes ran out.
    let scores = (0..<embeddings.count / width).map { token in
      (0..<width).reduce(0.0) { $0 + descent.point[$1] * embeddings[token * width + $1] }
    }
    let worst = pairs.map { 1 - scores[$0.chosen] + scores[$0.other] }.max() ?? 0
    self.init(descent, tolerance: tolerance, atLeast: worst)
  }

  private init(_ descent: DualDescent, tolerance: Double, atLeast other: Double = 0) {
    // Two equal embeddings cannot be told apart.
    let worst = descent.squares.contains(0) ? .infinity : Swift.max(descent.violation, other)
    (solution, multipliers, violation, passes) = (descent.point, descent.multipliers, worst, descent.passes)
    isConverged = worst <= tolerance
  }
}

/// Coordinate descent in the dual; rows can be added on the way.
private struct DualDescent {
  private(set) var point: [Double]
  private(set) var multipliers: [Double] = []
  private(set) var squares: [Double] = []
  private(set) var passes = 0
  private var rows: [[Double]] = []

  init(width: Int) { point = [Double](repeating: 0, count: width) }

  mutating func add(_ row: [Double]) {
    rows.append(row)
    squares.append(row.reduce(0) { $0 + $1 * $1 })
    multipliers.append(0)
  }

  private func excess(_ index: Int) -> Double {
    let count = point.count
    return point.withUnsafeBufferPointer { p in
      rows[index].withUnsafeBufferPointer { r in
        var sum = 1.0
        for k in 0..<count { sum -= p[k] * r[k] }
        return sum
      }
    }
  }

  /// How much the conditions are violated now.
  var violation: Double {
    var worst = 0.0
    for index in rows.indices where squares[index] > 0 {
      let excess = excess(index)
      worst = Swift.max(worst, multipliers[index] > 0 ? abs(excess) : excess)
    }
    return worst
  }

  mutating func run(tolerance: Double, longest: Int) {
    var worst = Double.infinity
    repeat {
      // What a pass sees of the violation is of the moment: later rows move p on. Where it seems small, it is measured.
      var seen = 0.0
      for index in rows.indices where squares[index] > 0 {
        let excess = excess(index)
        seen = Swift.max(seen, multipliers[index] > 0 ? abs(excess) : excess)
        let next = Swift.max(0, multipliers[index] + excess / squares[index])
        let change = next - multipliers[index]
        guard change != 0 else { continue }
        multipliers[index] = next
        let count = point.count
        point.withUnsafeMutableBufferPointer { p in
          rows[index].withUnsafeBufferPointer { r in
            for k in 0..<count { p[k] += change * r[k] }
          }
        }
      }
      passes += 1
      if seen <= tolerance { worst = violation }
    } while worst > tolerance && passes < longest
  }
}
