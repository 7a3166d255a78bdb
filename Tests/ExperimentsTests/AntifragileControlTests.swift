import Experiments
import Foundation
import RunLogs
import Testing
import Training

@Suite struct AntifragileControlTests {
  private typealias E = AntifragileControlExperiment

  private func preset(_ name: String) -> AntifragileControlConfiguration {
    E.presets.first { $0.name == name }!.configuration
  }

  @Test func armsAreWhatTheirNamesSay() throws {
    for name in preset("paper").arms { #expect(try AntifragileArm(named: name).description == name) }
    let arm = try AntifragileArm(named: "curriculum T + pairs 0.5 chained")
    #expect(arm.criticSeesTruth && arm.isPairwise && arm.isChained && arm.weight == 0.5 && arm.plan == .curriculum)
    for (name, hint) in [
      ("curiculum T", "did you mean curriculum"), ("standard T", "under attack"),
      ("action-robust + W 1", "under attack"),
      ("curriculum chained", "alignment"), ("expert", "there is no arm"), ("curriculum + W 0", "there is no arm"),
    ] {
      #expect { try AntifragileArm(named: name) } throws: { "\($0)".contains(hint) }
    }
  }

  /// All presets can be run; each side of the comparison is tried as often.
  @Test func presetsAreSound() throws {
    for preset in E.presets { try E(preset.configuration).check() }
    for (setting, change) in [
      ("robust", "robust=[adversarial, adversarial T]"), ("attack.strengths", "attack.strengths=[0.5, 0.1]"),
      ("attack.strengths", "attack.largest=0.2"), ("sp5", "attack.spoofings=[sp5 1]"),
      ("arms", "arms=[adversarial, adversarial T, curriculum T + W 0.1]"),
      ("1001", "seeds.first=1001"), ("antifragile", "antifragile=[curriculum]"),
    ] {
      let changed = try Settings.applying([change], to: preset("quick"))
      #expect("\(change)") { try E(changed).check() } throws: { "\($0)".contains(setting) }
    }
  }

  @Test func everySettingIsDescribed() throws {
    for (name, _) in try Settings.list(preset("quick")) {
      #expect(E.settingDescriptions[name] != nil, "\(name)")
    }
  }

  /// The best of each side is chosen on tuning seeds alone, and claims are about the chosen ones.
  @Test func theSearchChoosesOnTuningSeeds() throws {
    let experiment = E(preset("standard"))
    #expect(try experiment.sweep().tasks(.madeUp(seeds: [])).contains(SweepTask(.expert, seed: 1000)))
    var findings = Findings<AntifragileArm>.madeUp(seeds: experiment.reportedSeeds)
    let (plain, truth) = (try AntifragileArm(named: "adversarial"), try AntifragileArm(named: "adversarial T"))
    #expect(try experiment.chosen(.robust, findings) == plain, "the first of equals")
    for seed in experiment.reportedSeeds { findings.set(.outcome(.total, .worst(0.3)), of: plain, seed, to: 9) }
    findings.set(.outcome(.total, .worst(0.3)), of: truth, experiment.tuningSeeds[0], to: 2)
    #expect(try experiment.chosen(.robust, findings) == truth)
    let number = try experiment.outcome(.total, under: .gradient, .best(.robust))
    #expect(try number.value(findings, experiment.reportedSeeds[0]) == 1)
  }

  /// Where each side has one form, no time is spent on choosing.
  @Test func oneFormOfEachSideNeedsNoSearch() throws {
    let experiment = E(preset("quick"))
    #expect(try experiment.chosen(.antifragile, Findings([], seeds: [])).description == "curriculum T + W 0.1")
    #expect(try !experiment.sweep().tasks(.madeUp(seeds: [])).contains { experiment.tuningSeeds.contains($0.seed) })
  }

  /// Fifteen percent of a negative return, thirty percent of conflicts.
  @Test func gainsAreInUnitsOfTheRival() throws {
    var configuration = preset("quick")
    configuration.seeds.count = 8
    let experiment = E(configuration)
    let claims = try experiment.claims()
    func verdict(_ id: String, own: Double, rival: Double, _ outcome: ControlOutcome) throws -> Verdict {
      var findings = Findings<AntifragileArm>.madeUp(seeds: experiment.reportedSeeds)
      for seed in experiment.reportedSeeds {
        let wobble = 0.01 * sin(Double(7 * seed))
        let best = try experiment.chosen(.antifragile, findings)
        findings.set(.outcome(outcome, .worst(0.3)), of: best, seed, to: own + wobble)
        findings.set(.outcome(outcome, .worst(0.3)), of: .standard, seed, to: rival)
      }
      return try claims.first { $0.claim.id == id }!.decide(findings, alpha: 0.05).verdict
    }
    #expect(try verdict("return/standard/gradient", own: -8.4, rival: -10, .total) == .upheld)
    #expect(try verdict("return/standard/gradient", own: -8.6, rival: -10, .total) == .refuted)
    #expect(try verdict("conflicts/standard/gradient", own: 1.3, rival: 2, .conflicts) == .upheld)
    #expect(try verdict("conflicts/standard/gradient", own: 1.5, rival: 2, .conflicts) == .refuted)
  }

  /// Fails when a task looks up for the second time, as a machine that is switched off.
  private final class Fuse: RunSink {
    struct Blown: Error {}
    let task: String
    private var looks = 0
    init(_ task: String) { self.task = task }
    func record(_ event: RunEvent) throws {
      guard event.kind == "look", event.task == task else { return }
      looks += 1
      if looks == 2 { throw Blown() }
    }
    func flush() throws {}
  }

  /// An expert and a further training, each cut off between two of its checkpoints, end in the same numbers as without.
  @Test func trainingsGoOnExactly() throws {
    var configuration = preset("smoke")
    (configuration.arms, configuration.robust) = (
      ["standard", "adversarial T", "curriculum T + W 0.1 chained"], ["adversarial T"]
    )
    configuration.antifragile = ["curriculum T + W 0.1 chained"]
    let experiment = E(configuration)
    func folder() throws -> RunFolder {
      try RunFolder.create(NSTemporaryDirectory() + "descent-antifragile-\(UUID().uuidString)")
    }
    func run(_ folder: RunFolder, _ earlier: [RunEvent], _ sinks: [any RunSink]) throws {
      try experiment.run(
        RunContext(
          folder: folder, data: DataLocator(), fingerprint: "f", earlier: earlier, sinks: sinks, isQuiet: true,
          clock: { 0 }))
    }
    let (whole, cut) = (try folder(), try folder())
    defer { for folder in [whole, cut] { try? FileManager.default.removeItem(atPath: folder.path) } }
    let first = MemorySink()
    try run(whole, [], [first])
    var earlier: [RunEvent] = []
    for task in ["expert/seed 0", "curriculum T + W 0.1 chained/seed 0"] {
      let sink = MemorySink()
      let known = earlier
      #expect(throws: Fuse.Blown.self) { try run(cut, known, [sink, Fuse(task)]) }
      let store = CheckpointStore(
        folder: cut.checkpointFolder + "/" + task.replacing(" ", with: "-"), fingerprint: "f")
      #expect(store.steps() == [480])
      earlier += sink.events.filter { $0.kind == "result" }
    }
    let last = MemorySink()
    try run(cut, earlier, [last])
    func results(_ events: [RunEvent]) -> Set<String> { Set(events.filter { $0.kind == "result" }.map(\.json)) }
    #expect(results(first.events) == results(earlier + last.events))
  }
}
