import Distributed
import Experiments
import Foundation
import Testing
import Theory

@Suite struct DistributedLimitsTests {
  private func experiment() -> DistributedLimitsExperiment {
    var c = DistributedLimitsExperiment.presets.first { $0.name == "quick" }!.configuration
    c.seeds.count = 4
    return DistributedLimitsExperiment(c)
  }

  /// Seconds of a round at the theory's real-valued b and K, where each sample and each coordinate is worth its term.
  private func formula(_ p: LimitsProblem, _ links: LinkSpeeds, _ n: Int) -> Double {
    let (n, d) = (Double(n), Double(p.dimension))
    return 1 + p.samples / n + links.uplink * (d / n + 1) + (d * links.uplink * p.samples / n).squareRoot()
      + links.downlink * d
  }

  /// Findings in which all takes as long as the theory's formulas say; arms and seeds wander by a thousandth, each
  /// on its own, since exponents without spread would not be told from chance on four seeds.
  private func findings(
    _ experiment: DistributedLimitsExperiment, _ change: (DistributedLimitsArm) -> Double = { _ in 1 }
  ) -> Findings<DistributedLimitsArm> {
    var findings = Findings<DistributedLimitsArm>.madeUp(seeds: experiment.reportedSeeds, [.batch: 8, .kept: 8])
    func wandering(_ index: Int, _ seed: Int) -> Double { 1 + 0.001 * sin(Double(7 * index + 3 * seed)) }
    for (index, arm) in experiment.bestArms.enumerated() {
      guard case .best(let family, let p, let links, let n) = arm else { continue }
      let d = Double(p.dimension)
      let seconds =
        switch family {
        case .alone: 1 + p.samples
        case .whole: 1 + p.samples / Double(n) + (links.downlink + links.uplink) * d
        case .sparse, .formula: formula(p, links, n)
        }
      for seed in experiment.reportedSeeds {
        findings.set(.time, of: arm, seed, to: seconds * change(arm) * wandering(index, seed))
        findings.set(.searchRoom, of: arm, seed, to: 2)
      }
    }
    for (index, arm) in experiment.chainArms.enumerated() {
      guard case .chain(let model, let window, let n) = arm else { continue }
      // Those of the least of n sums of 2, 4 and 8 exponential numbers, by another quadrature.
      let exponent = window == 0 ? 0 : model == .race ? [1: -1, 4: -0.531, 8: -0.301, 16: -0.182][window]! : -0.5
      for seed in experiment.reportedSeeds {
        let pace = 4000 * pow(Double(n), exponent)
        findings.set(.pace, of: arm, seed, to: pace * wandering(index, seed))
        findings.set(.unitPace, of: arm, seed, to: pace * wandering(index, seed))
      }
    }
    return findings
  }

  private func verdicts(
    _ experiment: DistributedLimitsExperiment, _ findings: Findings<DistributedLimitsArm>
  ) throws -> [String: Verdict] {
    Dictionary(
      uniqueKeysWithValues: try experiment.decide(findings).decisions.map { ($0.claim.id, $0.verdict) })
  }

  /// Quick's sizes are such that the paper's formulas uphold its claims: each regime is where a claim looks for it.
  @Test func formulasUpholdTheirClaims() throws {
    let experiment = experiment()
    let found = try verdicts(experiment, findings(experiment))
    for id in [
      "equal-speeds", "half", "gain-grows", "helps", "old-chain/race", "old-chain/process", "new-chain/process",
      "window/K=8",
    ] {
      #expect(found[id] == .upheld, "\(id)")
    }
    #expect(experiment.meanWorkers.count > 2 && experiment.floorWorkers.count > 1)
  }

  /// Faster than the bound allows by a factor that grows with n: what is about n is refuted, and the rest is not.
  @Test func fasterTimesRefute() throws {
    let experiment = experiment()
    let fast = findings(experiment) { arm in
      if case .best(.sparse, _, _, let n) = arm { 1 / Double(n) } else { 1 }
    }
    let found = try verdicts(experiment, fast)
    #expect(found["equal-speeds"] == .refuted && found["half"] == .refuted && found["helps"] != .upheld)
    #expect(found["old-chain/race"] == .upheld && found["gain-grows"] == .upheld)
  }

  /// A best that lies outside of the search is none: claims about it are not applicable.
  @Test func anIncompleteSearchIsSaid() throws {
    let experiment = experiment()
    var findings = findings(experiment)
    let arm = experiment.bestArms.first {
      if case .best(.sparse, _, experiment.equalLinks, 64) = $0 { true } else { false }
    }!
    for seed in experiment.reportedSeeds { findings.set(.searchRoom, of: arm, seed, to: 0.9) }
    let found = try verdicts(experiment, findings)
    #expect(found["equal-speeds"] == .notApplicable && found["half"] == .notApplicable)
    #expect(found["old-chain/race"] == .upheld)
  }

  @Test func settingsAreChecked() {
    func refuses(_ change: (inout DistributedLimitsConfiguration) -> Void) {
      var c = experiment().configuration
      change(&c)
      #expect(throws: SettingsError.self) { try c.check() }
    }
    refuses { $0.problem.accuracy = 0.1 }
    refuses { $0.links.workers = [4, 16, 64] }
    refuses { $0.links.ratios = [0.1, 1] }
    refuses { $0.search.growth = 1 }
    refuses { $0.beyond.workers = [1, 4] }
    refuses { $0.beyond.shares = [0.5, 2] }
    refuses { $0.discovery.windows = [3] }
    refuses { $0.discovery.length = 100 }
    refuses { $0.seeds.tuningFirst = 0 }
    for preset in DistributedLimitsExperiment.presets {
      #expect(throws: Never.self, "\(preset.name)") { try preset.configuration.check() }
    }
  }
}
