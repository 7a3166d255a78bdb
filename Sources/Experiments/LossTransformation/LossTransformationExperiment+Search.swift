import Foundation

/// The search for each arm's rate and exponent, on tuning seeds.
extension LossTransformationExperiment {
  private func search(_ problem: String, _ arm: LossArm) -> LossSearch { LossSearch(configuration, problem, arm) }

  private func coarse(_ problem: String, _ arm: LossArm) -> [LossRun] {
    search(problem, arm).coarse.map { LossRun(problem, arm, .trial($0)) }
  }

  private func fine(_ problem: String, _ arm: LossArm, around best: LossRun) -> [LossRun] {
    guard case .trial(let trial) = best.kind else { preconditionFailure("\(best) is no trial") }
    return search(problem, arm).fine(around: trial).map { LossRun(problem, arm, .trial($0)) }
  }

  /// The search for a base: the plain method against all its transformed forms together, on each problem.
  private func grid(_ base: LossArm.Base, _ candidates: (String, LossArm) throws -> [LossRun]) throws -> Grid<LossRun> {
    let sides = try configuration.problems.flatMap { problem in
      try [true, false].map { isPlain in
        (
          name: "\(base.rawValue) on \(problem)" + (isPlain ? "" : ", transformed"),
          candidates: try LossArm.all.filter { $0.base == base && $0.isPlain == isPlain }
            .flatMap { try candidates(problem, $0) }
        )
      }
    }
    return try Grid(seeds: tuningSeeds, sides, lowest: .finalLoss)
  }

  /// Trials over the range of rates.
  func coarseGrid(_ base: LossArm.Base) throws -> Grid<LossRun> { try grid(base, coarse) }

  /// Trials around each arm's best.
  func fineGrid(_ base: LossArm.Base, _ findings: Findings<LossRun>) throws -> Grid<LossRun> {
    let first = try coarseGrid(base)
    return try grid(base) { problem, arm in
      let all = coarse(problem, arm)
      return fine(problem, arm, around: try first.best(among: all, findings)?.arm ?? all[0])
    }
  }

  /// As many trials as `fineGrid` has.
  func fineForecast(_ base: LossArm.Base) throws -> Grid<LossRun> {
    try grid(base) { problem, arm in fine(problem, arm, around: coarse(problem, arm)[0]) }
  }

  /// What the search chose for an arm: of equals the first.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  package func chosen(
    _ problem: String, _ arm: LossArm, _ findings: Findings<LossRun>
  ) throws -> (trial: LossTrial, loss: Double) {
    try chosen(problem, arm, try coarseGrid(arm.base), findings)
  }

  private func chosen(
    _ problem: String, _ arm: LossArm, _ grid: Grid<LossRun>, _ findings: Findings<LossRun>
  ) throws -> (trial: LossTrial, loss: Double) {
    let all = coarse(problem, arm)
    let best = try grid.best(among: all, findings)?.arm ?? all[0]
    let found = try grid.best(among: all + fine(problem, arm, around: best), findings)
    guard case .trial(let trial) = (found?.arm ?? best).kind else { preconditionFailure("candidates are trials") }
    return (trial, found?.score ?? .infinity)
  }

  /// The transformed arm of a base that the search finds lowest.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  package func bestForm(
    _ problem: String, _ base: LossArm.Base, _ findings: Findings<LossRun>
  ) throws -> LossArm {
    let forms = LossArm.all.filter { $0.base == base && !$0.isPlain }
    let grid = try coarseGrid(base)
    var best = (arm: forms[0], loss: Double.infinity)
    for arm in forms {
      let loss = try chosen(problem, arm, grid, findings).loss
      if loss < best.loss { best = (arm, loss) }
    }
    return best.arm
  }
}
