import MultiObjective
import Training

extension MultiObjectiveConfiguration {
  /// - Throws: `SettingsError` that names the setting.
  public func check() throws {
    func known(_ names: [String], _ setting: String, _ all: [String]) throws {
      for name in names where !all.contains(name) {
        throw SettingsError("\(setting): there is no \(name); \(NearestName.hint(name, among: all))")
      }
      guard Set(names).count == names.count else { throw SettingsError("\(setting) must not name anything twice") }
    }
    try known(problems, "problems", Self.problemNames)
    try known(methods, "methods", MultiObjectiveMethod.allCases.map(\.rawValue))
    try known(momentum.problems, "momentum.problems", Self.problemNames)
    try known(networks.pictureMethods, "networks.pictureMethods", MultiObjectiveMethod.allCases.map(\.rawValue))
    guard networks.pictureMethods.contains("STIMULUS") else {
      throw SettingsError("networks.pictureMethods must hold STIMULUS, which the claims are about")
    }
    guard !problems.isEmpty, methods.contains("STIMULUS") else {
      throw SettingsError("problems must not be empty, and methods must hold STIMULUS, which the claims are about")
    }
    for name in problems { try check(self[name], name == "river-flow-1" ? "riverFlow" : name) }
    let positive = [
      ("synthetic.dimension", synthetic.dimension), ("synthetic.objectives", synthetic.objectives),
      ("synthetic.batch", synthetic.batch), ("networks.width", networks.width), ("networks.test", networks.test),
      ("seeds.count", seeds.count), ("seeds.tuningCount", seeds.tuningCount),
    ]
    for (name, value) in positive where value < 1 { throw SettingsError("\(name) must be positive, not \(value)") }
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
    guard decision.alpha > 0, decision.alpha < 0.5, decision.exponentMargin > 0 else {
      throw SettingsError("decision.alpha must be in 0...0.5, and decision.exponentMargin positive")
    }
    let reported = seeds.first..<seeds.first + seeds.count
    guard !reported.overlaps(seeds.tuningFirst..<seeds.tuningFirst + seeds.tuningCount) else {
      throw SettingsError("seeds that choose rates cannot be reported: seeds.first and seeds.tuningFirst overlap")
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
