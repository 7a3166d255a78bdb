import Datasets
import Experiments
import Foundation
import MultiObjective
import RunLogs
import TestSupport
import Testing
import Training

@Suite struct MultiObjectiveTests {
  /// Made-up samples until ε are many, so that a descent may take many.
  private let configuration: MultiObjectiveConfiguration = {
    var c = MultiObjectiveExperiment.presets[0].configuration
    (c.logistic.epochs, c.quadratic.epochs) = (1e9, 1e9)
    // Each size at its best rate, but where a test says otherwise.
    (c.growth.quadratic, c.growth.logistic) = (0, 0)
    return c
  }()

  // MARK: Laws

  private func looks(_ law: (Double) -> Double) -> [MultiObjectiveEvidence.Look] {
    (0...60).map { index in
      let step = Double(index < 20 ? index : Int(20 * pow(1.08, Double(index - 20))))
      return .init(step: step, samples: 3 * step, stationarity: law(step))
    }
  }

  @Test func lawsAreTold() throws {
    let exponential = try #require(
      MultiObjectiveEvidence.exponentialLaw(looks { exp(-0.05 * $0) * (1 + 1e-3 * sin($0)) }))
    // A ripple of 1e-3 over hundreds of steps.
    #expect(abs(exponential.slope + 0.05) < 1e-4 && exponential.ratio < -5)
    let power = try #require(MultiObjectiveEvidence.exponentialLaw(looks { pow($0 + 1, -1.2) }))
    #expect(power.ratio > 2)
    // A dip that is undone leaves its mark on the least, not on the mean.
    let least = try #require(MultiObjectiveEvidence.powerLaw(looks { pow($0 + 1e-9, -1.5) }, ofMean: false))
    #expect(abs(least + 1.5) < 1e-6)  // the start is shifted by 1e-9
    #expect(MultiObjectiveEvidence.runningLeast(looks { $0 == 3 ? 0.1 : 1 }).last == 0.1)
    // The mean of a linear function over the steps until T is that at T/2, however the looks lie.
    let means = MultiObjectiveEvidence.runningMean(looks { 5 + 2 * $0 })
    for (look, mean) in zip(looks { $0 }, means) {
      #expect(abs(mean - (5 + look.step)) < rounding(terms: 200, scale: 5 + 2 * look.step))
    }
    // Where the sum converges the mean falls as 1/T.
    let mean = try #require(MultiObjectiveEvidence.powerLaw(looks { exp(-$0) }, ofMean: true))
    #expect(abs(mean + 1) < 1e-3)  // the sum has converged to e^-7 where the fit begins
  }

  // MARK: Choice and decisions

  /// Runs at every rate, with the tuning seeds and the others.
  private func everyTask(_ experiment: MultiObjectiveExperiment) -> [SweepTask<MultiObjectiveRun>] {
    let c = experiment.configuration
    return c.arenas.flatMap { arena in
      c.arms(arena).flatMap { arm in c.rates(arena.problem).map { MultiObjectiveRun(arena, arm, rate: $0) } }
    }.tasks(on: experiment.tuningSeeds + experiment.reportedSeeds)
  }

  /// Findings in which samples until ε follow n^a ε^-b with a factor for each seed, and momentum does as told.
  private func findings(
    _ experiment: MultiObjectiveExperiment, stimulus: (n: Double, epsilon: Double), momentumFactor: Double = 1,
    rateOptimum: Double = 0.5
  ) -> Findings<MultiObjectiveRun> {
    let c = experiment.configuration
    var findings = Findings<MultiObjectiveRun>([], seeds: experiment.reportedSeeds)
    for task in everyTask(experiment) {
      let (arena, arm, seed) = (task.arm.arena, task.arm.arm, task.seed)
      let law: (n: Double, epsilon: Double) =
        switch arm.method {
        case .mgd: (1, 1)
        case .smgd: (0, 2)
        default: stimulus
        }
      // Reported seeds are best at another rate, which must not matter.
      let best = experiment.tuningSeeds.contains(seed) ? rateOptimum : 2 * rateOptimum
      let factor = (1 + 0.05 * Double(seed % 3)) * (1 + abs(log(task.arm.rate / best)))
      func set(_ measure: Measure, _ value: Double) { findings.set(measure, of: task.arm, seed, to: value) }
      for (measure, value) in [
        Measure.failed: 0, .endStationarity: factor, .samplesTaken: 1, .seconds: 1, .stepsMade: 1, .startLoss: 2,
        .finalLoss: 1,
      ] { set(measure, value) }
      for (index, level) in c[arena.problem].levels.enumerated() {
        let noise = 1 + 0.02 * sin(Double((7 + Int(4 * law.n)) * seed + index + arena.samples))
        set(
          .samples(untilLevel: index),
          noise * factor * pow(Double(arena.samples), law.n) * pow(level, -law.epsilon)
            * exp(-momentumFactor * (1 + 0.1 * Double(seed % 3)) * arm.momentum))
      }
    }
    return findings
  }

  /// Each claim by its own test, before any correction.
  private func decisions(
    _ experiment: MultiObjectiveExperiment, _ findings: Findings<MultiObjectiveRun>
  ) throws -> [String: Decision] {
    Dictionary(
      uniqueKeysWithValues: try experiment.claims().map { test in
        (test.claim.id, try test.decide(findings, alpha: experiment.configuration.decision.alpha))
      })
  }

  @Test(arguments: [(0.5, 1.0, Verdict.upheld, Verdict.upheld), (1.0, 2.0, .refuted, .refuted)])
  func exponentsFollowTheLog(n: Double, epsilon: Double, inSize: Verdict, inLevels: Verdict) throws {
    let experiment = MultiObjectiveExperiment(configuration)
    let findings = findings(experiment, stimulus: (n, epsilon))
    let evidence = MultiObjectiveEvidence(findings, experiment)
    let stimulus = MultiObjectiveArm(.stimulus)
    // The log's factors wobble by 2 %, over sizes and levels that lie factors of two and more apart.
    for seed in evidence.seeds {
      #expect(abs(try evidence.exponentInSamples(stimulus, seed) - n) < 0.1)
      #expect(abs(try evidence.exponentInLevels(stimulus, seed) - epsilon) < 0.1)
    }
    let decisions = try decisions(experiment, findings)
    #expect(decisions["samples-n/STIMULUS"]!.verdict == inSize)
    #expect(decisions["samples-eps/STIMULUS"]!.verdict == inLevels)
    #expect(decisions["samples-n/MGD"]!.verdict == .upheld && decisions["samples-eps/SMGD"]!.verdict == .upheld)
    #expect(decisions["samples-n/SMGD"]!.verdict == .upheld)
    #expect((decisions["slower-in-n"]!.verdict == .upheld) == (n < 1))
  }

  /// Growth in n is asked of descents at the one rate that is set for it, which is no size's best.
  @Test func growthHasARateOfItsOwn() throws {
    var c = configuration
    c.growth.logistic = c.rates("logistic")[1] * 1.01
    let (plain, experiment) = (MultiObjectiveExperiment(configuration), MultiObjectiveExperiment(c))
    let stimulus = MultiObjectiveArm(.stimulus)
    var findings = findings(experiment, stimulus: (0.5, 1))
    for task in everyTask(experiment) where task.arm.arena.problem == "logistic" && task.arm.arm == stimulus {
      guard task.arm.rate == c.rates("logistic")[1] else { continue }
      for level in c.logistic.levels.indices {
        // More than at other rates, so that it is nobody's best.
        let samples = 1e6 * pow(Double(task.arm.arena.samples), 0.9)
        findings.set(.samples(untilLevel: level), of: task.arm, task.seed, to: samples)
      }
      // Steps are a half of the samples that were taken.
      findings.set(.samplesTaken, of: task.arm, task.seed, to: 2e9)
      findings.set(.stepsMade, of: task.arm, task.seed, to: 1e9)
    }
    let (evidence, before) = (
      MultiObjectiveEvidence(findings, experiment), MultiObjectiveEvidence(findings, plain)
    )
    let arena = c.largest("logistic")
    for seed in evidence.seeds {
      #expect(abs(try evidence.exponentInSamples(stimulus, seed) - 0.9) < rounding(terms: 100, condition: 10))
      #expect(abs(try before.exponentInSamples(stimulus, seed) - 0.5) < 0.1)
      let steps = 1e6 * pow(Double(arena.samples), 0.9) / 2 / Double(arena.samples).squareRoot()
      #expect(abs(try evidence.stepRatio(arena, stimulus, seed) - steps) < rounding(terms: 10, condition: 10) * steps)
      let run = try #require(try evidence.growthRun(arena, stimulus, level: 0))
      #expect(run.rate == c.rates("logistic")[1])
      #expect(try MultiObjectiveChoice(experiment, findings).reportedRates(arena, stimulus).contains(run.rate))
    }
    // SMGD's theorem has a rate that falls with the level.
    #expect(try evidence.growthRun(arena, MultiObjectiveArm(.smgd), level: 0)?.rate != c.rates("logistic")[1])
  }

  @Test(arguments: [(1.0, Verdict.upheld), (-1.0, .refuted)])
  func momentumFollowsTheLog(factor: Double, expected: Verdict) throws {
    let experiment = MultiObjectiveExperiment(configuration)
    let findings = findings(experiment, stimulus: (0.5, 1), momentumFactor: factor)
    let evidence = MultiObjectiveEvidence(findings, experiment)
    let arena = configuration.largest("quadratic")
    for isCommon in [false, true] {
      for seed in evidence.seeds {
        let slope = try evidence.momentumSlope(arena, atCommonRate: isCommon, seed)
        #expect(abs(slope + factor * (1 + 0.1 * Double(seed))) < rounding(terms: 100, condition: 10))
      }
    }
    let verdicts = try decisions(experiment, findings).filter { $0.key.hasPrefix("momentum") }.map(\.value.verdict)
    #expect(verdicts == [expected, expected])
  }

  /// Rates come from the tuning seeds alone, and one that fails there is out.
  @Test func ratesComeFromTheTuningSeeds() throws {
    let experiment = MultiObjectiveExperiment(configuration)
    let (arena, arm) = (configuration.largest("logistic"), MultiObjectiveArm(.stimulus))
    let all = findings(experiment, stimulus: (0.5, 1))
    let rates = configuration.rates("logistic")
    #expect(try MultiObjectiveChoice(experiment, all).rate(arena, arm, level: 2) == rates[0])
    var failed = all
    let (run, seed) = (MultiObjectiveRun(arena, arm, rate: rates[0]), experiment.tuningSeeds[0])
    failed.set(.failed, of: run, seed, to: 1)
    #expect(try MultiObjectiveChoice(experiment, failed).rate(arena, arm, level: 2) == rates[1])
    // A level that one tuning seed never sees has no rate from it.
    failed.set(.failed, of: run, seed, to: 0)
    failed.set(.samples(untilLevel: 2), of: run, seed, to: nil)
    let choice = MultiObjectiveChoice(experiment, failed)
    #expect(try choice.rate(arena, arm, level: 2) == rates[1] && choice.rate(arena, arm, level: 1) == rates[0])
    #expect(try choice.reportedRates(arena, arm) == Array(rates.prefix(2)))
  }

  /// Where STIMULUS does not see a level a comparison stays open; where another method does not, the samples that it took
  /// in vain are a lower bound, and only if they are more.
  @Test func unseenLevelsAreNotCounted() throws {
    let experiment = MultiObjectiveExperiment(configuration)
    let arena = configuration.largest("logistic")
    let (stimulus, smgd) = (MultiObjectiveArm(.stimulus), MultiObjectiveArm(.smgd))
    func without(_ arm: MultiObjectiveArm, _ seeds: [Int], taken: Double) -> Findings<MultiObjectiveRun> {
      var all = findings(experiment, stimulus: (0.5, 1))
      for task in everyTask(experiment) where task.arm.arena == arena && task.arm.arm == arm {
        guard seeds.contains(task.seed) else { continue }
        all.set(.samples(untilLevel: 2), of: task.arm, task.seed, to: nil)
        all.set(.samplesTaken, of: task.arm, task.seed, to: taken)
      }
      return all
    }
    func decision(_ findings: Findings<MultiObjectiveRun>, _ baseline: String) throws -> Decision {
      try decisions(experiment, findings)["fewer/logistic/\(baseline)"]!
    }
    let open = without(stimulus, [0], taken: 1)
    // The level is chosen on tuning seeds, and the reported seed that does not see it leaves its claims open.
    #expect(try MultiObjectiveEvidence(open, experiment).sharedLevel(stimulus) == 2)
    #expect(try decision(open, "MGD").verdict == .undecided)
    #expect(try decisions(experiment, open)["samples-n/STIMULUS"]!.verdict == .undecided)
    let tuning = MultiObjectiveEvidence(without(stimulus, experiment.tuningSeeds, taken: 1), experiment)
    #expect(try tuning.sharedLevel(stimulus) == 1)
    let everySeed = experiment.tuningSeeds + experiment.reportedSeeds
    let (much, little) = (without(smgd, everySeed, taken: 1e6), without(smgd, everySeed, taken: 10))
    let evidence = MultiObjectiveEvidence(much, experiment)
    for seed in evidence.seeds {
      let found = try evidence.boundedScore(arena, stimulus, against: smgd, level: 2, seed)
      #expect(found.isBound && found.score == log(1e6))
    }
    #expect(try decision(much, "SMGD").verdict == .upheld && decision(little, "SMGD").verdict == .undecided)
    #expect(try decision(much, "SMGD").evidence.reason.contains("never saw the level on 3 of 3 seeds"))
  }

  /// The log of a run that was stopped has a report, whatever is missing in it.
  @Test(arguments: [0, 1, 2, 3]) func aCutLogHasAReport(share: Int) throws {
    let experiment = MultiObjectiveExperiment(configuration)
    var kept = findings(experiment, stimulus: (0.5, 1))
    for task in everyTask(experiment) {
      let isTuning = experiment.tuningSeeds.contains(task.seed)
      let isKept =
        share == 0 ? false : share == 1 ? isTuning : share == 2 ? !isTuning : task.name.hashed(below: 3) > 0
      if !isKept { kept.remove(task.arm, task.seed) }
    }
    let verdicts = try experiment.decide(kept)
    #expect(try !verdicts.decisions.isEmpty && !experiment.frame(kept).sections.isEmpty)
    if share < 3 { #expect(verdicts.decisions.allSatisfy { [.notMeasured, .notApplicable].contains($0.verdict) }) }
  }

  /// Problems whose files are not here are left out, and their claims say so.
  @Test func absentDataAreSaid() throws {
    var settings = configuration
    settings.problems.append("river-flow-1")
    let data = try MultiObjectiveData(settings, DataLocator())
    let reason = try #require(data.absent["river-flow-1"])
    #expect(reason.contains("rf1.arff"))
    let experiment = MultiObjectiveExperiment(settings)
    let (verdicts, _) = try experiment.report(
      [RunEvent(kind: "absent", task: "", step: 0, time: 0, values: [:], text: "river-flow-1: \(reason)")],
      context: ReportContext(command: "", environment: "", configuration: ""))
    let decisions = verdicts.decisions
    let own = decisions.filter { $0.claim.id.contains("river-flow-1") }
    #expect(!own.isEmpty && own.allSatisfy { $0.verdict == .notMeasured && $0.evidence.reason.contains("rf1.arff") })
    #expect(decisions.allSatisfy { $0.verdict == .notMeasured })
  }

  /// No two seeds have a row in common while there are enough; then each draws from all.
  @Test func seedsHaveTheirOwnRows() throws {
    let data = try MultiObjectiveData(configuration, DataLocator())
    let seeds = configuration.seeds.reported + configuration.seeds.tuning
    let rows = try seeds.flatMap { try #require(data.share(of: 5, among: 5 * seeds.count, "river-flow-1", seed: $0)) }
    #expect(rows.sorted() == Array(0..<5 * seeds.count))
    #expect(data.share(of: 6, among: 6 * seeds.count - 1, "river-flow-1", seed: seeds[0]) == nil)
  }

  // MARK: Theorems

  /// Of a stationarity that is constant for T steps the mean times η T over 8 times the fall is largest at the end.
  @Test func theBoundIsThatOfTheTheorem() {
    let ratio = MultiObjectiveEvidence.boundRatio(looks { _ in 2 }, rate: 0.5, fall: 3)
    let last = looks { $0 }.last!.step
    #expect(abs(ratio - 2 * 0.5 * last / 24) < rounding(terms: 200, scale: ratio))
  }

  /// Samples until the level are 5 n more than √n times 40 at each further factor: the exponent sees the second part alone.
  @Test func precisionIsCountedFromTheFirstLevel() throws {
    let experiment = MultiObjectiveExperiment(configuration)
    var all = findings(experiment, stimulus: (0.5, 1))
    let stimulus = MultiObjectiveArm(.stimulus)
    for task in everyTask(experiment) where task.arm.arena.problem == "quadratic" && task.arm.arm == stimulus {
      let n = Double(task.arm.arena.samples)
      for level in configuration.quadratic.levels.indices {
        all.set(.samples(untilLevel: level), of: task.arm, task.seed, to: 5 * n + 40 * n.squareRoot() * Double(level))
      }
    }
    let evidence = MultiObjectiveEvidence(all, experiment)
    for seed in evidence.seeds {
      #expect(abs(try evidence.exponentOfPrecision(stimulus, seed) - 0.5) < rounding(terms: 20, condition: 100))
    }
  }

  /// MoCo's coefficients are those that serve best on tuning seeds.
  @Test func coefficientsAreChosenAsRatesAre() throws {
    var c = configuration
    c.methods.append("MoCo")
    let experiment = MultiObjectiveExperiment(c)
    var all = findings(experiment, stimulus: (0.5, 1))
    let (arena, best) = (c.largest("logistic"), c.variants(.moco)[2])
    #expect(c.variants(.moco).count == 4 && Set(c.variants(.moco).map(\.description)).count == 4)
    for task in everyTask(experiment) where task.arm.arena == arena && task.arm.arm == best {
      all.set(.samples(untilLevel: 0), of: task.arm, task.seed, to: 0.5)
    }
    let choice = MultiObjectiveChoice(experiment, all)
    #expect(try choice.tuned(arena, c.arm(.moco), level: 0) == best)
    #expect(try choice.tuned(arena, c.arm(.stimulus), level: 0) == c.arm(.stimulus))
    let run = try #require(try MultiObjectiveEvidence(all, experiment).run(arena, c.arm(.moco), level: 0))
    #expect(run.arm == best)
  }

  @Test(arguments: [
    ("problems=[quadratc]", "quadratic"), ("methods=[MGD]", "STIMULUS"), ("logistic.samples=[64, 32]", "rising"),
    ("logistic.levels=[0.1, 0.2]", "falling"), ("quadratic.rates=[1, 0.5]", "quadratic.rates"),
    ("seeds.tuningFirst=1", "overlap"), ("momentum.coefficient=1", "momentum"), ("quadratic.samples=[4]", "dimension"),
    ("growth.logistic=1e9", "logistic.rates"), ("growth.quadratic=-1", "quadratic.rates"),
  ])
  func mistakesAreNamed(_ change: String, _ hint: String) throws {
    let changed = try Settings.applying([change], to: configuration)
    #expect { try changed.check() } throws: { "\($0)".contains(hint) }
  }

  @Test func everySettingIsDescribed() throws {
    let names = try Settings.list(configuration).map(\.name)
    #expect(Set(names) == Set(MultiObjectiveExperiment.settingDescriptions.keys))
  }
}

extension String {
  /// A number that depends on the text only.
  fileprivate func hashed(below bound: Int) -> Int { utf8.reduce(0) { ($0 * 31 + Int($1)) % 1009 } % bound }
}
