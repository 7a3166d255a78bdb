import Experiments
import Foundation
import RunLogs
import Testing
import Training

/// The smallest preset of an experiment runs, goes on where it was cut off, and its report is made from the log alone.
@Suite struct SmokeTests {
  private func check<E: Experiment>(_ type: E.Type, deciding expected: Set<String>) throws {
    let experiment = E(E.presets.first { $0.name == "smoke" }!.configuration)
    let folder = try RunFolder.create(NSTemporaryDirectory() + "descent-smoke-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    func run(_ earlier: [RunEvent]) throws -> [RunEvent] {
      let sink = MemorySink()
      let context = RunContext(
        folder: folder, data: DataLocator(), fingerprint: "f", earlier: earlier, sinks: [sink], isQuiet: true,
        clock: { 0 })
      try experiment.run(context)
      return sink.events
    }
    let events = try run([])
    let results = events.filter { $0.kind == "result" }
    #expect(Set(results.map(\.task)).count == results.count)
    // On resuming, what belongs to no finished task is cut off and must be recorded again with its task.
    #expect(Set(events.map(\.task)).subtracting([""]).isSubset(of: Set(results.map(\.task))))
    // The last task again, with the same numbers; nothing else.
    let last = try #require(results.last)
    let again = try run(events.filter { $0 != last }).filter { $0.kind == "result" }
    // As text, in which what is no number equals itself.
    #expect(again.map(\.json) == [last.json])
    #expect(try run(events).filter { $0.kind == "result" }.isEmpty)
    let (verdicts, report) = try experiment.report(
      events, context: ReportContext(command: "command", environment: "environment", configuration: "configuration"))
    #expect(expected.isSubset(of: Set(verdicts.decisions.map(\.claim.id))))
    let drawn = report.sections.contains { section in
      if case .plot = section { return true }
      return false
    }
    #expect(drawn)
    try EditedLog.check(experiment, events)
  }

  @Test func antifragileControl() throws {
    try check(
      AntifragileControlExperiment.self,
      deciding: ["shift-grows", "alignment-bounds-shift", "return/standard/gradient", "conflicts/robust/spoofing"])
  }

  @Test func phaseRetrieval() throws {
    try check(PhaseRetrievalExperiment.self, deciding: ["printed-transition", "between-d2", "beats-amplitude"])
  }

  @Test func distributedLimits() throws {
    try check(
      DistributedLimitsExperiment.self, deciding: ["lemma-support", "old-chain/race", "equal-speeds", "breaks/m3-rand"])
  }

  @Test func lossTransformation() throws {
    try check(LossTransformationExperiment.self, deciding: ["faster/sgd/well", "control/adam/curve", "formula"])
  }

  @Test func multiObjective() throws {
    try check(
      MultiObjectiveExperiment.self,
      deciding: ["linear/STIMULUS", "samples-n/MGD", "fewer/logistic/SMGD", "momentum/quadratic"])
  }

  @Test func trainedEmbeddingAttention() throws {
    try check(TrainedEmbeddingAttentionExperiment.self, deciding: ["alignment-synthetic", "margin-synthetic"])
  }

  @Test func gradientPrompting() throws {
    try check(
      GradientPromptingExperiment.self,
      deciding: ["likelier-than-plain-step", "reversal-improves", "outer-gradient"])
  }

  /// The experiment that newcomers copy (a link into `Examples`).
  @Test func example() throws { try check(MomentumExperiment.self, deciding: ["lower-loss", "same-start"]) }
}
