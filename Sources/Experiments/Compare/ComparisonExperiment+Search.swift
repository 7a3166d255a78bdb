import Foundation

/// Which setting of an arm is the best: by a first round over all of them, and a second one over the best of those.
///
/// Of many settings that are tried on few seeds some look good by chance; the second round tells those from the good.
extension ComparisonExperiment {
  /// The seeds of the second round; empty where there is none, as where no arm has settings to choose among.
  var furtherSeeds: [Int] {
    guard let plan = try? plan(), plan.settings.contains(where: { $0.count > 1 }) else { return [] }
    return configuration.finalists?.further(than: tuningSeeds) ?? []
  }

  /// The search of an arm among its trials. Arms of as many trials are searched together, and `Grid` sees to it that they
  /// are; one with fewer settings than that is tried at each of them, and would gain nothing by more.
  func grids(_ plan: ComparisonPlan) throws -> [Grid<ComparisonTrial>] {
    let sides = plan.dataNames.indices.flatMap { data in plan.arms.indices.map { (data: data, arm: $0) } }
    return try Dictionary(grouping: sides) { plan.settings[$0.arm].count }.sorted { $0.key > $1.key }.map { _, sides in
      try Grid(
        seeds: tuningSeeds,
        sides.map { side in
          (name: Self.side(plan, side.data, side.arm), candidates: plan.trials(side.data, side.arm))
        }, score: score)
    }
  }

  private static func side(_ plan: ComparisonPlan, _ data: Int, _ arm: Int) -> String {
    "\(plan.arms[arm].name) on \(plan.dataNames[data])"
  }

  /// Lower is better; infinite for a descent that diverged.
  func score(_ findings: Findings<ComparisonTrial>, _ trial: ComparisonTrial, _ seed: Int) throws -> Double {
    guard try findings[trial, seed, .comparedDivergence] == 0 else { return .infinity }
    let measure = try plan().measure
    let cost = measure.cost(try findings[trial, seed, .choosing(measure)])
    return try cost + Self.tieWeight * tieBreaker(findings, trial, seed, measure)
  }

  /// Less than any difference that matters.
  private static let tieWeight = 1e-6

  /// A score without what only breaks ties.
  func shown(_ score: Double) -> Double { tieMargin > 0 ? (score * 1e3).rounded() / 1e3 : score }

  /// Differences between settings that only break ties are within this; on data there are no such.
  var tieMargin: Double {
    [ComparedMeasure.gap, ComparedMeasure.arrival].contains((try? plan())?.measure.tag) ? 100 * Self.tieWeight : 0
  }

  /// Of settings that all arrive the soonest is the best, and of those that never do the nearest.
  private func tieBreaker(
    _ findings: Findings<ComparisonTrial>, _ trial: ComparisonTrial, _ seed: Int, _ measure: ComparedMeasure
  ) throws -> Double {
    let other =
      switch measure.tag {
      case ComparedMeasure.gap: ComparedMeasure.arrival
      case ComparedMeasure.arrival: ComparedMeasure.gap
      default: ""
      }
    guard !other.isEmpty, let found = try findings.ifMeasured(Measure(other), of: trial, seed) else { return 0 }
    return min(found - FunctionTask.arrived, 100)
  }

  /// The search of one arm.
  private func grid(_ data: Int, _ arm: Int) throws -> Grid<ComparisonTrial> {
    try Grid(
      seeds: tuningSeeds, finalists: furtherSeeds.isEmpty ? nil : configuration.finalists,
      [(name: "", candidates: plan().trials(data, arm))], score: score)
  }

  /// The trials of an arm that the second round is for.
  ///
  /// - Throws: `FindingsError.unfinished` while the first round has not ended.
  func finalists(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> [ComparisonTrial] {
    try grid(data, arm).finalists(of: "", findings)
  }

  /// A trial with the tuning seeds on which it was tried, those of the first round first, and its score on each.
  struct Scored {
    let trial: ComparisonTrial
    let seeds: [Int]
    let scores: [Double]
    /// Infinite where it diverged on a seed.
    var mean: Double { mean(first: scores.count) }

    /// Over the first of its seeds, which all trials have seen.
    func mean(first count: Int) -> Double { scores.prefix(count).reduce(0, +) / Double(count) }
  }

  /// All trials of an arm, in their order.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  func scored(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> [Scored] {
    let finalists = Set(try finalists(data, arm, findings))
    return try plan().trials(data, arm).map { trial in
      let seeds = finalists.contains(trial) ? tuningSeeds + furtherSeeds : tuningSeeds
      return Scored(trial: trial, seeds: seeds, scores: try seeds.map { try score(findings, trial, $0) })
    }
  }

  /// The same of one trial.
  func scored(_ trial: ComparisonTrial, _ findings: Findings<ComparisonTrial>) throws -> Scored {
    try scored(trial.data, trial.arm, findings)[trial.trial]
  }

  /// All trials of an arm of which something is known yet: while the search has not ended, those that have ended the first round, by it
  /// alone.
  func scoredYet(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> [Scored] {
    try findings.ifFinished { try scored(data, arm, findings) }
      ?? plan().trials(data, arm).compactMap { trial in
        try findings.ifFinished { try tuningSeeds.map { try score(findings, trial, $0) } }
          .map { Scored(trial: trial, seeds: tuningSeeds, scores: $0) }
      }
  }

  /// The setting that the search chose for an arm: the best of the second round by all its seeds, and of the first where there was
  /// none, or all diverged in it; nil where every trial diverged.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  package func chosen(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> ComparisonTrial? {
    try grid(data, arm).best(of: "", findings)?.arm
  }

  /// That what was chosen is none of those that the second round tried, in a sentence; nil where it is, or nothing is chosen yet.
  func caution(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> String? {
    let plan = try plan()
    guard case let trial?? = try findings.ifFinished({ try chosen(data, arm, findings) }) else { return nil }
    let finalists = try finalists(data, arm, findings)
    guard !finalists.isEmpty, !finalists.contains(trial) else { return nil }
    return
      "the best \(finalists.count) settings of \(plan.arms[arm].name) on \(plan.dataNames[data]) diverged on further tuning seeds; "
      + "\(plan.setting(trial)) is the best of the others by \(tuningSeeds.count) alone: a lower rate or a clip may help."
  }

  /// The arms that the search has not given up, each with its setting.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  func standing(
    _ data: Int, _ findings: Findings<ComparisonTrial>
  ) throws -> [(arm: Int, trial: ComparisonTrial)] {
    try plan().arms.indices.compactMap { arm in try chosen(data, arm, findings).map { (arm, $0) } }
  }

  /// How a setting is chosen, in a sentence.
  func searchSentence(_ plan: ComparisonPlan) -> String {
    let fresh = "is run on \(reportedSeeds.count) fresh ones."
    guard let rounds = configuration.finalists, !furtherSeeds.isEmpty else {
      return "The setting with the best mean of \(plan.measure) over \(tuningSeeds.count) tuning seeds \(fresh)"
    }
    return
      "The best \(rounds.count) settings of an arm (all, where it has fewer) by their means of \(plan.measure) over "
      + (tuningSeeds.count == 1 ? "1 tuning seed" : "\(tuningSeeds.count) tuning seeds")
      + " are tried on \(furtherSeeds.count) more, and the one with the best mean over all \(rounds.seeds) \(fresh)"
  }
}
