import Distributed
import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

/// Tasks that all ranks do together: descents on real processes, here on threads.
@Suite(.serialized) struct RealDescentTests {
  private static let small = [
    "seeds.count=2", "discovery.length=200", "links.workers=[1, 2, 4]", "floor.workers=[4, 8, 16]",
    "methods.workers=[2]", "beyond.workers=[2]", "exponents.workers=2", "real.rounds=4", "real.gradientSeconds=0.004",
  ]

  private func configuration(_ changes: [String]) throws -> DistributedLimitsConfiguration {
    try Settings.applying(
      changes, to: DistributedLimitsExperiment.presets.first { $0.name == "smoke" }!.configuration)
  }

  private func results(_ ranks: Int, _ changes: [String]) throws -> (events: [RunEvent], error: String?) {
    let path = NSTemporaryDirectory() + "descent-real-\(UUID().uuidString)"
    let folder = try RunFolder.create(path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("here".utf8).write(to: URL(fileURLWithPath: folder.configurationPath))
    let experiment = DistributedLimitsExperiment(try configuration(changes))
    let mail = Mailboxes(size: ranks)
    let ended = DispatchGroup()
    for rank in 1..<ranks {
      ended.enter()
      Thread.detachNewThread {
        try? RankSession(MailChannel(mail, rank: rank), clock: TestClock(), version: "1", patience: 5).start(
          DistributedLimitsExperiment.self, preset: "smoke", changes: changes, seeds: nil, data: DataLocator())
        ended.leave()
      }
    }
    let leader = RankLeader(MailChannel(mail, rank: 0), clock: TestClock(), version: "1", patience: 5) { _ in }
    let sink = MemorySink()
    let context = RunContext(
      folder: folder, data: DataLocator(), fingerprint: try Settings.fingerprint(experiment.configuration), earlier: [],
      sinks: [sink], isQuiet: true, workplace: leader, clock: { 0 })
    var failure: String?
    do { try experiment.run(context) } catch { failure = "\(error)" }
    leader.close()
    #expect(ended.wait(timeout: .now() + 20) == .success, "a rank did not end")
    return (sink.events, failure)
  }

  /// The server on rank 0, workers on the others; the same points as on the virtual clock.
  @Test func ranksDescendTogether() throws {
    let changes = Self.small + ["real.workers=2"]
    let (events, error) = try results(3, changes)
    #expect(error == nil)
    let experiment = DistributedLimitsExperiment(try configuration(changes))
    var findings = experiment.findings(events)
    for arm in experiment.realArms {
      #expect(try findings.values(.isReal, of: arm) == [1, 1], "\(arm)")
      // Nothing is faster than padded computing and links that are slowed down, but for the timers' grain.
      #expect(try findings.values(.clockRatio, of: arm).allSatisfy { $0 > 0.9 }, "\(arm)")
      if arm.description != "real Rennala" { #expect(try findings.values(.hasSameBits, of: arm) == [1, 1], "\(arm)") }
    }
    // On a machine that keeps time they are decided, on one that does not they are not.
    for (late, isDecided) in [(0.0, true), (0.5, false)] {
      for arm in experiment.realArms {
        for seed in experiment.reportedSeeds { findings.set(.waitLateness, of: arm, seed, to: late) }
      }
      let verdicts = try experiment.decide(findings).decisions.filter { $0.claim.id.hasPrefix("real/") }
      #expect(verdicts.count == 4 && verdicts.allSatisfy { ($0.verdict != .notApplicable) == isDecided })
    }
  }

  /// What was not asked for is no claim; where it was, and no rank did it, there is nothing to judge.
  @Test func withoutRanksNothingIsClaimed() throws {
    let plain = DistributedLimitsExperiment(try configuration([]))
    let verdicts = try plain.decide(plain.findings([]))
    #expect(plain.realArms.isEmpty && !verdicts.decisions.contains { $0.claim.id.hasPrefix("real/") })
    #expect(!verdicts.preconditions.contains { $0.name.contains("real processes") })
    let experiment = DistributedLimitsExperiment(try configuration(["real.workers=2"]))
    let findings = Findings<DistributedLimitsArm>.madeUp(seeds: experiment.reportedSeeds, [.isReal: 0])
    let asked = try experiment.decide(findings).decisions.filter { $0.claim.id.hasPrefix("real/") }
    #expect(asked.count == 4 && asked.allSatisfy { $0.verdict == .notApplicable })
    let none = try experiment.decide(experiment.findings([])).decisions.filter { $0.claim.id.hasPrefix("real/") }
    #expect(none.count == 4 && none.allSatisfy { $0.verdict == .notMeasured })
  }

  /// As many ranks as the settings say, or a sentence.
  @Test func otherNumbersOfRanksAreRefused() throws {
    let (events, error) = try results(3, Self.small + ["real.workers=3"])
    #expect(error?.contains("need 4 ranks: mpirun -n 4") == true)
    #expect(!events.contains { $0.task.hasPrefix("real") })
  }
}
