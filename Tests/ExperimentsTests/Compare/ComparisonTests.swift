import Experiments
import Foundation
import RunLogs
import Testing
import Training

@Suite(.serialized) struct ComparisonTests {
  private let folder = NSTemporaryDirectory() + "descent-comparison-\(UUID().uuidString)"
  private static let arms = ["sgd: momentum 0.9 | rate {0.001...1}", "adam: adam | rate {0.001...1}; batch {16, 32}"]

  private func log(_ path: String) throws -> [RunEvent] { try RunFolder.open(path).events() }

  /// Everything that is recorded, but for what the clock says.
  private func withoutTimes(_ events: [RunEvent]) -> Set<String> {
    Set(
      events.filter { ["look", "result"].contains($0.kind) }.map { event in
        var event = event
        event.time = 0
        event.values["seconds"] = nil
        return event.json
      })
  }

  /// Two data sets, three arms, a margin: report, profile and text; then the same from a log that was cut off.
  @Test func aRunIsWholeAndResumesExactly() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let problems = [
      MadeUpTable.problem("numbers", table: 1), MadeUpTable.problem("classes", table: 2, isClassified: true),
    ]
    let comparison = try MadeUpTable.comparison(Self.arms + ["fixed: rate 0.05"], on: problems) {
      ($0.trials, $0.seeds.count, $0.decision.margin) = (3, 3, 0.05)
    }
    let result = try comparison.run(out: folder)
    #expect(result.pairs.count == 6 && result.settings["classes"]!.count == 3)
    #expect(result.outcome.verdicts.decisions.count == 12)
    for line in result.text().split(separator: "\n") where !line.hasPrefix("report:") { #expect(line.count <= 100) }
    #expect(result.text().contains("fixed was not tuned (1 trial)"))
    #expect(!result.text().contains("Sgd") && !result.text().contains("Adam"), "names stay as they were given")
    for pair in result.pairs {
      #expect(pair.measure == (pair.data == "numbers" ? "test loss (standardised)" : "test loss"))
    }
    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    for part in [
      "Performance profile", "numbers: loss (standardised) on tuning seeds by rate", "classes: validation loss, mean",
      "constant prediction",
    ] {
      #expect(html.contains(part), "\(part)")
    }
    let events = try log(folder)
    // Equal numbers of trials on tuning seeds, but for the arm that has one setting; each best on fresh seeds.
    let results = events.filter { $0.kind == "result" }
    #expect(results.count == 2 * ((3 + 3 + 1) * 2 + 3 * 3))
    // The test part is read by the runs that decide, once each, and by no other.
    for event in results {
      let isReported = ["/seed 0", "/seed 1", "/seed 2"].contains { event.task.hasSuffix($0) }
      #expect((event.values["test/loss"] != nil) == isReported, "\(event.task)")
    }

    // As if it had been killed: half of the tasks never ended, and a line was cut off.
    let path = try RunFolder.open(folder).logPath
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    let cut = lines.prefix(lines.count / 2).joined(separator: "\n") + "\n" + lines[lines.count / 2].prefix(20)
    try cut.write(toFile: path, atomically: true, encoding: .utf8)
    let again = try comparison.resume(folder)
    #expect(again.pairs == result.pairs && again.settings == result.settings)
    #expect(withoutTimes(try log(folder)) == withoutTimes(events))

    // Other settings or other data are not these.
    let other = try MadeUpTable.comparison(Self.arms, on: problems)
    #expect { _ = try other.resume(folder) } throws: { "\($0)".contains("other settings") }
    try String(lines.prefix(5).joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    let changed = try MethodComparison(
      comparison.configuration, on: [MadeUpTable.problem("numbers", table: 3), problems[1]])
    #expect { _ = try changed.resume(folder) } throws: { "\($0)".contains("numbers has changed") }
  }

  /// Pairs are pairs: same split, same start, same batches, so that arms that mean the same have equal bits; 16 rows are the
  /// batch of so small a table.
  @Test func armsOfASeedShareAllButWhatTheyChange() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try MadeUpTable.comparison(
      ["a: rate 0.05", "b: rate 0.05; batch 16", "c: rate 0.05; draw 1"], on: [MadeUpTable.problem(table: 1)]
    ) { ($0.seeds.count, $0.seeds.tuningCount) = (2, 1) }.run(out: folder)
    let results = try log(folder).results
    func loss(_ arm: String, _ seed: Int) throws -> Double {
      try #require(results["made-up/\(arm)/trial 1/seed \(seed)"]?["test/loss"])
    }
    #expect(try loss("a", 0) == loss("b", 0) && loss("a", 1) == loss("b", 1))
    #expect(try loss("a", 0) != loss("a", 1) && loss("a", 0) != loss("c", 0))
  }

  /// Trials that diverge are never chosen, a reported descent that does is the worst, and if all do it is said.
  @Test func divergenceIsWorst() throws {
    let result = try MadeUpTable.verdict(["wild: momentum 0.9 | rate {0.01, 1e30}", "tame: rate 0.05"]) {
      ($0.seeds.count, $0.seeds.tuningCount) = (2, 1)
    }
    #expect(result.settings["made-up"]!["wild"]!.contains("rate 0.01"))
    #expect {
      try MadeUpTable.verdict(["wild: rate {1e29...1e30}", "tame: rate 0.05"]) { $0.seeds.tuningCount = 1 }
    } throws: {
      "\($0)".contains("wild on made-up: all 6 trials diverged on the tuning seeds")
    }
  }

  /// What cannot be is refused before there is a folder.
  @Test func nothingIsWrittenForWhatCannotBe() throws {
    func refuses(_ hint: String, _ arms: [String], _ change: (inout ComparisonConfiguration) -> Void = { _ in }) {
      #expect {
        _ = try MadeUpTable.comparison(arms, on: [MadeUpTable.problem(table: 1)], change).run(out: folder)
      } throws: { "\($0)".contains(hint) }
      #expect(!FileManager.default.fileExists(atPath: folder))
    }
    refuses("do not fill one batch of 500", ["a: rate 1; batch 500", "b: rate 1"])
    refuses("takes images", ["a: rate 1", "b: rate 1; model cnn"])
    refuses("takes classes", ["a: rate 1; loss crossEntropy", "b: rate 1"])
    refuses("does not apply to made-up", ["a: rate 1", "b: rate 2"]) { $0.measure = "validation/accuracy" }
  }

  /// Each claim can come out in every way, and is not judged where nothing was learned.
  @Test(arguments: [("validation/loss", 0), ("validation/accuracy", 3)])
  func claimsComeOutInEveryWay(_ measure: String, _ classes: Int) throws {
    var c = ComparisonConfiguration(data: ["t.csv"], arms: Self.arms + ["third: rate 1"], measure: measure)
    c.decision.margin = 0.1
    c.problems = [ComparedProblem(name: "t", account: "", fingerprint: "", hasTest: true, classes: classes)]
    let experiment = ComparisonExperiment(c)
    try experiment.check()
    for test in try experiment.claims() {
      for wanted in [Verdict.upheld, .refuted, .undecided] {
        var findings = Findings<ComparisonTrial>.madeUp(
          seeds: experiment.reportedSeeds, ComparisonExperiment.madeUpMeasures)
        try test.makeUp(wanted, alpha: 0.05, &findings)
        #expect(try test.decide(findings, alpha: 0.05).verdict == wanted, "\(test.claim.id) \(wanted)")
        for holds in [true, false] {
          for condition in test.conditions { try condition.makeUp(holding: holds, &findings) }
          #expect(try test.conditions.allSatisfy { try $0.measured(findings).holds } == holds)
        }
        #expect(
          try experiment.decide(findings).decisions.first { $0.claim.id == test.claim.id }?.verdict == .notApplicable)
      }
    }
  }
}
