import Foundation

/// What claims take for granted of the search and of the descents that it chose.
extension LossTransformationExperiment {
  /// For a comparison of the best power with the plain method, both tuned by what is judged.
  func comparable(_ problem: String, _ base: LossArm.Base, by criterion: LossCriterion) -> [Condition<LossRun>] {
    [isFine(problem, base), isInside(problem, base, by: criterion), comesDown(problem, base, by: criterion)]
  }

  private func place(_ problem: String, _ base: LossArm.Base) -> String { "\(base.rawValue) on \(problem)" }

  /// Between two rates far apart a method's best may lie, and another's by luck on one of them: on the well the noise at the
  /// end grows with the rate, and of rates a factor of 3.7 apart none came near that of a finer grid.
  private func isFine(_ problem: String, _ base: LossArm.Base) -> Condition<LossRun> {
    let form = LossArm.all.first { $0.base == base && !$0.isPlain }!
    let trials = LossSearch(configuration, problem, form).trials.prefix(configuration[problem].rates)
    let (runs, seed) = (trials.map { LossRun(problem, form, .trial($0)) }, tuningSeeds[0])
    return Condition(
      "factor from one rate to the next, \(place(problem, base))", .atMost(2.5), "The grid of rates is fine.",
      Quantity { findings, _ in
        let rates = try runs.map { try findings[$0, seed, .trialRate] }
        return zip(rates, rates.dropFirst()).map { $1 / $0 }.max() ?? .infinity
      } makeUp: { wanted, _, findings in
        for (index, run) in runs.enumerated() {
          findings.set(.trialRate, of: run, seed, to: pow(wanted, Double(index)))
        }
      })
  }

  /// Beyond the grid's edge a better rate may lie.
  private func isInside(
    _ problem: String, _ base: LossArm.Base, by criterion: LossCriterion
  ) -> Condition<LossRun> {
    let arms = LossArm.all.filter { $0.base == base }
    @Sendable func distance(_ arm: LossArm, _ trial: LossTrial) -> Int {
      let rates = LossSearch(configuration, problem, arm).trials.filter { $0.exponent == trial.exponent }.map(\.rate)
      let index = rates.firstIndex(of: trial.rate)!
      return min(index, rates.count - 1 - index)
    }
    @Sendable func least(_ findings: Findings<LossRun>) throws -> Double {
      let compared = [LossArm(base), try bestForm(problem, base, by: criterion, findings)]
      return Double(
        try compared.map { distance($0, try chosen(problem, $0, by: criterion, findings).trial) }.min()!)
    }
    return Condition(
      "best rates' steps from the grid's edge, \(place(problem, base)) by \(criterion.rawValue)", .atLeast(1),
      "The best rates lie inside of the grid.",
      Quantity(of: least) { least, _ in
        least
      } makeUp: { wanted, _, findings in
        for arm in arms {
          for trial in LossSearch(configuration, problem, arm).trials {
            let isBest = (distance(arm, trial) >= 1) == (wanted >= 1)
            for seed in tuningSeeds + configuration.seeds.further {
              findings.set(
                criterion.measure, of: LossRun(problem, arm, .trial(trial)), seed,
                to: isBest == (criterion == .accuracy) ? 2 : 1)
            }
          }
        }
      })
  }

  /// A descent that is not yet where the level is says little of where it ends, and nothing of how fast it is.
  private func comesDown(
    _ problem: String, _ base: LossArm.Base, by criterion: LossCriterion
  ) -> Condition<LossRun> {
    let steps = Double(configuration[problem].steps)
    @Sendable func runs(_ findings: Findings<LossRun>) throws -> [LossRun] {
      [LossArm(base), try bestForm(problem, base, by: criterion, findings)].map {
        LossRun(problem, $0, .tuned(criterion))
      }
    }
    return Condition(
      "updates to the level, of all, \(place(problem, base)) by \(criterion.rawValue)", .atMost(0.9),
      "Both descents come down to the level.",
      Quantity { findings, seed in
        try runs(findings).map { try findings[$0, seed, .updatesToLevel] / steps }.max()!
      } makeUp: { wanted, seed, findings in
        for run in try runs(findings) { findings.set(.updatesToLevel, of: run, seed, to: wanted * steps) }
      })
  }

  /// A start that was thrown far out has crossed nothing.
  func staysInWells(_ base: LossArm.Base) -> Condition<LossRun> {
    @Sendable func runs(_ findings: Findings<LossRun>) throws -> [LossRun] {
      [LossArm(base), try bestForm("well", base, by: .accuracy, findings)].map {
        LossRun("well", $0, .tuned(.accuracy))
      }
    }
    return Condition(
      "distance of ends from the next minimum, \(place("well", base)) by accuracy", .atMost(0.5),
      "Both descents end in wells.",
      Quantity { findings, seed in
        try runs(findings).map { try findings[$0, seed, .place] }.max()!
      } makeUp: { wanted, seed, findings in
        for run in try runs(findings) { findings.set(.place, of: run, seed, to: wanted) }
      })
  }

  /// As near as noise lets it.
  var arrives: Condition<LossRun> {
    Condition(
      "distance of plain SGD's ends from the next minimum", .atMost(0.2), "Descents arrive at minima.",
      .measure(.place, of: LossRun("well", LossArm(.sgd))))
  }
}
