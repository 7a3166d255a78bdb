import Experiments
import RunLogs
import Testing

@Suite struct FindingsTests {
  private let arm = ToyArm.tuned("brave")
  private let events = [
    RunEvent(kind: "look", task: "brave/seed 3", step: 1, time: 0, values: ["heat": 4], text: "warm"),
    RunEvent(
      kind: "result", task: "brave/seed 3", step: 9, time: 0,
      values: ["loss of the toy": 0.5, "at/20/z": 1, "at/3/z": 2, "at/3/layer/z": 5]),
    RunEvent(kind: "look", task: "brave/seed 4", step: 1, time: 0, values: ["heat": 5]),
  ]

  /// A number is there, or it is said which task lacks what.
  @Test func nothingIsMadeUp() throws {
    let findings = Findings<ToyArm>(events, seeds: [3, 4])
    #expect(try findings[arm, 3, .toyLoss] == 0.5)
    #expect(throws: FindingsError.missing(measure: .toyHeat, task: "brave/seed 3")) {
      try findings[arm, 3, .toyHeat]
    }
    #expect(throws: FindingsError.unfinished(task: "brave/seed 4")) { try findings[arm, 4, .toyLoss] }
    #expect(try findings.ifMeasured(.toyHeat, of: arm, 3) == nil)
    #expect(throws: FindingsError.unfinished(task: "brave/seed 4")) {
      try findings.ifMeasured(.toyHeat, of: arm, 4)
    }
    #expect(try findings.finished(arm) == [3] && findings.values(.toyLoss, of: arm) == [0.5])
    #expect(try findings.valuesIfMeasured(.toyHeat, of: arm) == nil)
    #expect("\(FindingsError.missing(measure: .toyHeat, task: "brave/seed 3"))".contains("heat"))
  }

  /// What a task recorded on its way is its own, of its kind, in the order of the log.
  @Test func recordsAreOfTaskAndKind() throws {
    let more =
      events + [
        RunEvent(kind: "look", task: "brave/seed 3", step: 2, time: 0, values: ["heat": 6]),
        RunEvent(kind: "word", task: "brave/seed 3", step: 2, time: 0, values: ["heat": 7], text: "hot"),
      ]
    let findings = Findings<ToyArm>(more, seeds: [3, 4])
    #expect(
      findings.records("look", of: arm, 3).map(\.step) == [1, 2]
        && findings.records("word", of: arm, 3).map(\.text) == ["hot"])
    #expect(findings.records("look", of: arm, 4).count == 1 && findings.records("word", of: arm, 4).isEmpty)
    #expect(findings.records("look", of: arm, 5).isEmpty)
    #expect(findings.series(.toyHeat, of: arm, 3, kind: "look").map(\.value) == [4, 6])
  }

  /// Indices of a family are those of its names alone.
  @Test func familiesKnowTheirIndices() throws {
    let findings = Findings<ToyArm>(events, seeds: [3, 4])
    let z = MeasureFamily<Int>("at/", "/z")
    #expect(try findings.indices(of: z, of: arm, 3) == [3, 20])
    #expect(try z[20].tag == "at/20/z" && findings[arm, 3, z[20]] == 1)
    #expect(throws: FindingsError.unfinished(task: "brave/seed 4")) { try findings.indices(of: z, of: arm, 4) }
  }

  @Test func eventsOnTheWay() throws {
    let findings = Findings<ToyArm>(events, seeds: [3, 4])
    #expect(findings.series(.toyHeat, of: arm, 4, kind: "look").map(\.value) == [5])
    let record = try #require(findings.records("look", of: arm, 3).first)
    #expect(try record.step == 1 && record.text == "warm" && record[.toyHeat] == 4)
    #expect(throws: FindingsError.missing(measure: .toyLoss, task: "brave/seed 3")) { try record[.toyLoss] }
  }

  /// A finished task without a value that a claim needs is an error, and no "undecided".
  @Test func aMissingValueIsAnError() throws {
    var toy = ToyExperiment(ToyConfiguration())
    toy.measures = false
    // The search needs it too, so the run itself ends there.
    #expect { try toy.run() } throws: {
      "\($0)".contains("has ended without loss of the toy")
    }
    var findings = Findings<ToyArm>([], seeds: [0, 1])
    for seed in [0, 1] {
      for name in ["plain", "brave"] { findings.set(.toyHeat, of: .tuned(name), seed, to: 50) }
    }
    #expect(throws: FindingsError.missing(measure: .toyLoss, task: "plain/seed 0")) {
      try ToyExperiment(ToyConfiguration()).decide(findings)
    }
  }
}
