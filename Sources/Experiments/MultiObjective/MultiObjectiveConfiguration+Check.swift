import MultiObjective

extension MultiObjectiveConfiguration {
  /// - Throws: `SettingsError` that names the setting.
  public func check() throws {
    try checkLevelAndSeeds()
    let methodNames = MultiObjectiveMethod.allCases.map(\.rawValue)
    for (names, setting, all) in [
      (problems, "problems", Self.problemNames), (methods, "methods", methodNames),
      (momentum.problems, "momentum.problems", Self.problemNames),
      (networks.pictureMethods, "networks.pictureMethods", methodNames),
    ] {
      try require(names, in: setting, among: all)
      guard Set(names).count == names.count else { throw SettingsError("\(setting) must not name anything twice") }
    }
    guard networks.pictureMethods.contains("STIMULUS") else {
      throw SettingsError("networks.pictureMethods must hold STIMULUS, which the claims are about")
    }
    guard !problems.isEmpty, methods.contains("STIMULUS") else {
      throw SettingsError("problems must not be empty, and methods must hold STIMULUS, which the claims are about")
    }
    for name in problems { try check(self[name], name == "river-flow-1" ? "riverFlow" : name) }
    try require(counts: [
      "synthetic.dimension": synthetic.dimension, "synthetic.objectives": synthetic.objectives,
      "synthetic.batch": synthetic.batch, "networks.width": networks.width, "networks.test": networks.test,
    ])
    try require(positive: [
      "decision.exponentMargin": decision.exponentMargin, "decision.stepRatio": decision.stepRatio,
    ])
    for (name, rate, problem) in [("quadratic", growth.quadratic, quadratic), ("logistic", growth.logistic, logistic)] {
      // Rates of a problem that is not run were not looked at.
      guard rate == 0 || !problems.contains(name) || rate >= problem.rates[0] && rate <= problem.rates[1] else {
        throw SettingsError(
          "growth.\(name) must lie in \(name).rates, or be 0 for each size's best, and is \(rate)")
      }
    }
    guard !moco.isEmpty, moco.allSatisfy({ $0.count == 2 && $0[0] > 0 && $0[0] <= 1 && $0[1] > 0 }),
      Set(moco).count == moco.count
    else { throw SettingsError("moco must be pairs [β, γ] of positive numbers, β at most 1, no pair twice") }
    guard synthetic.condition >= 1, synthetic.decay >= 0, synthetic.regularization >= 0 else {
      throw SettingsError(
        "synthetic.condition must be at least 1, synthetic.decay and synthetic.regularization at least 0")
    }
    if problems.contains("quadratic"), let n = quadratic.samples.first(where: { $0 <= synthetic.dimension }) {
      throw SettingsError("quadratic.samples: \(n) must exceed synthetic.dimension")
    }
    let coefficients = momentum.others + [momentum.coefficient]
    guard coefficients.allSatisfy({ $0 > 0 && $0 < 1 }), Set(coefficients).count == coefficients.count else {
      throw SettingsError("momentum.coefficient and momentum.others must differ and lie between 0 and 1")
    }
  }

  private func check(_ p: Problem, _ name: String) throws {
    guard !p.samples.isEmpty, p.samples == Set(p.samples).sorted(), p.samples[0] > 1 else {
      throw SettingsError("\(name).samples must be rising sizes above 1, not \(p.samples)")
    }
    guard p.epochs > 0, p.steps > 0, p.rateCount > 0 else {
      throw SettingsError("\(name).epochs, .steps and .rateCount must be positive")
    }
    guard p.rates.count == 2, p.rates[0] > 0, p.rates[1] > p.rates[0], p.rates[1].isFinite else {
      throw SettingsError("\(name).rates must be two positive rates, the lower first, not \(p.rates)")
    }
    guard !p.levels.isEmpty, p.levels == Set(p.levels).sorted(by: >), p.levels.allSatisfy({ $0 > 0 }) else {
      throw SettingsError("\(name).levels must be falling positive numbers, not \(p.levels)")
    }
  }
}
