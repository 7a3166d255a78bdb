import Distributed
import Foundation
import Reports
import Theory

extension DistributedLimitsExperiment {
  private static let paper = "Tyurin, arXiv 2506.23836"
  typealias Test = ClaimTest<DistributedLimitsArm>
  typealias Number = Quantity<DistributedLimitsArm>
  typealias Premise = Condition<DistributedLimitsArm>

  public func claims() throws -> [ClaimTest<DistributedLimitsArm>] {
    let search = try LimitsSearch(self)
    let free = freeDownlink(search)
    return lemmas + discovery + equalSpeeds + free + limitedDownlink(search) + beyond + real
  }

  // MARK: The worst-case function

  private func lemma(_ measure: Measure, _ body: @escaping @Sendable ([Double]) -> Double) -> Number {
    let arms = lemmaArms
    return Quantity { findings, seed in
      body(try arms.map { try findings[$0, seed, measure] })
    } makeUp: { wanted, seed, findings in
      for arm in arms { findings.set(measure, of: arm, seed, to: wanted) }
    }
  }

  private var lemmas: [Test] {
    let largest: @Sendable ([Double]) -> Double = { $0.max()! }
    func below(_ id: String, _ statement: String, _ measure: Measure, _ bound: Double, _ source: String) -> Test {
      .lower("lemma-\(id)", statement, lemma(measure, largest), than: bound, source: source).identity
    }
    return [
      Test.higher(
        "lemma-gradient", "While the chain is not uncovered the gradient is longer than 1.",
        lemma(.leastGradient) { $0.min()! }, than: 1, source: Self.paper + ", Lemma 3.1"
      ).identity,
      below(
        "support", "The gradient shows no coordinate beyond the next.", .violations, 0.5, Self.paper + ", Lemma 3.1"),
      below("gap", "F(0) - F is at most Δ⁰ T.", .gapShare, 1, Self.paper + ", Lemma 3.2"),
      below(
        "smoothness", "The gradient changes at most ℓ₁ times as fast as the point.", .smoothnessShare, 1,
        Self.paper + ", Lemma 3.2"),
      below("slope", "No slope exceeds γ_∞.", .slopeShare, 1, Self.paper + ", Lemma 3.2"),
      // Third derivatives stay below 10⁴ γ_∞, and h is 1e-5; rounding gives 1e-14/h.
      below("derivative", "The gradient is that of the function, to 10⁻⁶ γ_∞.", .lemmaError, 1e-6, "ours"),
    ]
  }

  // MARK: Discovery

  private func pace(_ model: DiscoveryScaling.Model, _ window: Int) -> (parts: [Number], places: [Double]) {
    let workers = chainWorkers(model, window)
    return (
      workers.map { .measure(window == 0 ? .unitPace : .pace, of: .chain(model: model, window: window, workers: $0)) },
      workers.map(Double.init)
    )
  }

  /// The exponent in n of the random sum's mean, over the same n.
  func expectedSlope(_ window: Int) -> Double {
    let workers = chainWorkers(.race, window)
    let times = workers.map { n in
      let scaling = chain(.race, window)
      return DiscoveryRace(
        length: scaling.length, window: scaling.window.size(workers: n), workers: n, chance: scaling.chance
      ).expectedTime
    }
    return LineFit.slope(workers.map { log(Double($0)) }, times.map { log($0) })
  }

  /// Links are what counts: a coordinate takes several of τ_s even with the most workers.
  private func slowEnough(_ model: DiscoveryScaling.Model) -> Premise {
    let n = chainWorkers(model, 1).last!
    return Premise(
      "τ_s a coordinate of the old chain, \(model.rawValue), \(n) workers", .atLeast(3),
      "Even the most workers wait for several sendings: they are far fewer than coordinates.",
      .measure(.pace, of: .chain(model: model, window: 1, workers: n)))
  }

  private var discovery: [Test] {
    let margin = configuration.decision.margin
    var tests: [Test] = []
    for model in DiscoveryScaling.Model.allCases {
      let (old, new) = (pace(model, 1), pace(model, 0))
      let words = model == .race ? "In the random sum" : "Under the oracle and protocol themselves"
      let oldChain =
        model == .race
        ? Test.slope(
          "old-chain/race", "\(words) the old chain (K = 1) is uncovered n times as fast.", of: old.parts,
          over: old.places, to: -1, within: margin, source: Self.paper + ", Eq. 8")
        : Test.slope(
          "old-chain/process",
          "\(words), where a lucky gradient is as likely as a wanted coordinate, the old chain's time falls as n^(-1/2).",
          of: old.parts, over: old.places, to: -0.5, within: margin,
          source: "ours: those who know the last coordinate grow as n t/T, and uncover the next at that rate over T")
      tests += [
        oldChain,
        Test.slope(
          "new-chain/\(model.rawValue)",
          "\(words) the new chain, K = 2 ⌈log(n + 1)⌉, is uncovered no faster by more workers, in units of "
            + "min{h/p_σ, τ_s/p_K}.", of: new.parts, over: new.places, to: 0, within: margin, source: Self.paper),
      ].map { $0.requiring([slowEnough(model)]) }
    }
    for window in configuration.discovery.windows {
      let (parts, places) = pace(.race, window)
      tests += [
        Test.slope(
          "window/K=\(window)",
          "With K = \(window) the random sum falls as the least of n sums of K/2 exponential waiting times does.",
          of: parts,
          over: places, to: expectedSlope(window), within: margin / 2,
          source: "ours: a quadrature, which tends to n^(-2/K) with more workers"),
        Test.higher(
          "window-paper/K=\(window)", "With K = \(window) the random sum falls no faster than n^(-1/K).",
          .slope(of: parts.map { .log($0) }, over: places.map { log($0) }), than: -1 / Double(window),
          source: Self.paper + ", as notes tell it"),
      ].map { $0.requiring([slowEnough(.race)]) }
    }
    return tests
  }

  // MARK: Times

  var alone: DistributedLimitsArm { arm(.alone, links(0), 1) }

  /// The least measure of some arms.
  func least(_ measure: Measure, of arms: [DistributedLimitsArm]) -> Number {
    Quantity { findings, seed in
      try arms.map { try findings[$0, seed, measure] }.min()!
    } makeUp: { wanted, seed, findings in
      for arm in arms { findings.set(measure, of: arm, seed, to: wanted) }
    }
  }

  /// Nothing that was left out or given up could have been the best.
  var searched: Premise {
    let arms = bestArms.filter {
      if case .best(let family, _, _, let n) = $0 { family == .alone || (n > 1 && family != .formula) } else { false }
    }
    return Premise(
      "the search's limit over the time of its best, at the least", .atLeast(1),
      "What the search left out or gave up is slower than its best.", least(.searchRoom, of: arms))
  }

  var reached: Premise {
    Premise(
      "share of descents that reached the goal, at the least", .atLeast(1), "Every descent reached the goal.",
      least(.isReached, of: bestArms))
  }

  private var largest: Int { configuration.links.workers.last! }
  private var several: [Int] { configuration.links.workers.filter { $0 > 1 } }

  private var equalSpeeds: [Test] {
    let (n, alone, links, gain) = (largest, alone, equalLinks, configuration.decision.gain)
    let (sparse, whole) = (several.map { arm(.sparse, links, $0) }, several.map { arm(.whole, links, $0) })
    let gains = Number { findings, seed in
      let single = try findings[alone, seed, .time]
      return try zip(sparse, whole).map { sparse, whole in
        min(single, try findings[whole, seed, .time]) / (try findings[sparse, seed, .time])
      }.max()!
    } makeUp: { wanted, seed, findings in
      for arm in sparse { findings.set(.time, of: arm, seed, to: 1 / wanted) }
    }
    let speedUp = Premise(
      "time of one worker over that of \(n) with whole vectors, equal speeds", .atLeast(4),
      "More workers help without compression.",
      Number.measure(.time, of: alone) / .measure(.time, of: arm(.whole, links, n)))
    return [
      Test.lower(
        "equal-speeds",
        "At τ_s = τ_w no batch and no K of random sparsification to the server gains a factor of \(Report.number(gain)) on the better of "
          + "whole vectors and one worker, for any number of workers.", gains, than: gain,
        source: Self.paper + ", abstract"
      ).requiring([searched, reached, speedUp])
        .saying("gain less than a factor of \(Report.number(gain)) at equal speeds")
    ]
  }

  // MARK: τ_s = 0

  /// Numbers of workers where no other term of a round exceeds a quarter of the geometric mean.
  package var meanWorkers: [Int] {
    let setting = LimitsSearch.setting(.sparse, configuration.problem, links(0), 1)
    guard let regime = setting.meanTermRegime else { return [] }
    return several.filter { Double($0) >= 16 * regime.lowerBound && Double($0) <= regime.upperBound / 16 }
  }

  /// Numbers of workers where a gradient and a coordinate are the largest terms by far.
  package var floorWorkers: [Int] {
    let setting = LimitsSearch.setting(.sparse, floorProblem, floorLinks, 1)
    return configuration.floor.workers.filter { Double($0) >= 32 * (setting.meanTermRegime?.upperBound ?? 0) }
  }

  private func freeDownlink(_ search: LimitsSearch) -> [Test] {
    let margin = configuration.decision.margin
    let (free, alone, n) = (links(0), alone, largest)
    let between = meanWorkers.map { arm(.sparse, free, $0) }
    let inside = Premise(
      "the least of b and K that were chosen where τ_s = 0", .atLeast(2),
      "Batches and kept coordinates are both at work.",
      Number { findings, seed in
        try between.map { min(try findings[$0, seed, .batch], try findings[$0, seed, .kept]) }.min() ?? .nan
      } makeUp: { wanted, seed, findings in
        for arm in between {
          findings.set(.batch, of: arm, seed, to: wanted)
          findings.set(.kept, of: arm, seed, to: wanted)
        }
      })
    var tests: [Test] = []
    if meanWorkers.count > 1 {
      tests += [
        Test.slope(
          "half", "At τ_s = 0 the best sparsified time falls as n^(-1/2).",
          of: between.map { .measure(.time, of: $0) }, over: meanWorkers.map(Double.init), to: -0.5, within: margin,
          source: Self.paper + ", Eq. 3"
        ).requiring([searched, reached, inside])
          .saying("need a time that falls as n^(-1/2) where sending to workers is free"),
        Test.higher(
          "gain-grows", "At τ_s = 0 sparsification gains more than a factor of 2 with the most workers.",
          Number { findings, seed in
            let single = try findings[alone, seed, .time]
            let whole = try findings[.best(.whole, configuration.problem, free, workers: n), seed, .time]
            return min(single, whole)
              / (try findings[.best(.sparse, configuration.problem, free, workers: n), seed, .time])
          } makeUp: { wanted, seed, findings in
            findings.set(.time, of: .best(.sparse, configuration.problem, free, workers: n), seed, to: 1 / wanted)
          }, than: configuration.decision.gain, source: Self.paper
        ).requiring([searched, reached]),
      ]
    }
    let floors = floorWorkers
    if floors.count > 1 {
      tests.append(
        Test.slope(
          "floor", "At τ_s = 0 the time ends on the floor of a gradient and a coordinate: it falls no further.",
          of: floors.map { .measure(.time, of: .best(.sparse, floorProblem, floorLinks, workers: $0)) },
          over: floors.map(Double.init), to: 0, within: margin, source: Self.paper + ", Eq. 3"
        ).requiring([searched, reached]))
    }
    for (varied, exponent) in [(Varied.dimension, 0.5), (.samples, 0.5), (.accuracy, -0.5)] {
      let factors = configuration.exponents.factors
      let arms = factors.map { factor -> (arm: DistributedLimitsArm, exact: Double) in
        let problem = varied.problem(configuration.problem, factor)
        return (
          .best(.formula, problem, free, workers: configuration.exponents.workers), LimitsSearch.exactRounds(problem)
        )
      }
      // Seconds for each round of exact descent, so that the objective's own rate does not count.
      let parts = arms.map { arm, exact in
        Number {
          try $0[arm, $1, .time] / exact
        } makeUp: {
          $2.set(.time, of: arm, $1, to: $0 * exact)
        }
      }
      tests.append(
        Test.slope(
          "exponent/\(varied.rawValue)",
          "At τ_s = 0 the time over that of exact rounds goes with \(Report.number(exponent)) as exponent of the "
            + "\(varied.rawValue).", of: parts, over: factors, to: exponent, within: margin,
          source: Self.paper + ", Eq. 3"
        ).requiring([reached]))
    }
    return tests
  }

  // MARK: 0 < τ_s < τ_w

  private func limitedDownlink(_ search: LimitsSearch) -> [Test] {
    configuration.links.ratios.map { curve($0, search) } + [helps]
  }

  /// Measured and theory's curve over n differ by a constant only.
  private func curve(_ ratio: Double, _ search: LimitsSearch) -> Test {
    let speeds = links(ratio)
    let points = several.map {
      (arm: arm(.sparse, speeds, $0), theory: search.theoryTime(.sparse, configuration.problem, speeds, $0))
    }
    let deviation = Number { findings, seed in
      let logs = try points.map { log(try findings[$0.arm, seed, .time] / $0.theory) }
      let mean = logs.reduce(0, +) / Double(logs.count)
      return exp(logs.map { abs($0 - mean) }.max()!)
    } makeUp: { wanted, seed, findings in
      // One point is off, which moves the mean a little.
      let share = Double(points.count) / Double(points.count - 1)
      let off = log(max(wanted, 1.001 + 0.001 * Double(seed % 7))) * share
      for (index, point) in points.enumerated() {
        findings.set(.time, of: point.arm, seed, to: point.theory * exp(index == 0 ? off : 0))
      }
    }
    return Test.lower(
      "curve/\(Report.number(ratio))",
      "At τ_s = \(Report.number(ratio)) τ_w the best sparsified time follows the theorem's curve over n, up to one constant, "
        + "within a factor of 2.", deviation, than: 2,
      source: Self.paper + ", Eq. 4; the constants are the standard ones"
    ).requiring([searched, reached])
  }

  /// A step of n, and whether more workers should still help there; steps near the border are left out.
  private struct Step: Sendable {
    var from: DistributedLimitsArm
    var to: DistributedLimitsArm
    var factor: Double
    var helps: Bool
  }

  private var steps: [Step] {
    configuration.links.ratios.filter { $0 > 0 }.flatMap { ratio -> [Step] in
      let speeds = links(ratio)
      return zip(several, several.dropFirst()).compactMap { from, to in
        let middle = Int((Double(from) * Double(to)).squareRoot().rounded())
        let s = LimitsSearch.setting(.sparse, configuration.problem, speeds, middle)
        let falling = s.uplinkSeconds * Double(s.dimension) / Double(middle) + s.meanTerm
        let share = falling / (s.downlinkSeconds * Double(s.dimension))
        guard share > 3 || share < 1.0 / 3 else { return nil }
        return Step(
          from: arm(.sparse, speeds, from), to: arm(.sparse, speeds, to), factor: Double(to) / Double(from),
          helps: share > 1)
      }
    }
  }

  /// One case a step, by the mean over seeds: seeds of a step are no independent cases.
  private var helps: Test {
    let steps = steps
    return Test.share(
      .higher, than: configuration.decision.share, "helps",
      "More workers speed up the sparsified descent while τ_w d/n + √(d τ_w h S/n) > τ_s d, and no longer.",
      source: Self.paper
        + "; an exponent below -1/4 counts as faster, steps within a factor of 3 of the border are left out"
    ) { findings in
      func logTime(_ arm: DistributedLimitsArm) throws -> Double {
        try findings.seeds.map { log(try findings[arm, $0, .time]) }.reduce(0, +) / Double(findings.seeds.count)
      }
      let right = try steps.count { step in
        let exponent = (try logTime(step.to) - logTime(step.from)) / log(step.factor)
        return (exponent < -0.25) == step.helps
      }
      return (right, steps.count)
    } makeUp: { share, findings in
      for (index, step) in steps.enumerated() {
        let isRight = Double(index) + 0.5 < share * Double(steps.count)
        let exponent = step.helps == isRight ? -0.5 : 0
        for seed in findings.seeds {
          let before = try findings[step.from, seed, .time]
          findings.set(.time, of: step.to, seed, to: before * pow(step.factor, exponent))
        }
      }
    }.requiring([searched, reached]).saying("gain from more workers where the theory says so, and only there")
  }
}
