import Foundation

/// A search among candidates on tuning seeds, which decide nothing else: each side of a comparison is tried as often.
///
/// A side with more trials would win by luck; so unequal numbers are an error, and not the caller's care.
/// ```swift
/// let grid = try Grid(seeds: tuningSeeds, [("sgd", sgdArms), ("adam", adamArms)], lowest: .loss)
/// let best = try grid.best(of: "sgd", findings)
/// ```
public struct Grid<Arm: SweepArm>: Sendable {
  /// A candidate with its mean score over the tuning seeds.
  public typealias Best = (arm: Arm, score: Double)

  private let sides: [(name: String, candidates: [Arm])]
  private let seeds: [Int]
  private let score: @Sendable (Findings<Arm>, Arm, Int) throws -> Double

  /// - Parameters:
  ///   - sides: what is compared, each with its candidates.
  ///   - score: of a candidate on a seed, the lower the better; infinite for a candidate that fails.
  /// - Throws: `SettingsError` where sides differ in their number of candidates, a candidate stands twice, or there is
  ///   none.
  public init(
    seeds: [Int], _ sides: [(name: String, candidates: [Arm])],
    score: @escaping @Sendable (Findings<Arm>, Arm, Int) throws -> Double
  ) throws {
    (self.seeds, self.sides, self.score) = (seeds, sides, score)
    guard let first = sides.first, !first.candidates.isEmpty, !seeds.isEmpty else {
      throw SettingsError("a search needs candidates and seeds")
    }
    for side in sides {
      guard side.candidates.count == first.candidates.count else {
        throw SettingsError(
          "an unequal search: \(first.name) has \(first.candidates.count) trials, \(side.name) has "
            + "\(side.candidates.count)")
      }
      guard Set(side.candidates).count == side.candidates.count else {
        throw SettingsError("an unequal search: \(side.name) tries a candidate twice")
      }
    }
  }

  /// A search for the lowest mean of a measure.
  ///
  /// - Throws: `SettingsError`, as for a search by a score.
  public init(seeds: [Int], _ sides: [(name: String, candidates: [Arm])], lowest measure: Measure) throws {
    try self.init(seeds: seeds, sides) { try $0[$1, $2, measure] }
  }

  /// The tasks of the search.
  public var tasks: [SweepTask<Arm>] { sides.flatMap { $0.candidates.tasks(on: seeds) } }

  /// The candidate of a side with the lowest mean score, the first of equals; nil where all of them fail.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended, `.missing`.
  public func best(of side: String, _ findings: Findings<Arm>) throws -> Best? {
    guard let candidates = sides.first(where: { $0.name == side })?.candidates else {
      preconditionFailure("the search has no side \(side)")
    }
    return try best(among: candidates, findings)
  }

  /// The best of some candidates, as of one form of a method that has several.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended, `.missing`.
  public func best(among candidates: [Arm], _ findings: Findings<Arm>) throws -> Best? {
    var best: Best?
    for arm in candidates {
      let mean = try seeds.map { try score(findings, arm, $0) }.reduce(0, +) / Double(seeds.count)
      if mean < best?.score ?? .infinity { best = (arm, mean) }
    }
    return best
  }
}
