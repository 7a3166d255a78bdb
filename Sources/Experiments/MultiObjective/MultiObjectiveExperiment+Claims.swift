import Foundation
import MultiObjective
import RunLogs
import Statistics

extension MultiObjectiveExperiment {
  private static let source = "Liu et al., arXiv 2506.19883"
  private static let linear: [MultiObjectiveMethod] = [.mgd, .stimulus, .stimulusM, .stimulusPlus, .stimulusMPlus]
  /// Published exponents of the samples, in n and in 1/ε.
  private static let exponents: [(method: MultiObjectiveMethod, n: Double, epsilon: Double, formula: String)] = [
    (.mgd, 1, 1, "n/ε"), (.smgd, 0, 2, "ε^-2"), (.stimulus, 0.5, 1, "n + √n/ε"), (.stimulusPlus, 0.5, 1, "n + √n/ε"),
  ]
  private static let baselines: [(method: MultiObjectiveMethod, source: String)] = [
    (.mgd, source), (.smgd, source), (.moco, source), (.crMogm, source + ", asked for by a reviewer"),
    (.pcGrad, "ours"), (.scalarization, "ours"),
    (.scalarizationSpider, "ours: variance reduction without multi-objective weights"),
  ]

  public static let claims: [Claim] = {
    var all = linear.flatMap { method in
      [
        Claim(
          id: "linear/\(method.rawValue)",
          statement:
            "\(method.rawValue) converges linearly on the strongly convex quadratic: an exponential law in the "
            + "steps fits the true stationarity better than a power law.", source: source),
        Claim(
          id: "rate/\(method.rawValue)",
          statement: "Its stationarity falls there at least as exp(-η μ T).", source: source),
      ]
    }
    for method in linear {
      all += [
        Claim(
          id: "sublinear-mean/\(method.rawValue)",
          statement:
            "\(method.rawValue) on the non-convex logistic problem: the mean true stationarity over T steps falls "
            + "at least as 1/T, within the margin.", source: source),
        Claim(
          id: "sublinear-least/\(method.rawValue)", statement: "Its least true stationarity falls at least as 1/T.",
          source: source),
      ]
    }
    for e in exponents {
      all += [
        Claim(
          id: "samples-n/\(e.method.rawValue)",
          statement:
            "\(e.method.rawValue): samples until ε grow in n at most with the exponent \(e.n), within the margin.",
          source: source + ", \(e.formula)"),
        Claim(
          id: "samples-eps/\(e.method.rawValue)",
          statement:
            "\(e.method.rawValue): samples until ε grow in 1/ε at most with the exponent \(e.epsilon), within the "
            + "margin.", source: source + ", \(e.formula)"),
      ]
    }
    all += [
      Claim(
        id: "slower-in-n", statement: "STIMULUS' samples grow slower in n than MGD's.", source: source),
      Claim(
        id: "slower-in-eps", statement: "STIMULUS' samples grow slower in 1/ε than SMGD's.", source: source),
    ]
    for problem in MultiObjectiveConfiguration.problemNames {
      let measure =
        MultiObjectiveArena.countsSamples(problem)
        ? "needs fewer samples to the finest level that it reaches" : "is nearer to stationary after as many samples"
      all += baselines.map {
        Claim(
          id: "fewer/\(problem)/\($0.method.rawValue)",
          statement: "\(problem): STIMULUS \(measure) than \($0.method.rawValue), each at its best rate.",
          source: $0.source)
      }
      if MultiObjectiveArena.countsSamples(problem) {
        all += baselines.map {
          Claim(
            id: "coarse/\(problem)/\($0.method.rawValue)",
            statement:
              "\(problem): also to the coarsest level STIMULUS needs fewer samples than \($0.method.rawValue).",
            source: "ours: the theorems are about small ε")
        }
      } else {
        all.append(
          Claim(
            id: "loss/\(problem)",
            statement: "\(problem): STIMULUS ends with a lower mean training loss than scalarisation-SPIDER.",
            source: "ours: near to stationary is not yet low"))
      }
      all += [
        Claim(
          id: "plus/\(problem)", statement: "\(problem): STIMULUS+ \(measure) than STIMULUS.", source: source),
        Claim(
          id: "momentum/\(problem)",
          statement: "\(problem): the larger the momentum the faster STIMULUS-M, each coefficient at its best rate.",
          source: source + ", ablation; its rates are not known"),
        Claim(
          id: "momentum-common/\(problem)",
          statement: "\(problem): the same with one common rate, the smallest of the best.",
          source: source + ", ablation; its rates are not known"),
      ]
      if !MultiObjectiveArena.countsSamples(problem) {
        all.append(
          Claim(
            id: "believed/\(problem)",
            statement: "\(problem): STIMULUS' own ‖d‖² is the true stationarity within a factor of 2 at the end.",
            source: "the theorem bounds ‖d‖², reviewers asked for the true one"))
      }
    }
    return all
  }()

  /// Decisions on the claims that the configuration bears on; those about absent data are undecided and say so.
  package func decide(_ e: MultiObjectiveEvidence, absent: [String: String] = [:]) -> [Decision] {
    let rule = configuration.decision
    let methods = configuration.methods
    let problems = configuration.problems
    func known(_ list: [MultiObjectiveMethod]) -> [MultiObjectiveMethod] {
      list.filter { methods.contains($0.rawValue) }
    }
    func lower(_ id: String, than reference: Double, _ values: [Double]) -> Decision {
      claim(id).decideDifference(.lower, from: reference, to: values, alpha: rule.alpha)
    }
    var all: [Decision] = []
    if problems.contains("quadratic") {
      let arena = configuration.largest("quadratic")
      for method in known(Self.linear) {
        let arm = configuration.arm(method)
        let rate = e.finestRate(arena, arm) ?? .nan
        let unit = rate / configuration.synthetic.condition
        all.append(
          lower(
            "linear/\(method.rawValue)", than: 0,
            e.statistic(arena, arm) { MultiObjectiveEvidence.exponentialLaw($0)?.ratio }))
        all.append(
          lower(
            "rate/\(method.rawValue)", than: -1,
            e.statistic(arena, arm) { looks in MultiObjectiveEvidence.exponentialLaw(looks).map { $0.slope / unit } }))
      }
    }
    if problems.contains("logistic") {
      let arena = configuration.largest("logistic")
      for method in known(Self.linear) {
        for (id, ofMean, bound) in [("mean", true, -1 + rule.exponentMargin), ("least", false, -1)] {
          all.append(
            lower(
              "sublinear-\(id)/\(method.rawValue)", than: bound,
              e.statistic(arena, configuration.arm(method)) { MultiObjectiveEvidence.powerLaw($0, ofMean: ofMean) }))
        }
      }
      for law in Self.exponents where methods.contains(law.method.rawValue) {
        let arm = configuration.arm(law.method)
        all.append(
          lower("samples-n/\(law.method.rawValue)", than: law.n + rule.exponentMargin, e.exponentInSamples(arm)))
        all.append(
          lower(
            "samples-eps/\(law.method.rawValue)", than: law.epsilon + rule.exponentMargin, e.exponentInLevels(arm)))
      }
      let stimulus = configuration.arm(.stimulus)
      if methods.contains("MGD") {
        all.append(
          claim("slower-in-n").decideDifference(
            .lower, from: e.exponentInSamples(configuration.arm(.mgd)), to: e.exponentInSamples(stimulus),
            alpha: rule.alpha))
      }
      if methods.contains("SMGD") {
        let smgd = configuration.arm(.smgd)
        // Over the levels that both see.
        let last = min(e.sharedLevel(smgd) ?? 0, e.sharedLevel(stimulus) ?? 0)
        all.append(
          claim("slower-in-eps").decideDifference(
            .lower, from: e.exponentInLevels(smgd, until: last), to: e.exponentInLevels(stimulus, until: last),
            alpha: rule.alpha))
      }
    }
    for problem in problems { all += decide(problem, e, absent[problem]) }
    return all
  }

  /// The comparisons on one problem, at its largest size.
  private func decide(_ problem: String, _ e: MultiObjectiveEvidence, _ absence: String?) -> [Decision] {
    let alpha = configuration.decision.alpha
    let arena = configuration.largest(problem)
    let stimulus = configuration.arm(.stimulus)
    var all: [Decision] = []
    let arms = configuration.arms(arena)
    func compare(_ id: String, _ first: MultiObjectiveArm, _ second: MultiObjectiveArm, level: Int) {
      all.append(
        claim(id).decideDifference(
          .lower, from: e.scores(arena, first, level: level), to: e.scores(arena, second, level: level), alpha: alpha))
    }
    let finest = e.choice.finestLevel(arena, stimulus) ?? 0
    for (method, _) in Self.baselines where arms.contains(configuration.arm(method)) {
      let (id, other) = ("fewer/\(problem)/\(method.rawValue)", configuration.arm(method))
      guard arena.countsSamples else {
        compare(id, other, stimulus, level: finest)
        continue
      }
      let found = e.boundedScores(arena, stimulus, against: other, level: finest)
      var decision = claim(id).decideDifference(.lower, from: found.other, to: found.stimulus, alpha: alpha)
      if found.unseen > 0 {
        decision.evidence.reason +=
          " \(method.rawValue) never saw the level on \(found.unseen) of \(e.seeds.count) seeds; "
          + "there its samples count as far as it went, which is too few."
      }
      all.append(decision)
      compare("coarse/\(problem)/\(method.rawValue)", other, stimulus, level: 0)
    }
    if arms.contains(configuration.arm(.stimulusPlus)) {
      let other = configuration.arm(.stimulusPlus)
      compare("plus/\(problem)", stimulus, other, level: min(finest, e.choice.finestLevel(arena, other) ?? finest))
    }
    let spider = configuration.arm(.scalarizationSpider)
    if !arena.countsSamples, arms.contains(spider) {
      func losses(_ arm: MultiObjectiveArm) -> [Double] {
        e.values(arena, arm, rate: e.finestRate(arena, arm) ?? .nan, "loss").map { log($0) }
      }
      all.append(
        claim("loss/\(problem)").decideDifference(.lower, from: losses(spider), to: losses(stimulus), alpha: alpha))
    }
    if configuration.hasAblation(arena) {
      for (id, isCommon) in [("momentum", false), ("momentum-common", true)] {
        all.append(
          claim("\(id)/\(problem)").decideDifference(
            .lower, from: 0, to: e.momentumSlopes(arena, atCommonRate: isCommon), alpha: alpha))
      }
    }
    if !MultiObjectiveArena.countsSamples(problem) {
      let rate = e.finestRate(arena, stimulus) ?? .nan
      let ratios = zip(
        e.values(arena, stimulus, rate: rate, "believed"), e.values(arena, stimulus, rate: rate, "last")
      ).map { log($0 / $1) }
      let summary = Summary(ratios)
      all.append(
        claim("believed/\(problem)").decideValue(
          0, within: log(2), estimate: summary.mean, interval: summary.interval(level: 1 - 2 * alpha),
          count: ratios.count, test: "t-interval of ln(‖d‖² / true stationarity), equivalence"))
    }
    guard let absence else { return all }
    return all.map {
      Decision(claim: $0.claim, verdict: .undecided, evidence: Evidence(test: "none", count: 0, reason: absence))
    }
  }
}
