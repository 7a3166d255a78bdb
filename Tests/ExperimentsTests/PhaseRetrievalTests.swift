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

  /// An experiment with made-up successes: rank 2 finds half at position 0.6 of the smaller n and at 0.9 of the larger,
  /// complex signals always at 0.6.
  private func findings() -> (PhaseRetrievalExperiment, Findings<PhaseRetrievalArm>) {
    var c = PhaseRetrievalExperiment.presets.first { $0.name == "smoke" }!.configuration
    c.problem.dimensions = [100, 200]
    c.problem.positions = [0.5, 0.7, 0.8, 1]
    c.descent.methods = ["hybrid", "slack-barrier", "amplitude"]
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
  }
}
