import Experiments
import Foundation
import RunLogs
import Testing
import Training

@Suite struct PhaseRetrievalTests {
  /// Interpolated where the rate passes one half, after neighbours that fall were pooled; endless outside of the ratios.
  @Test func halfPointsAreInterpolated() {
    #expect(SuccessCurves.halfPoint([1, 2, 3], [0, 0.25, 0.75]) == 2.5)
    #expect(SuccessCurves.halfPoint([1, 2, 3, 4], [0.1, 0.6, 0.4, 0.9]) == 2)
    #expect(SuccessCurves.halfPoint([1, 2], [0.5, 1]) == -.infinity)
    #expect(SuccessCurves.halfPoint([1, 2], [0, 0.4]) == .infinity)
  }

  /// A 50 % point between two ratios that are far apart is told by a straight line alone: it is no evidence, whatever the line says.
  @Test(arguments: [[0.1, 1.9], [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.9]])
  func farRatiosDecideNothing(_ positions: [Double]) throws {
    var c = PhaseRetrievalExperiment.presets.first { $0.name == "quick" }!.configuration
    c.problem.ensembles = ["d2"]
    c.problem.positions = positions
    let experiment = PhaseRetrievalExperiment(c)
    var findings = Findings<PhaseRetrievalArm>.madeUp(
      seeds: experiment.reportedSeeds, PhaseRetrievalExperiment.madeUpMeasures)
    for position in positions {
      let source = experiment.source("hybrid", "d2", 100, position)
      for seed in experiment.reportedSeeds {
        findings.set(.ratio, of: source.arm, seed, to: PhaseRetrievalConfiguration.ratio(position, rank: 2))
        for measure in [Measure.trials, .decided] { findings.set(measure, of: source.arm, seed, to: 10) }
        findings.set(.dimension, of: source.arm, seed, to: 100)
        findings.set(source.successes, of: source.arm, seed, to: position > 0.65 ? 10 : 0)
      }
    }
    let decisions = try experiment.decide(findings).decisions
    for id in ["at-plain-d2", "at-lifted-d2", "between-d2"] {
      let decision = try #require(decisions.first { $0.claim.id == id })
      #expect((decision.verdict == .notApplicable) == (positions.count == 2), "\(id): \(decision.verdict)")
    }
  }

  /// A difference of two points outside of the ratios may be anything.
  @Test func unknownDrawsWidenTheInterval() {
    let known = HalfPoint(estimate: 2, draws: (0..<100).map { Double($0) / 100 }, trials: 5)
    let interval = known.interval(level: 0.9)
    // To one draw.
    #expect(abs(interval.low - 0.05) < 0.011 && abs(interval.high - 0.95) < 0.011)
    let beyond = HalfPoint(estimate: .infinity, draws: [Double](repeating: .infinity, count: 100), trials: 7)
    let gap = beyond.combined(with: beyond, -)
    #expect(gap.estimate.isNaN && gap.trials == 14)
    #expect(gap.interval(level: 0.9).low == -.infinity && gap.interval(level: 0.9).high == .infinity)
  }

  /// Where half is found at the lowest ratio already, a margin above it is missed, and of one that reaches below it nothing
  /// is known; likewise above the highest.
  @Test(arguments: [1.0, -1]) func pointsOutsideOfTheRatios(_ side: Double) {
    let claim = Claim(id: "at", name: nil, statement: "It is at 2.", source: "test")
    let draws = (0..<1000).map { $0 < 10 ? 0.3 * side : side * .infinity }
    let point = HalfPoint(estimate: side * .infinity, draws: draws, trials: 40, ratios: -0.5...0.5)
    func decide(_ expected: Double, within margin: Double) -> Decision {
      point.decide(claim, expected * side, within: margin, alpha: 0.05, "")
    }
    let missed = decide(0.1, within: 0.2)
    #expect(missed.verdict == .refuted && missed.evidence.pValue == 11.0 / 1001)
    #expect(missed.evidence.estimate == side * .infinity && missed.evidence.reason.contains("est ratio"))
    for (expected, margin) in [(0.1, 0.5), (0.7, 0.1), (0.45, 0.1), (0.1, 3)] {
      let unknown = decide(expected, within: margin)
      #expect(unknown.verdict == .undecided && unknown.evidence.pValue > 0.9)
    }
  }

  /// Of points outside of the ratios only what the side tells counts: infinitely far from a place is none of them.
  @Test func whatIsNearerIsKnownOrNot() {
    func point(_ estimate: Double) -> HalfPoint {
      HalfPoint(estimate: estimate, draws: [estimate], trials: 10, ratios: 1.1...1.4)
    }
    func gain(_ own: Double, _ other: Double, to place: Double) -> Double {
      point(own).distanceGained(by: point(other), to: place).draws[0]
    }
    #expect(abs(gain(1.3, 1.25, to: 1.2) - 0.05) < 1e-12)
    // At least 0.1 away against 0.05; or at least as far, and unknown.
    #expect(abs(gain(-.infinity, 1.25, to: 1.2) - 0.05) < 1e-12)
    #expect(abs(gain(1.25, -.infinity, to: 1.2) + 0.05) < 1e-12)
    #expect(gain(-.infinity, 1.35, to: 1.2).isNaN && gain(1.35, -.infinity, to: 1.2).isNaN)
    #expect(abs(gain(.infinity, 1.2, to: 1.2) - 0.2) < 1e-12)
    // The place itself is beyond the ratios, or both points are.
    #expect(gain(-.infinity, 1.3, to: 1.05).isNaN && gain(.infinity, 1.3, to: 1.5).isNaN)
    #expect(gain(-.infinity, .infinity, to: 1.2).isNaN && gain(.nan, 1.2, to: 1.2).isNaN)
    #expect(point(-.infinity).distanceGained(by: point(1.35), to: 1.2).estimate.isNaN)
  }

  /// An experiment with made-up successes: rank 2 finds half at position 0.6 of the smaller n and at 0.9 of the larger,
  /// complex signals always at 0.6.
  private func findings() -> (PhaseRetrievalExperiment, Findings<PhaseRetrievalArm>) {
    var c = PhaseRetrievalExperiment.presets.first { $0.name == "smoke" }!.configuration
    c.problem.dimensions = [100, 200]
    c.problem.positions = [0.5, 0.7, 0.8, 1]
    c.descent.methods = ["hybrid", "slack-barrier", "amplitude"]
    c.descent.rounds = 1
    (c.seeds.count, c.seeds.trials) = (5, 100)
    let experiment = PhaseRetrievalExperiment(c)
    var findings = Findings<PhaseRetrievalArm>.madeUp(seeds: experiment.reportedSeeds)
    for arm in experiment.batches {
      guard case .batch(let method, let ensemble, let n, let position) = arm else { continue }
      let half = ensemble == "d2" && n == 200 ? 0.9 : 0.6
      for seed in experiment.reportedSeeds {
        findings.set(.ratio, of: arm, seed, to: PhaseRetrievalConfiguration.ratio(position, rank: 2))
        findings.set(.trials, of: arm, seed, to: 100)
        findings.set(.successes, of: arm, seed, to: method == "hybrid" && position > half ? 100 : 0)
        findings.set(.barrierSuccesses, of: arm, seed, to: Double(seed))
      }
    }
    return (experiment, findings)
  }

  /// With one round the slack barrier is not run apart: it is counted where the hybrid's barrier ends.
  @Test func theBarrierIsCountedInTheHybrid() throws {
    let (experiment, findings) = findings()
    #expect(!experiment.batches.contains { $0.description.hasPrefix("slack-barrier") })
    let curves = SuccessCurves(findings, experiment)
    #expect(try curves.curve("slack-barrier", "d2", 100).map(\.successes) == [10, 10, 10, 10])
    #expect(try curves.curve("hybrid", "d2", 100).map(\.successes) == [0, 500, 500, 500])
  }

  @Test func verdictsFollowThePoints() throws {
    let (experiment, findings) = findings()
    let found = Dictionary(
      uniqueKeysWithValues: try experiment.claims().map { ($0.claim.id, try $0.decide(findings, alpha: 0.05)) })
    // Half is at position 0.6 of n = 100, and at 0.9 of n = 200: 1 is the plain transition.
    #expect(found["nearer-d2"]?.verdict == .upheld && found["nearer-complex"]?.verdict == .undecided)
    #expect(found["at-plain-d2"]?.verdict == .upheld && found["at-plain-d2-small"]?.verdict == .refuted)
    #expect(found["complex-like-d2"]?.verdict == .refuted)
    #expect(found["between-d2"]?.verdict == .upheld && found["one-funnel-d2"] == nil)
    #expect(found["polish-helps"]?.verdict == .upheld)
    // The lifted transition of rank 2 is at position 0.43: half moves away from it.
    #expect(found["at-lifted-d2"]?.verdict == .refuted && found["nearer-lifted-d2"]?.verdict == .refuted)
  }

  /// Ratios that lie 0.01 apart around the lifted transition, where half is found in the middle: at it, and not at plain.
  @Test func marginsAreSharesOfWhatIsAboveOne() throws {
    var c = PhaseRetrievalExperiment.presets.first { $0.name == "smoke" }!.configuration
    c.problem.ensembles = ["d4"]
    c.problem.dimensions = [100]
    let experiment = PhaseRetrievalExperiment(c)
    let (plain, lifted) = experiment.transitions("d4")
    func verdicts(_ half: Double) throws -> [String: Verdict] {
      var findings = Findings<PhaseRetrievalArm>.madeUp(seeds: experiment.reportedSeeds)
      for (index, position) in c.problem.positions.enumerated() {
        let arm = experiment.source("hybrid", "d4", 100, position).arm
        for seed in experiment.reportedSeeds {
          findings.set(.ratio, of: arm, seed, to: half + 0.001 * (Double(index) - 0.5))
          findings.set(.trials, of: arm, seed, to: 10)
          findings.set(.successes, of: arm, seed, to: index == 0 ? 0 : 10)
        }
      }
      return Dictionary(
        uniqueKeysWithValues: try experiment.claims().map {
          ($0.claim.id, try $0.decide(findings, alpha: 0.05).verdict)
        })
    }
    #expect(try verdicts(lifted)["at-lifted-d4"] == .upheld && verdicts(lifted)["at-plain-d4"] == .refuted)
    #expect(try verdicts(plain)["at-plain-d4"] == .upheld && verdicts(plain)["at-lifted-d4"] == .refuted)
    // 5 % of α from the plain transition, which is 31 % of the way to 1, is not at it.
    #expect(try verdicts(0.95 * plain)["at-plain-d4"] == .refuted)
  }

  /// A few numbers and descents that are cut off say nothing of a theory of large n: whatever `smoke` finds, what is
  /// published is not applicable.
  @Test func smokeJudgesNothingPublished() throws {
    let experiment = PhaseRetrievalExperiment(
      PhaseRetrievalExperiment.presets.first { $0.name == "smoke" }!.configuration)
    var findings = Findings<PhaseRetrievalArm>.madeUp(seeds: experiment.reportedSeeds)
    for arm in experiment.batches {
      guard case .batch(_, _, let n, let position) = arm else { continue }
      for seed in experiment.reportedSeeds {
        findings.set(.ratio, of: arm, seed, to: PhaseRetrievalConfiguration.ratio(position, rank: 2))
        findings.set(.trials, of: arm, seed, to: 4)
        findings.set(.successes, of: arm, seed, to: 0)
        findings.set(.decided, of: arm, seed, to: 3)
        findings.set(.dimension, of: arm, seed, to: Double(n))
      }
    }
    for decision in try experiment.decide(findings).decisions where !decision.claim.isIdentity {
      #expect(decision.verdict == .notApplicable, "\(decision.claim.id)")
    }
  }

  /// "One funnel" is asked in `quick` where the theory has one for descents of any length, for each ensemble.
  @Test(arguments: ["quick", "standard"]) func oneFunnelIsAskedWhereThereIsOne(preset: String) throws {
    let experiment = PhaseRetrievalExperiment(
      PhaseRetrievalExperiment.presets.first { $0.name == preset }!.configuration)
    let (n, last) = (
      experiment.configuration.problem.dimensions.max()!, experiment.configuration.problem.positions.last!
    )
    var findings = Findings<PhaseRetrievalArm>.madeUp(seeds: experiment.reportedSeeds)
    for ensemble in experiment.configuration.problem.ensembles {
      // Complex measurements are of rank 2.
      let ratio = PhaseRetrievalConfiguration.ratio(last, rank: Int(ensemble.dropFirst()) ?? 2)
      for seed in experiment.reportedSeeds {
        findings.set(.ratio, of: experiment.source("amplitude", ensemble, n, last).arm, seed, to: ratio)
      }
    }
    let conditions = try experiment.claims().filter { $0.claim.id.hasPrefix("one-funnel") }.flatMap(\.conditions)
      .filter { $0.name.contains("free length") }
    #expect(conditions.count == experiment.configuration.problem.ensembles.count)
    for condition in conditions { #expect(try condition.measured(findings).holds, "\(condition.name)") }
  }

  /// A sign is claimed at the level of a t-test in both directions: 4 % of draws on the other side do not do.
  @Test func signsAreTestedInBothDirections() {
    let claim = Claim(id: "positive", name: nil, statement: "It is positive.", source: "test")
    func decide(_ negative: Int) -> Decision {
      HalfPoint(
        estimate: 1, draws: [Double](repeating: -1, count: negative) + [Double](repeating: 1, count: 1000 - negative),
        trials: 10
      ).decidePositive(claim, alpha: 0.05, "", reason: "")
    }
    #expect(decide(40).verdict == .undecided && decide(20).verdict == .upheld && decide(980).verdict == .refuted)
    #expect(decide(20).evidence.pValue == 2 * 21.0 / 1001)
  }
}
