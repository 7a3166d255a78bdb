import Foundation
import MultiObjective
import Reports

extension MultiObjectiveExperiment {
  static let paper = "Liu et al., arXiv 2506.19883"
  static let linear: [MultiObjectiveMethod] = [.mgd, .stimulus, .stimulusM, .stimulusPlus, .stimulusMPlus]
  /// Published exponents of the samples, in n and in 1/ε.
  private static let exponents: [(method: MultiObjectiveMethod, n: Double, epsilon: Double, formula: String)] = [
    (.mgd, 1, 1, "n/ε"), (.smgd, 0, 2, "ε^-2"), (.stimulus, 0.5, 1, "n + √n/ε"), (.stimulusM, 0.5, 1, "n + √n/ε"),
    (.stimulusPlus, 0.5, 1, "n + √n/ε"), (.stimulusMPlus, 0.5, 1, "n + √n/ε"),
  ]
  /// Those whose samples on a strongly convex problem are published as n + √n ln(μ/ε).
  private static let recursive: [MultiObjectiveMethod] = [.stimulus, .stimulusM, .stimulusPlus, .stimulusMPlus]
  static let baselines: [(method: MultiObjectiveMethod, source: String)] = [
    (.mgd, paper), (.smgd, paper), (.moco, paper), (.crMogm, paper + ", asked for by a reviewer"),
    (.pcGrad, "ours"), (.scalarization, "ours"),
    (.scalarizationSpider, "ours: variance reduction without multi-objective weights"),
  ]

  typealias Test = ClaimTest<MultiObjectiveRun>
  typealias Number = Quantity<MultiObjectiveRun>

  public func claims() throws -> [ClaimTest<MultiObjectiveRun>] {
    let problems = configuration.problems
    return (problems.contains("quadratic") ? quadratic() : []) + (problems.contains("logistic") ? logistic() : [])
      + problems.flatMap { problem in comparisons(problem).map { $0.about(problem) } }
  }

  private func known(_ methods: [MultiObjectiveMethod]) -> [MultiObjectiveMethod] {
    methods.filter { configuration.methods.contains($0.rawValue) }
  }

  private func evidence(_ findings: Findings<MultiObjectiveRun>) -> MultiObjectiveEvidence {
    MultiObjectiveEvidence(findings, self)
  }

  /// A number of each seed, made of what the search chose.
  func number(
    _ value: @escaping @Sendable (MultiObjectiveEvidence, Int) throws -> Double,
    makeUp: @escaping @Sendable (Double, MultiObjectiveEvidence, Int, inout Findings<MultiObjectiveRun>) throws -> Void
  ) -> Number {
    Quantity(of: evidence, value) { wanted, seed, findings in
      try makeUp(wanted, MultiObjectiveEvidence(findings, self), seed, &findings)
    }
  }

  // MARK: Rates over the steps

  private func quadratic() -> [Test] {
    let arena = configuration.largest("quadratic")
    let unit = 1 / configuration.synthetic.condition
    return known(Self.linear).flatMap { method -> [Test] in
      let arm = configuration.arm(method)
      return [
        .lower(
          "linear/\(method.rawValue)",
          "\(method.rawValue) converges linearly on the strongly convex quadratic: an exponential law in the steps fits "
            + "the true stationarity better than a power law.",
          law(arena, arm) {
            MultiObjectiveEvidence.exponentialLaw($0)?.ratio
          } looking: { wanted, _ in
            Self.exampleLaw(isExponential: wanted < 0, size: abs(wanted))
          }, than: 0, source: Self.paper),
        .lower(
          "rate/\(method.rawValue)", "Its stationarity falls there at least as exp(-η μ T).",
          number { e, seed in
            let rate = try e.choice.finestRate(arena, arm)
            let slope = try e.statistic(arena, arm, seed) { MultiObjectiveEvidence.exponentialLaw($0)?.slope }
            return rate.map { slope / ($0 * unit) } ?? .nan
          } makeUp: { wanted, e, seed, findings in
            guard let rate = try e.choice.finestRate(arena, arm) else { return }
            e.setCurve(MultiObjectiveRun(arena, arm, rate: rate), seed, &findings) { exp(wanted * rate * unit * $0) }
          }, than: -1, source: Self.paper + "; descent by full gradients has twice this rate"),
      ]
    } + known(Self.recursive).compactMap(precision)
  }

  /// The part √n ln(1/ε) of the published samples.
  private func precision(_ method: MultiObjectiveMethod) -> Test? {
    guard configuration.quadratic.samples.count > 2, configuration.quadratic.levels.count > 1 else { return nil }
    let arm = configuration.arm(method)
    return .lower(
      "precision-n/\(method.rawValue)",
      "\(method.rawValue) on the strongly convex quadratic\(Self.at(growthRate("quadratic", method))): the samples from the first level to the finest grow in n at most "
        + "with the exponent 1/2, within the margin.",
      number {
        try $0.exponentOfPrecision(arm, $1)
      } makeUp: { wanted, e, seed, findings in
        guard let level = try e.growthLevel(arm, "quadratic") else { return }
        for arena in e.arenas("quadratic") {
          guard let run = try e.growthRun(arena, arm, level: level) else { continue }
          findings.set(.samples(untilLevel: 0), of: run, seed, to: 1)
          findings.set(.samples(untilLevel: level), of: run, seed, to: 1 + pow(Double(arena.samples), wanted))
        }
      }, than: 0.5 + configuration.decision.exponentMargin, source: Self.paper + ", n + √n ln(μ/ε)"
    ).requiring([manySteps(configuration.largest("quadratic"), method, fromFirstLevel: true)])
  }

  /// An exponential law or a power law with a ripple, the smaller the larger the size: one fits better than the other by
  /// about as much either way.
  private static func exampleLaw(isExponential: Bool, size: Double) -> (Double) -> Double {
    let ripple = 0.3 * exp(-size)
    return { step in
      let law: Double = isExponential ? exp(-0.05 * step) : pow(step + 1, -1.2)
      return law * (1 + ripple * sin(step))
    }
  }

  /// A statistic of the looks at a method's best descent.
  ///
  /// - Parameter law: gives the stationarity by step whose statistic is about the wanted number.
  private func law(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm,
    _ body: @escaping @Sendable ([MultiObjectiveEvidence.Look]) -> Double?,
    looking law: @escaping @Sendable (_ wanted: Double, _ seed: Int) -> (Double) -> Double
  ) -> Number {
    number {
      try $0.statistic(arena, arm, $1, body)
    } makeUp: { wanted, e, seed, findings in
      guard let rate = try e.choice.finestRate(arena, arm) else { return }
      e.setCurve(MultiObjectiveRun(arena, arm, rate: rate), seed, &findings, law(wanted, seed))
    }
  }

  private func logistic() -> [Test] {
    let (rule, arena) = (configuration.decision, configuration.largest("logistic"))
    var tests = known(Self.linear).flatMap { method -> [Test] in
      let arm = configuration.arm(method)
      let bound =
        Test.lower(
          "bound/\(method.rawValue)",
          "\(method.rawValue) on the non-convex logistic problem, at a rate that the theorem allows: the mean true "
            + "stationarity over T steps stays below 8 (f(x_0) - f(x_T)) / (η T).",
          number { e, seed in
            try e.boundRatio(MultiObjectiveRun(arena, arm, rate: e.choice.theoremRate(arena)), seed)
          } makeUp: { wanted, e, seed, findings in
            let run = MultiObjectiveRun(arena, arm, rate: e.choice.theoremRate(arena))
            findings.set(.startLoss, of: run, seed, to: 2)
            findings.set(.finalLoss, of: run, seed, to: 1)
            // Of exp(-t / 10), whose sum is 10.
            e.setCurve(run, seed, &findings) { exp(wanted - 0.1 * $0) * 8 / (10 * run.rate) }
          }, than: 0, source: Self.paper + "; of ‖d‖² there, of the true stationarity here; the constant derived by us"
        ).requiring([allowedRate(arena)])
      return [
        // With full gradients each step lowers every objective by η ‖d‖² / 2 at such a rate.
        method == .mgd ? bound.identity : bound,
        .lower(
          "sublinear-least/\(method.rawValue)",
          "\(method.rawValue), at its best rate: the least true stationarity falls at least as 1/T.",
          law(arena, arm) {
            MultiObjectiveEvidence.powerLaw($0, ofMean: false)
          } looking: { wanted, _ in
            { pow($0 + 1, wanted) }
          }, than: -1, source: Self.paper),
      ]
    }
    for law in Self.exponents where configuration.methods.contains(law.method.rawValue) {
      let (name, arm) = (law.method.rawValue, configuration.arm(law.method))
      tests += [
        .lower(
          "samples-n/\(name)",
          "\(name)\(Self.at(growthRate("logistic", law.method))): samples until ε grow in n at most with the exponent \(law.n), within the margin.",
          exponentInSamples(arm), than: law.n + rule.exponentMargin, source: Self.paper + ", \(law.formula)"
        ).requiring(growing(arena, law.method)),
        .lower(
          "samples-eps/\(name)",
          "\(name): samples until ε grow in 1/ε at most with the exponent \(law.epsilon), within the margin.",
          exponentInLevels(arm), than: law.epsilon + rule.exponentMargin, source: Self.paper + ", \(law.formula)"),
      ]
    }
    let (stimulus, mgd, smgd) = (configuration.arm(.stimulus), configuration.arm(.mgd), configuration.arm(.smgd))
    if configuration.methods.contains("MGD") {
      tests.append(
        .lower(
          "slower-in-n", "STIMULUS' samples grow slower in n than MGD's.", exponentInSamples(stimulus),
          than: exponentInSamples(mgd), source: Self.paper
        ).requiring(growing(arena, .stimulus)))
    }
    if configuration.methods.contains("SMGD") {
      // Over the levels that both see.
      tests.append(
        .lower(
          "slower-in-eps", "STIMULUS' samples grow slower in 1/ε than SMGD's.",
          exponentInLevels(stimulus, sharedWith: smgd), than: exponentInLevels(smgd, sharedWith: stimulus),
          source: Self.paper))
    }
    return tests.map { $0.about("logistic") }
  }

  private func growthRate(_ problem: String, _ method: MultiObjectiveMethod) -> Double? {
    Self.linear.contains(method)
      ? configuration.growthRate(problem, momentum: configuration.arm(method).momentum) : nil
  }

  private static func at(_ rate: Double?) -> String { rate.map { " at the rate \(Report.number($0))" } ?? "" }

  /// What growth in n is asked for under: a rate that the theorem allows, and steps enough for √n/ε to outweigh n.
  private func growing(_ arena: MultiObjectiveArena, _ method: MultiObjectiveMethod) -> [Condition<MultiObjectiveRun>] {
    if method == .smgd { return [standsBelow(arena, method)] }
    guard Self.recursive.contains(method) else { return [] }
    return [manySteps(arena, method)]
      + (configuration.growthRate("logistic").map { [allowedRate(arena, growth: $0)] } ?? [])
  }

  /// Where noisy gradients stand still above a level, they see it by chance, and when says nothing of the theorem.
  private func standsBelow(_ arena: MultiObjectiveArena, _ method: MultiObjectiveMethod) -> Condition<MultiObjectiveRun>
  {
    let (arm, levels) = (configuration.arm(method), configuration[arena.problem].levels)
    let rates = configuration.rates(arena.problem)
    return Condition(
      "stationarity that \(method.rawValue) ends at, over its level for growth in n, at the largest n", .atMost(1),
      "It stands below the level in the end.",
      number {
        try $0.standOverLevel(arena, arm, $1)
      } makeUp: { wanted, e, seed, findings in
        guard let level = try e.growthLevel(arm, arena.problem) else { return }
        let stationarity = wanted * levels[level]
        // Whichever rate turns out to be the best.
        for rate in rates {
          e.setCurve(MultiObjectiveRun(arena, arm, rate: rate), seed, &findings) { _ in stationarity }
        }
      })
  }

  /// The same of the rate at which growth in n is asked for.
  private func allowedRate(_ arena: MultiObjectiveArena, growth rate: Double) -> Condition<MultiObjectiveRun> {
    let run = MultiObjectiveRun(arena, configuration.arm(.stimulus), rate: rate)
    return Condition(
      "2 L η of the rate for growth in n", .atMost(1), "The rate is at most 1 / (2 L), as the theorem wants it.",
      number {
        try $0.value(.rateCondition, of: run, $1)
      } makeUp: { wanted, _, seed, findings in
        findings.set(.rateCondition, of: run, seed, to: wanted)
      })
  }

  /// What the theorem's constants want.
  private func allowedRate(_ arena: MultiObjectiveArena) -> Condition<MultiObjectiveRun> {
    Condition(
      "2 L η of the lowest rate of the grid", .atMost(1), "The rate is at most 1 / (2 L), as the theorem wants it.",
      number { e, seed in
        let run = MultiObjectiveRun(arena, configuration.arm(.stimulus), rate: e.choice.theoremRate(arena))
        return try e.value(.rateCondition, of: run, seed)
      } makeUp: { wanted, e, seed, findings in
        let run = MultiObjectiveRun(arena, configuration.arm(.stimulus), rate: e.choice.theoremRate(arena))
        findings.set(.rateCondition, of: run, seed, to: wanted)
      })
  }

  /// Where the part with √n outweighs n: in fewer steps single full gradients are what counts.
  private func manySteps(
    _ arena: MultiObjectiveArena, _ method: MultiObjectiveMethod, fromFirstLevel: Bool = false
  ) -> Condition<MultiObjectiveRun> {
    let arm = configuration.arm(method)
    let (path, part) =
      fromFirstLevel ? ("from the first level to its finest", "√n ln(μ/ε)") : ("to its finest level", "√n/ε")
    return Condition(
      "steps of \(method.rawValue) \(path) over √n, at the largest n",
      .atLeast(configuration.decision.stepRatio), "\(method.rawValue) takes so many steps that \(part) outweighs n.",
      number {
        try $0.stepRatio(arena, arm, $1, fromFirstLevel: fromFirstLevel)
      } makeUp: { wanted, e, seed, findings in
        guard let level = try e.growthLevel(arm, arena.problem), let run = try e.growthRun(arena, arm, level: level)
        else {
          return
        }
        let samples = try e.value(.samples(untilLevel: level), of: run, seed)
        if fromFirstLevel { findings.set(.samples(untilLevel: 0), of: run, seed, to: samples / 2) }
        let share = try (fromFirstLevel ? samples / 2 : samples) / e.value(.samplesTaken, of: run, seed)
        findings.set(.stepsMade, of: run, seed, to: wanted * Double(arena.samples).squareRoot() / share)
      })
  }

  private func exponentInSamples(_ arm: MultiObjectiveArm) -> Number {
    number {
      try $0.exponentInSamples(arm, $1)
    } makeUp: { wanted, e, seed, findings in
      guard let level = try e.growthLevel(arm) else { return }
      for arena in e.logisticArenas {
        guard let run = try e.growthRun(arena, arm, level: level) else { continue }
        findings.set(.samples(untilLevel: level), of: run, seed, to: pow(Double(arena.samples), wanted))
      }
    }
  }

  private func exponentInLevels(_ arm: MultiObjectiveArm, sharedWith other: MultiObjectiveArm? = nil) -> Number {
    let levels = configuration.logistic.levels
    return number { e, seed in
      let limit = try other.map { min(try e.sharedLevel(arm) ?? 0, try e.sharedLevel($0) ?? 0) } ?? .max
      return try e.exponentInLevels(arm, until: limit, seed)
    } makeUp: { wanted, e, seed, findings in
      for arena in e.logisticArenas {
        for (level, value) in levels.enumerated() {
          try e.set(log: -wanted * log(value), arena, arm, level: level, seed, &findings)
        }
      }
    }
  }
}

extension MultiObjectiveEvidence {
  /// Makes a method's score at a level up, by its logarithm.
  func set(
    log value: Double, _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int, rate: Double? = nil,
    _ seed: Int, _ findings: inout Findings<MultiObjectiveRun>
  ) throws {
    guard let run = try run(arena, arm, level: level, rate: rate) else { return }
    findings.set(scoreMeasure(arena, level: level), of: run, seed, to: exp(value))
  }

  /// Makes the looks at a descent up, by a law of the stationarity over the steps.
  fileprivate func setCurve(
    _ run: MultiObjectiveRun, _ seed: Int, _ findings: inout Findings<MultiObjectiveRun>,
    _ law: (Double) -> Double
  ) {
    for index in 0...60 {
      let step = index < 20 ? index : Int(20 * pow(1.08, Double(index - 20)))
      findings.set(lookSamples[step], of: run, seed, to: 3 * Double(step))
      findings.set(.lookStationarity(at: step), of: run, seed, to: law(Double(step)))
    }
  }
}
