/// How often a solver is within a factor of the best one, over many problems (Dolan and Moré, "Benchmarking optimization
/// software with performance profiles", 2002).
/// ```swift
/// let profile = PerformanceProfile(costs: [[1, 2], [3, 1], [.infinity, 5]])
/// profile.share(of: 1, within: 2)  // 1: never more than twice the best
/// ```
public struct PerformanceProfile: Hashable, Sendable {
  /// By problem and solver: the cost over that of the best solver; infinite where the solver failed.
  public let ratios: [[Double]]

  /// - Parameter costs: by problem and solver, positive; infinite or NaN where a solver failed. A problem that no solver
  ///   solved counts against each.
  public init(costs: [[Double]]) {
    precondition(Set(costs.map(\.count)).count <= 1, "Every problem has one cost for each solver.")
    ratios = costs.map { row in
      let best = row.filter { $0.isFinite }.min()
      precondition((best ?? 1) > 0, "A cost is positive; got \(best ?? 0).")
      return row.map { cost in best.map { cost.isFinite ? cost / $0 : .infinity } ?? .infinity }
    }
  }

  /// The share of problems on which a solver costs at most `factor` times what the best costs, ρ(τ); NaN where there are
  /// no problems.
  public func share(of solver: Int, within factor: Double) -> Double {
    Double(ratios.count { $0[solver] <= factor }) / Double(ratios.count)
  }

  /// The largest finite ratio; 1 where there is none.
  public var largestRatio: Double { ratios.joined().filter(\.isFinite).max() ?? 1 }

  /// The factors at which a share changes, rising, 1 first.
  public var steps: [Double] { Array(Set(ratios.joined().filter(\.isFinite)).union([1])).sorted() }
}
