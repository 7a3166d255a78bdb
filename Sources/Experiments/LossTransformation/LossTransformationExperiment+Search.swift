import Foundation

/// The search for each arm's rate and exponent, on tuning seeds.
extension LossTransformationExperiment {
  private func candidates(_ problem: String, _ arm: LossArm) -> [LossRun] {
    LossSearch(configuration, problem, arm).trials.map { LossRun(problem, arm, .trial($0)) }
  }

  /// The search on a problem for a base: the plain method against all its transformed forms together. Problems are no rivals:
  /// their searches may differ in length.
  ///
  /// - Throws: `SettingsError` where the sides differ in their number of trials.
  func grid(_ problem: String, _ base: LossArm.Base, by criterion: LossCriterion = .loss) throws -> Grid<LossRun> {
    let sides = [true, false].map { isPlain in
      (
        name: Self.side(problem, base, isPlain: isPlain),
        candidates: LossArm.all.filter { $0.base == base && $0.isPlain == isPlain }.flatMap { candidates(problem, $0) }
      )
    }
    return try Grid(seeds: tuningSeeds, finalists: configuration.seeds.finalists, sides) { findings, run, seed in
      let value = try findings[run, seed, criterion.measure]
      return criterion == .accuracy ? -value : value
    }
  }

  private static func side(_ problem: String, _ base: LossArm.Base, isPlain: Bool) -> String {
    "\(base.rawValue) on \(problem)" + (isPlain ? "" : ", transformed")
  }

  /// The search on all problems: its first round, and the second, in which each side has its finalists by each criterion.
  ///
  /// - Throws: `SettingsError`, as for a grid.
  func searchStages() throws -> [Sweep<LossRun>.Stage] {
    // By each criterion one search, among the same candidates.
    let grids = try configuration.problems.flatMap { problem in
      try LossArm.Base.allCases.map { base in
        try LossCriterion.on(problem).map { try grid(problem, base, by: $0) }
      }
    }
    let search = Sweep.Stage(grids.flatMap { $0[0].tasks }, named: "search")
    guard !configuration.seeds.further.isEmpty else { return [search] }
    return [
      search,
      .init(forecast: grids.flatMap { $0.enumerated().flatMap { $1.furtherForecast($0) } }, named: "finalists") {
        findings in
        Self.distinct(try grids.flatMap { try $0.flatMap { try $0.furtherTasks(findings) } })
      },
    ]
  }

  private static func distinct(_ tasks: [SweepTask<LossRun>]) -> [SweepTask<LossRun>] {
    var seen: Set<SweepTask<LossRun>> = []
    return tasks.filter { seen.insert($0).inserted }
  }

  /// What the search chose for an arm: of equals the first. The score is the lower the better.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  package func chosen(
    _ problem: String, _ arm: LossArm, by criterion: LossCriterion = .loss, _ findings: Findings<LossRun>
  ) throws -> (trial: LossTrial, score: Double) {
    try chosen(problem, arm, try grid(problem, arm.base, by: criterion), findings)
  }

  private func chosen(
    _ problem: String, _ arm: LossArm, _ grid: Grid<LossRun>, _ findings: Findings<LossRun>
  ) throws -> (trial: LossTrial, score: Double) {
    let all = candidates(problem, arm)
    let found = try grid.best(among: all, findings)
    guard case .trial(let trial) = (found?.arm ?? all[0]).kind else { preconditionFailure("candidates are trials") }
    return (trial, found?.score ?? .infinity)
  }

  /// The transformed arm of a base that the search finds best.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  package func bestForm(
    _ problem: String, _ base: LossArm.Base, by criterion: LossCriterion = .loss, _ findings: Findings<LossRun>
  ) throws -> LossArm {
    let found = try grid(problem, base, by: criterion).best(of: Self.side(problem, base, isPlain: false), findings)
    return found?.arm.arm ?? LossArm.all.first { $0.base == base && !$0.isPlain }!
  }
}
