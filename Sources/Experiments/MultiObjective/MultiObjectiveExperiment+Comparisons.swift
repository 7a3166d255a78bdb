import Foundation
import MultiObjective

/// Comparisons on one problem.
extension MultiObjectiveExperiment {
  /// The level of a comparison.
  private typealias Level = @Sendable (MultiObjectiveEvidence) throws -> Int

  /// By what methods are compared, at a level.
  private func score(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ level: @escaping Level
  ) -> Number {
    number { e, seed in
      try e.score(arena, arm, level: try level(e), seed)
    } makeUp: { wanted, e, seed, findings in
      try e.set(log: wanted, arena, arm, level: try level(e), seed, &findings)
    }
  }

  /// Beyond the grid's edge a better rate may lie.
  private func isInside(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ level: @escaping Level, _ name: String = ""
  ) -> Condition<MultiObjectiveRun> {
    let rates = configuration.rates(arena.problem)
    @Sendable func distance(_ rate: Double) -> Int {
      let index = rates.firstIndex(of: rate)!
      return min(index, rates.count - 1 - index)
    }
    return Condition(
      "steps of \(arm.method.rawValue)'s rate from the grid's edge, \(arena.problem)\(name)", .atLeast(1),
      "Its best rate lies inside of the grid.",
      number { e, _ in
        let level = try level(e)
        let tuned = try e.choice.tuned(arena, arm, level: level)
        return try e.choice.rateOrNearest(arena, tuned, level: level).map { Double(distance($0)) } ?? .nan
      } makeUp: { wanted, e, _, findings in
        let measure = e.scoreMeasure(arena, level: try level(e))
        for variant in configuration.variants(arm.method) {
          for rate in rates {
            let run = MultiObjectiveRun(arena, variant, rate: rate)
            let isBest = (distance(rate) >= 1) == (wanted >= 1)
            for seed in tuningSeeds { findings.set(measure, of: run, seed, to: isBest ? 1 : 2) }
          }
        }
      })
  }

  /// All at the problem's largest size.
  func comparisons(_ problem: String) -> [Test] {
    let arena = configuration.largest(problem)
    let (arms, stimulus) = (configuration.arms(arena), configuration.arm(.stimulus))
    let finest: Level = { try $0.choice.finestLevel(arena, stimulus) ?? 0 }
    let measure =
      arena.countsSamples
      ? "needs fewer samples to the finest level that it reaches" : "is nearer to stationary after as many samples"
    func inside(_ others: MultiObjectiveArm...) -> [Condition<MultiObjectiveRun>] {
      ([stimulus] + others).map { isInside(arena, $0, finest) }
    }
    func insideAtCoarsest(_ other: MultiObjectiveArm) -> [Condition<MultiObjectiveRun>] {
      [stimulus, other].map { arm in isInside(arena, arm, { _ in 0 }, ", coarsest level") }
    }
    var tests: [Test] = []
    for (method, source) in Self.baselines where arms.contains(configuration.arm(method)) {
      let (name, other) = (method.rawValue, configuration.arm(method))
      let statement = "\(problem): STIMULUS \(measure) than \(name), each at its best rate."
      guard arena.countsSamples else {
        tests.append(
          .lower(
            "fewer/\(problem)/\(name)", statement, score(arena, stimulus, finest), than: score(arena, other, finest),
            source: source
          ).requiring(inside(other)))
        continue
      }
      tests.append(
        Test.lower(
          "fewer/\(problem)/\(name)", statement, score(arena, stimulus, finest),
          than: boundedScore(arena, stimulus, other, finest), source: source
        ).noting { try unseen(MultiObjectiveEvidence($0, self), arena, stimulus, other, finest) }
          .requiring(inside(other)))
      tests.append(
        .lower(
          "coarse/\(problem)/\(name)",
          "\(problem): also to the coarsest level STIMULUS needs fewer samples than \(name).",
          score(arena, stimulus) { _ in 0 }, than: score(arena, other) { _ in 0 },
          source: "ours: the theorems are about small ε"
        ).requiring(insideAtCoarsest(other)))
    }
    if arms.contains(configuration.arm(.stimulusPlus)) {
      let plus = configuration.arm(.stimulusPlus)
      let shared: Level = { e in
        let level = try finest(e)
        return min(level, try e.choice.finestLevel(arena, plus) ?? level)
      }
      tests.append(
        .lower(
          "plus/\(problem)", "\(problem): STIMULUS+ \(measure) than STIMULUS.", score(arena, plus, shared),
          than: score(arena, stimulus, shared), source: Self.paper
        ).requiring(inside(plus)))
    }
    let spider = configuration.arm(.scalarizationSpider)
    if !arena.countsSamples, arms.contains(spider) {
      tests.append(
        .lower(
          "loss/\(problem)",
          "\(problem): STIMULUS ends with a lower mean training loss than scalarisation-SPIDER.",
          .log(atEnd(arena, stimulus, .finalLoss)), than: .log(atEnd(arena, spider, .finalLoss)),
          source: "ours: near to stationary is not yet low"
        ).requiring(inside(spider)))
    }
    if configuration.hasAblation(arena) { tests += momentum(arena) }
    if !arena.countsSamples {
      tests.append(
        .equal(
          "believed/\(problem)",
          "\(problem): STIMULUS' own ‖d‖² is the true stationarity within a factor of 2 at the end.",
          .log(atEnd(arena, stimulus, .believedStationarity) / atEnd(arena, stimulus, .lastStationarity)), to: 0,
          within: log(2), source: "the theorem bounds ‖d‖², reviewers asked for the true one"))
    }
    return tests
  }

  /// A measure at a method's rate for its finest level.
  private func atEnd(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ measure: Measure) -> Number {
    @Sendable func run(_ e: MultiObjectiveEvidence) throws -> MultiObjectiveRun? {
      try e.choice.finestRate(arena, arm).map { MultiObjectiveRun(arena, arm, rate: $0) }
    }
    return number {
      try $0.value(measure, of: run($0), $1)
    } makeUp: { wanted, e, seed, findings in
      if let run = try run(e) { findings.set(measure, of: run, seed, to: wanted) }
    }
  }

  private func boundedScore(
    _ arena: MultiObjectiveArena, _ stimulus: MultiObjectiveArm, _ other: MultiObjectiveArm, _ level: @escaping Level
  ) -> Number {
    number { e, seed in
      try e.boundedScore(arena, stimulus, against: other, level: try level(e), seed).score
    } makeUp: { wanted, e, seed, findings in
      try e.set(log: wanted, arena, other, level: try level(e), seed, &findings)
    }
  }

  /// On how many seeds a method never saw the level, in words.
  private func unseen(
    _ e: MultiObjectiveEvidence, _ arena: MultiObjectiveArena, _ stimulus: MultiObjectiveArm,
    _ other: MultiObjectiveArm, _ level: Level
  ) throws -> String? {
    let level = try level(e)
    let count = try e.seeds.count {
      try e.ifFinished { [seed = $0] in
        try e.boundedScore(arena, stimulus, against: other, level: level, seed).isBound
      } ?? false
    }
    guard count > 0 else { return nil }
    return
      "\(other.method.rawValue) never saw the level on \(count) of \(e.seeds.count) seeds; there its samples count as "
      + "far as it went, which is too few."
  }

  private func momentum(_ arena: MultiObjectiveArena) -> [Test] {
    let arms = configuration.ablation
    func slope(atCommonRate isCommon: Bool) -> Number {
      number {
        try $0.momentumSlope(arena, atCommonRate: isCommon, $1)
      } makeUp: { wanted, e, seed, findings in
        guard let level = try e.choice.commonLevel(arena, arms) else { return }
        let common = isCommon ? try e.choice.commonRate(arena) : nil
        for arm in arms {
          try e.set(log: wanted * arm.momentum, arena, arm, level: level, rate: common, seed, &findings)
        }
      }
    }
    let source = Self.paper + ", ablation; its rates are not known"
    return [
      .lower(
        "momentum/\(arena.problem)",
        "\(arena.problem): the larger the momentum the faster STIMULUS-M, each coefficient at its best rate.",
        slope(atCommonRate: false), than: 0, source: source),
      .lower(
        "momentum-common/\(arena.problem)",
        "\(arena.problem): the same with one common rate, the smallest of the best.", slope(atCommonRate: true),
        than: 0, source: source),
    ]
  }
}
