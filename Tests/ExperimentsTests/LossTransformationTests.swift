import Descending
import Experiments
import Foundation
import TestSupport
import Testing
import Training

/// What the comparison of loss transformations is made of.
@Suite struct LossTransformationTests {
  private let configuration = LossTransformationExperiment.presets.first { $0.name == "smoke" }!.configuration

  // MARK: Arms, trials, searches

  /// Two plain methods, four forms on SGD, and four on Adam by each of two routes.
  @Test func armsAreAllDifferent() {
    #expect(LossArm.all.count == 14)
    #expect(Set(LossArm.all.map(\.description)).count == 14)
    #expect(LossArm(.sgd).description == "sgd")
    #expect(LossArm(.adam, .smooth, through: .rate).description == "adam smooth by rate")
  }

  @Test func trialsMakeTheirChains() throws {
    let powered = LossTrial(rate: 0.1, exponent: .constant(1.5))
    #expect(LossTrial(rate: 0.1).chain(LossArm(.sgd)).description == "rate 0.1")
    #expect(LossTrial(rate: 0.1).chain(LossArm(.adam), noise: 0.5).description == "noise 0.5 | adam | rate 0.1")
    #expect(
      powered.chain(LossArm(.adam, .constant, through: .rate), isMeasured: false).description
        == "losspower 1.5 through=rate | adam | rate 0.1")
    let whole = LossTrial(
      rate: 0.1, exponent: .sigmoid(from: 0.75, to: 1.5, slope: 4, centre: 1), freezesExponent: false)
    #expect(whole.chain(LossArm(.sgd, .whole), isMeasured: false).description.contains("frozen=false"))
    #expect(whole.description.hasSuffix("whole"))
  }

  /// Every exponent is tried at every rate; a transformed arm takes as many trials as any other, a plain one as many as all
  /// transformed ones of its base together, and all of them reach from end to end of the rates.
  @Test(arguments: ["well", "curve"]) func searchesAreEqual(_ problem: String) {
    let configuration = LossTransformationExperiment.presets.first { $0.name == "quick" }!.configuration
    let search = configuration.search
    for arm in LossArm.all {
      let trials = LossSearch(configuration, problem, arm).trials
      let share = arm.form != nil ? 1 : LossArm.all.count { $0.base == arm.base && $0.form != nil }
      #expect(
        trials.count == share * configuration[problem].rates * search.constants.count
          && Set(trials).count == trials.count)
      let range = arm.base == .sgd ? configuration[problem].sgdRates : configuration[problem].adamRates
      // A power of a root of the ratio, and a product.
      let tolerance = rounding(terms: 8, condition: Double(trials.count), scale: range[1])
      for (_, own) in Dictionary(grouping: trials, by: \.exponent) {
        let rates = own.map(\.rate)
        #expect(rates.count == (arm.form == nil ? trials.count : configuration[problem].rates))
        #expect(abs(rates[0] - range[0]) < tolerance && abs(rates.last! - range[1]) < tolerance)
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 < $1 })
      }
      #expect(trials.allSatisfy { ($0.exponent == nil) == (arm.form == nil) })
      #expect(trials.allSatisfy { $0.freezesExponent == (arm.form != .whole) })
    }
  }

  /// A coarse grid of a few short descents judges no published claim, whatever it finds.
  @Test func smokeJudgesNothingPublished() throws {
    let experiment = LossTransformationExperiment(configuration)
    var findings = Findings<LossRun>.madeUp(seeds: experiment.reportedSeeds)
    for task in try experiment.sweep().tasks(findings) {
      guard case .trial(let trial) = task.arm.kind else { continue }
      findings.set(Measure("rate"), of: task.arm, task.seed, to: trial.rate)
    }
    let published = try experiment.decide(findings).decisions.filter {
      $0.claim.source.hasPrefix("Keslaki") && !$0.claim.isIdentity
    }
    #expect(!published.isEmpty)
    for decision in published { #expect(decision.verdict == .notApplicable, "\(decision.claim.id)") }
  }

  @Test func formsOfUnequalTrialsAreRefused() {
    var unequal = configuration
    unequal.search.constants = [0.5, 0.75]
    #expect(throws: SettingsError.self) { try unequal.check() }
    for preset in LossTransformationExperiment.presets {
      #expect(throws: Never.self, "\(preset.name)") { try preset.configuration.check() }
    }
  }

  /// Steps that are the factor to the power 0.4 times a constant of each descent have the slope 0.4.
  @Test func followingIsTheSlopeWithinDescents() {
    let trial = LossTrial(rate: 0.1, exponent: .constant(1.5))
    var watch = StepWatch(trial)
    for constant in [1.0, 10, 0.01] {
      for loss in [5.0, 3, 1.2, 0.7] {
        let factor: Double = 1.5 * (loss * constant).squareRoot()
        let step: Double = Foundation.pow(factor, 0.4)
        watch.observe(loss: loss * constant, relativeStep: constant * step)
      }
      watch.endDescent()
    }
    // Logarithms up to 3, their squares, and a quotient of sums of squares about 1.
    #expect(abs(watch.values[Measure("following")]! - 0.4) < rounding(terms: 40, condition: 40))
    var still = StepWatch(trial)
    for _ in 0..<5 { still.observe(loss: 2, relativeStep: 3) }
    #expect(still.values[Measure("following")]!.isNaN)
  }

  /// A descent that runs away ends with losses and steps that are no numbers: they say nothing of the formula.
  @Test func whatOverflowedIsNotCompared() {
    var watch = StepWatch(LossTrial(rate: 0.1, exponent: .constant(2)))
    watch.observe(loss: .infinity, relativeStep: 1)
    // Nothing was compared: that is no agreement.
    #expect(watch.values[Measure("formulaError")]!.isNaN)
    watch.observe(loss: 3, relativeStep: 6)
    let before = watch.values
    // The mean rate is that of steps that are numbers: 1 and 6.
    #expect(before[Measure("meanRate")] == 0.1 * 3.5)
    for (loss, step) in [(Double.infinity, 4.0), (.nan, 4), (3, .infinity), (3, .nan), (1e300, 0)] {
      watch.observe(loss: loss, relativeStep: step)
    }
    #expect(abs(before[Measure("formulaError")]!) < rounding(terms: 4))
    #expect(watch.values[Measure("formulaError")] == before[Measure("formulaError")])
    #expect(watch.values[Measure("meanRate")]!.isFinite)
    watch.observe(loss: 3, relativeStep: 12)
    // One of two that counted is twice the factor.
    #expect(abs(watch.values[Measure("formulaError")]! - log(2.0) / 2) < rounding(terms: 4))
  }

  /// No two seeds have an example in common, nor do those that choose rates.
  @Test func seedsHaveTheirOwnExamples() throws {
    let all = try LossProblem.all("curve", configuration, DataLocator())
    #expect(
      Set(all.keys) == Set(configuration.seeds.reported + configuration.seeds.tuning + configuration.seeds.further))
    let first = all.values.map { $0.train.targetArray(at: [0]).doubles[0] }
    #expect(Set(first).count == all.count)
  }

  // MARK: Steps beside a reference

  @Test(arguments: [
    ("rate 0.1", "rate 0.05"), ("adam | rate 0.02", "rate 0.1"),
    ("losspower 1.2 through=rate | adam | rate 0.02", "adam | rate 0.02"),
    ("noise 0.01 | rate 0.1", "momentum 0.9 | rate 0.05"),
  ])
  func relativeStepsConform(_ chain: String, _ reference: String) throws {
    let failures = Conformance(RelativeStep(try Chain(chain), against: try Chain(reference))).failures()
    #expect(failures.isEmpty, "\(failures)")
  }

  /// The ratio is that of the two steps, and the descent is that of the chain alone.
  @Test func theReferenceMovesNothing() throws {
    let problem = TestProblem.valley
    func run(_ transformation: some GradientTransformation) throws -> DescentRun {
      let run = try DescentRun(transformation, from: problem.start) { problem.loss($0) }
      try run.run(20)
      return run
    }
    let chain = try Chain("momentum 0.9 | rate 0.02")
    let (alone, beside) = (try run(chain), try run(RelativeStep(chain, against: Chain("adam | rate 0.1"))))
    #expect(alone.parameters == beside.parameters)
    let doubled = try run(RelativeStep(try Chain("rate 0.1"), against: Chain("rate 0.05")))
    #expect(abs(doubled.readings["optimizer/relativeStep"]! - 2) < rounding(.float32, terms: 4, scale: 2))
    // On SGD, a power multiplies the step by its slope: 1.5 sqrt(l) for the power 1.5.
    let powered = try run(RelativeStep(try Chain("losspower 1.5 | rate 0.01"), against: Chain("rate 0.01")))
    let factor = 1.5 * powered.losses.last!.squareRoot()
    #expect(abs(powered.readings["optimizer/relativeStep"]! - factor) < rounding(.float32, terms: 8, scale: factor))
  }

  // MARK: The double well

  @Test(arguments: [0.0, 0.3, -0.7, 1.5]) func theWellIsStationaryWhereItSays(_ tilt: Double) {
    let well = DoubleWell(tilt: tilt, offset: 0.4)
    let points = well.stationary
    #expect(points.count == 3 && points[0] < points[1] && points[1] < points[2])
    // Roots of a cubic with coefficients of 4, its slope there up to 8.
    for x in points { #expect(abs(well.slope(x)) < rounding(terms: 8, condition: 8, scale: 4)) }
    #expect(12 * points[0] * points[0] > 4 && 12 * points[2] * points[2] > 4 && 12 * points[1] * points[1] < 4)
    if tilt != 0 { #expect((well(well.minima.left) < well(well.minima.right)) == (tilt > 0)) }
    let step = 1e-5
    for x in [-1.3, 0.2, 0.9] {
      // The truncation of a central difference, a sixth of the third derivative 24 x times the step squared, and rounding.
      let tolerance = 4 * abs(x) * step * step * 2 + rounding(terms: 8, scale: 4) / step
      #expect(abs((well(x + step) - well(x - step)) / (2 * step) - well.slope(x)) < tolerance)
    }
  }

  @Test func descentsEndInAMinimum() throws {
    let well = DoubleWell(tilt: 0.3, offset: 0.4)
    func paths(_ chain: String, _ starts: [Double], _ steps: Int) throws -> [WellDescents.Path] {
      try WellDescents(well, try Chain(chain), from: starts, keys: starts.map { _ in RandomKey(seed: 1) })
        .run(steps: steps)
    }
    let both = try paths("rate 0.02", [-1.8, 1.8], 500)
    // Slopes of 8 at the minima: (1 - 0.02 * 8)^500 is nothing.
    #expect(abs(both[0].end - well.minima.left) < 1e-9 && abs(both[1].end - well.minima.right) < 1e-9)
    // In the end only rounding is left to go up.
    let losses = both[0].losses
    let falls = zip(losses, losses.dropFirst()).allSatisfy { $0 >= $1 - rounding(terms: 8) }
    #expect(losses.count == 500 && losses[0] == well(-1.8) && falls)
    // One that runs away leaves the other as it is.
    let one = try paths("rate 0.2", [5, well.minima.left], 100)
    #expect(one[0].end == .infinity && one[0].losses.count < 100 && one[1].losses.count == 100)
    #expect(abs(one[1].end - well.minima.left) < 1e-9)
  }

  /// At once or alone, each descent's noise is its key's.
  @Test func noiseFollowsItsKey() throws {
    let well = DoubleWell(tilt: 0.3, offset: 0.4)
    func ends(_ seeds: [Int]) throws -> [Double] {
      try WellDescents(
        well, LossTrial(rate: 0.02).chain(LossArm(.sgd), noise: 1), from: seeds.map { _ in 0.5 },
        keys: seeds.map { RandomKey(seed: $0) }
      ).run(steps: 50).map(\.end)
    }
    let together = try ends([1, 2, 1])
    #expect(together[0] == together[2] && together[0] != together[1])
    #expect(try ends([1]) == [together[0]] && ends([2]) == [together[1]])
  }

  // MARK: Tasks

  private func task(_ problem: String, _ arm: LossArm, _ trial: LossTrial, seed: Int) -> LossTask {
    LossTask(configuration, problem, arm, trial, seed: seed)
  }

  @Test func tasksRepeatThemselves() throws {
    let (arm, trial) = (LossArm(.sgd, .constant), LossTrial(rate: 0.02, exponent: .constant(0.75)))
    let first = try task("well", arm, trial, seed: 1).run(nil)
    #expect(try task("well", arm, trial, seed: 1).run(nil) == first)
    #expect(try task("well", arm, trial, seed: 2).run(nil) != first)
    #expect(first.values.allSatisfy { $0.isFinite })
  }

  /// Measuring does not change what is measured.
  @Test func measuredDescentsAreTheSame() throws {
    let data = try #require(try LossProblem.all("curve", configuration, DataLocator())[0])
    let task = task("curve", LossArm(.adam, .smooth), LossTrial(rate: 0.01, exponent: .constant(1.5)), seed: 1)
    let (measured, plain) = (try task.trainer(data), try task.trainer(data, isMeasured: false))
    for _ in 0..<20 {
      _ = try measured.advance()
      _ = try plain.advance()
    }
    #expect(measured.readingTags.contains("optimizer/relativeStep"))
    #expect(measured.state.parameters == plain.state.parameters)
  }

  /// A rate that cannot work is found to diverge, and counts as one that has not left its start.
  @Test func divergenceIsNoResult() throws {
    let data = try #require(try LossProblem.all("curve", configuration, DataLocator())[0])
    let wild = try task("curve", LossArm(.sgd), LossTrial(rate: 1e20), seed: 1).run(data)
    let still = try task("curve", LossArm(.sgd), LossTrial(rate: 1e-30), seed: 1).run(data)
    #expect(wild.filter { "\($0.key)".contains("diverged") }.allSatisfy { $0.value == 1 })
    #expect(still.filter { "\($0.key)".contains("diverged") }.allSatisfy { $0.value == 0 })
    let losses = [wild, still].map { $0.first { "\($0.key)" == "loss" }?.value }
    #expect(losses[0] != nil && losses[0] == losses[1])
  }
}
