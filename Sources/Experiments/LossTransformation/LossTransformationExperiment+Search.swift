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
        name: "\(base.rawValue) on \(problem)" + (isPlain ? "" : ", transformed"),
        candidates: LossArm.all.filter { $0.base == base && $0.isPlain == isPlain }.flatMap { candidates(problem, $0) }
      )
    }
    return try Grid(seeds: tuningSeeds, sides) { findings, run, seed in
      let value = try findings[run, seed, criterion.measure]
      return criterion == .accuracy ? -value : value
    }
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
    let forms = LossArm.all.filter { $0.base == base && !$0.isPlain }
    let grid = try grid(problem, base, by: criterion)
    var best = (arm: forms[0], score: Double.infinity)
    for arm in forms {
      let score = try chosen(problem, arm, grid, findings).score
      if score < best.score { best = (arm, score) }
    }
    return best.arm
  }
}
