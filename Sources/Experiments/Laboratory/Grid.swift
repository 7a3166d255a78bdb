import Foundation

/// A search among candidates on tuning seeds, which decide nothing else: each side of a comparison is tried as often.
///
/// A side with more trials would win by luck; so unequal numbers are an error, and not the caller's care. Of many candidates on few
/// seeds some look good by chance, and a side whose best is one of those loses by bad luck: so the best are tried on further
/// seeds, where the search has a second round.
/// ```swift
/// let grid = try Grid(
///   seeds: tuningSeeds, finalists: Finalists(), [("sgd", sgdArms), ("adam", adamArms)], lowest: .loss)
/// let best = try grid.best(of: "sgd", findings)
/// ```
public struct Grid<Arm: SweepArm>: Sendable {
  /// A candidate with its mean score over the tuning seeds that it has seen.
  public typealias Best = (arm: Arm, score: Double)

  private let sides: [(name: String, candidates: [Arm])]
  private let seeds: [Int]
  private let further: [Int]
  private let finalistCount: Int
  private let score: @Sendable (Findings<Arm>, Arm, Int) throws -> Double

  /// - Parameters:
  ///   - seeds: those of the first round, one after another.
  ///   - finalists: the second round; nil for none.
  ///   - sides: what is compared, each with its candidates.
  ///   - score: of a candidate on a seed, the lower the better; infinite for a candidate that fails.
  /// - Throws: `SettingsError` where sides differ in their number of candidates, a candidate stands twice, or there is
  ///   none.
  public init(
    seeds: [Int], finalists: Finalists? = nil, _ sides: [(name: String, candidates: [Arm])],
    score: @escaping @Sendable (Findings<Arm>, Arm, Int) throws -> Double
  ) throws {
    (self.seeds, self.sides, self.score) = (seeds, sides, score)
    (further, finalistCount) = (finalists?.further(than: seeds) ?? [], finalists?.count ?? 0)
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
  public init(
    seeds: [Int], finalists: Finalists? = nil, _ sides: [(name: String, candidates: [Arm])], lowest measure: Measure
  ) throws {
    try self.init(seeds: seeds, finalists: finalists, sides) { try $0[$1, $2, measure] }
  }

  /// The tasks of the first round.
  public var tasks: [SweepTask<Arm>] { sides.flatMap { $0.candidates.tasks(on: seeds) } }

  /// Those of the second round; none where there is no such round.
  ///
  /// - Throws: `FindingsError.unfinished` while the first round has not ended, `.missing`.
  public func furtherTasks(_ findings: Findings<Arm>) throws -> [SweepTask<Arm>] {
    try sides.flatMap { try finalists(among: $0.candidates, findings).tasks(on: further) }
  }

  /// As many tasks as the second round has, for an estimate.
  ///
  /// - Parameter index: which of several searches among the same candidates it is; their finalists are taken to be others.
  public func furtherForecast(_ index: Int = 0) -> [SweepTask<Arm>] {
    sides.flatMap { $0.candidates.dropFirst(index * finalistCount).prefix(finalistCount).tasks(on: further) }
  }

  private func mean(_ arm: Arm, _ seeds: [Int], _ findings: Findings<Arm>) throws -> Double {
    try seeds.map { try score(findings, arm, $0) }.reduce(0, +) / Double(seeds.count)
  }

  /// The candidates of a side that the second round is for: those with the best means of the first that did not fail, the first of equals
  /// before others. One that is alone is among them, so that what fails on a further seed is found out on each side alike.
  private func finalists(among candidates: [Arm], _ findings: Findings<Arm>) throws -> [Arm] {
    guard !further.isEmpty else { return [] }
    let ranked = try candidates.enumerated().map { (index: $0, arm: $1, mean: try mean($1, seeds, findings)) }
      .filter { $0.mean.isFinite }.sorted { ($0.mean, $0.index) < ($1.mean, $1.index) }
    return ranked.prefix(finalistCount).map(\.arm)
  }

  /// The finalists of a side; none where the search has no second round.
  ///
  /// - Throws: `FindingsError.unfinished` while the first round has not ended, `.missing`.
  public func finalists(of side: String, _ findings: Findings<Arm>) throws -> [Arm] {
    try finalists(among: candidates(of: side), findings)
  }

  private func candidates(of side: String) -> [Arm] {
    guard let candidates = sides.first(where: { $0.name == side })?.candidates else {
      preconditionFailure("the search has no side \(side)")
    }
    return candidates
  }

  /// The candidate of a side with the lowest mean score, the first of equals: of the second round's, by all their seeds, where there is one
  /// and not all of them fail in it, else by the first's; nil where all of them fail.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended, `.missing`.
  public func best(of side: String, _ findings: Findings<Arm>) throws -> Best? {
    try best(among: candidates(of: side), findings)
  }

  /// The best of some candidates of a side, as of one form of a method that has several; those of the side's second round before others.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended, `.missing`.
  public func best(among candidates: [Arm], _ findings: Findings<Arm>) throws -> Best? {
    let side = sides.first { side in candidates.first.map(side.candidates.contains) ?? false }
    let finalists = Set(try side.map { try self.finalists(among: $0.candidates, findings) } ?? [])
    for (arms, seeds) in [
      (candidates.filter(finalists.contains), seeds + further), (candidates.filter { !finalists.contains($0) }, seeds),
    ] {
      var best: Best?
      for arm in arms {
        let mean = try mean(arm, seeds, findings)
        if mean < best?.score ?? .infinity { best = (arm, mean) }
      }
      if let best { return best }
    }
    return nil
  }
}
