import Experiments
import Foundation
import RunLogs
import Statistics
import TestSupport
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

  /// Training rows may choose and decide: how well an arm descends. What is said is of them, and the test part is not asked.
  @Test func trainingRowsMayDecide() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let comparison = try MadeUpTable.comparison(Self.arms, on: [MadeUpTable.problem("numbers", table: 1)]) {
      ($0.trials, $0.seeds.count, $0.measure) = (3, 3, "train/loss")
    }
    let result = try comparison.run(out: folder)
    let pair = try #require(result.pairs.first)
    #expect(pair.measure == "training loss (standardised)")
    let results = try log(folder).filter { $0.kind == "result" }
    let seeds = ["/seed 0", "/seed 1", "/seed 2"]
    let judged = results.filter { event in seeds.contains { event.task.hasSuffix($0) } }
    func mean(_ arm: String, _ tag: String) throws -> Double {
      let own = judged.filter { $0.task.contains("/\(arm)/") }
      #expect(own.count == 3)
      return try own.reduce(0) { $0 + (try #require($1.values[tag])) } / 3
    }
    let difference = try mean("sgd", "train/loss") - mean("adam", "train/loss")
    #expect(abs(pair.evidence.estimate - difference) < 1e-9 * max(1, abs(difference)))
    for event in results {
      #expect(event.values["validation/loss"] != nil && event.values["constant/train/loss"] != nil, "\(event.task)")
    }
    // The curve is of the training rows: the last look, where weights are the best of all looks, is no better than the result.
    let looks = try log(folder).filter { $0.kind == "look" }
    #expect(looks.allSatisfy { $0.values["train/loss"] != nil && $0.values["validation/loss"] == nil })
    for event in judged {
      let own = looks.filter { $0.task == event.task }.compactMap { $0.values["train/loss"] }
      #expect(abs(own.min()! - event.values["train/loss"]!) < 1e-6)
    }
    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    for part in ["training loss", "on all training rows"] { #expect(html.contains(part), "\(part)") }
    #expect(result.text().contains("training loss"))
    #expect(throws: SettingsError.self) { try ComparedMeasure("train/los") }
    #expect(try ComparedMeasure("loss/train") == ComparedMeasure("train/loss"))
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
    #expect(result.outcome.verdicts.decisions.count == 6, "a margin adds no tests")
    for line in result.text().split(separator: "\n") where !line.hasPrefix("report:") { #expect(line.count <= 100) }
    #expect(result.text().contains("fixed was not tuned (1 trial)"))
    #expect(!result.text().contains("Sgd") && !result.text().contains("Adam"), "names stay as they were given")
    for pair in result.pairs {
      #expect(pair.measure == (pair.data == "numbers" ? "test loss (standardised)" : "test loss"))
    }
    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    for part in [
      "Performance profile", "numbers: loss (standardised) on tuning seeds by rate",
      "classes: validation loss over updates",
      "constant prediction", "Arms share their seeds", "mean and 95 % interval over 3 seeds",
    ] {
      #expect(html.contains(part), "\(part)")
    }
    let events = try log(folder)
    // Each descent is a row of trials.csv, with what stood in its braces.
    let table = try String(contentsOfFile: folder + "/trials.csv", encoding: .utf8).split(separator: "\n")
    let (tuning, judging) = (2 * (3 + 3 + 1) * (2 + 4), 2 * 3 * 3)
    #expect(table.count == 1 + tuning + judging)
    #expect(table[0].hasPrefix("data,arm,trial,part,seed,setting,rate,batch,constant/"), "\(table[0])")
    #expect(
      table.count { $0.contains(",judging,") } == judging && table.count { $0.contains(",tuning,100") } == tuning)
    let second = try #require(table.first { $0.hasPrefix("classes,adam,2,tuning,1000,") }).split(
      separator: ",", omittingEmptySubsequences: false)
    let chosen = second[5].components(separatedBy: "; ")
    #expect(chosen[0] == "adam | rate \(second[6])" && chosen[1] == "batch \(second[7])", "\(second)")
    // Equal numbers of trials on tuning seeds, but for the arm that has one setting, all in both rounds; each best on fresh seeds.
    let results = events.filter { $0.kind == "result" }
    #expect(results.count == tuning + judging)
    // The test part is read by the runs that decide, once each, and by no other.
    for event in results {
      let isReported = ["/seed 0", "/seed 1", "/seed 2"].contains { event.task.hasSuffix($0) }
      #expect((event.values["test/loss"] != nil) == isReported, "\(event.task)")
    }

    let saved = try RunSession.settings(ComparisonExperiment.self, RunFolder.open(folder))
    try EditedLog.check(ComparisonExperiment(saved), events)
    // Before it has seen its data it says so.
    #expect(throws: SettingsError.self) { try ComparisonExperiment(comparison.configuration).claims() }

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

  /// Trials that diverge are never chosen, a reported descent that does is the worst, and an arm of which all do is out: the
  /// others are judged.
  @Test func divergenceIsWorst() throws {
    let result = try MadeUpTable.verdict(["wild: momentum 0.9 | rate {0.01, 1e30}", "tame: rate 0.05"]) {
      ($0.seeds.count, $0.seeds.tuningCount) = (2, 1)
    }
    #expect(result.settings["made-up"]!["wild"]!.contains("rate 0.01"))
    let lost = try MadeUpTable.verdict(["wild: rate {1e29...1e30}", "tame: rate 0.05", "slow: rate 1e-6"]) {
      ($0.seeds.count, $0.seeds.tuningCount) = (4, 1)
    }
    #expect(lost.pairs.map(\.outcome) == [.notApplicable, .notApplicable, .firstIsBetter])
    #expect(lost.pairs[0].obstacles == ["all 6 trials of wild diverged"])
    #expect(lost.settings["made-up"]!.keys.sorted() == ["slow", "tame"])
    let text = lost.text()
    #expect(text.contains("all 6 trials of wild") && text.contains("tame is better"), "\(text)")
    let all = try MadeUpTable.verdict(["wild: rate 1e30", "wilder: rate 1e31"]) {
      ($0.seeds.count, $0.seeds.tuningCount) = (2, 1)
    }
    #expect(all.pairs[0].obstacles.count == 2 && all.text().contains("cannot be judged on made-up: the only"))
  }

  /// What two arms are worth beside each other does not depend on a third, and that descents diverged is said.
  @Test func divergenceCountsWithinItsPair() throws {
    var c = ComparisonConfiguration(data: ["t.csv"], arms: ["a: rate 1", "b: rate 2", "c: rate 3"], trials: 1)
    c.problems = [ComparedProblem(name: "t", account: "", fingerprint: "", hasTest: true, classes: 0)]
    let experiment = ComparisonExperiment(c)
    let (plan, claim) = (try experiment.plan(), try #require(try experiment.claims().first))
    #expect(claim.claim.id == "t/a/b")
    func decision(worstOfAThird third: Double) throws -> Decision {
      var findings = Findings<ComparisonTrial>.madeUp(
        seeds: experiment.reportedSeeds, ComparisonExperiment.madeUpMeasures)
      for (arm, base) in [3.0, 1, third].enumerated() {
        let trial = plan.trials(0, arm)[0]
        for seed in 1000..<1010 { findings.set(Measure("validation/loss"), of: trial, seed, to: base) }
        for (index, seed) in experiment.reportedSeeds.enumerated() {
          findings.set(Measure("diverged"), of: trial, seed, to: arm == 0 && index < 2 ? 1 : 0)
          findings.set(Measure("test/loss"), of: trial, seed, to: base + 0.1 * Double(index % 3))
        }
      }
      return try claim.decide(findings, alpha: 0.05)
    }
    let found = try decision(worstOfAThird: 2)
    #expect(found.verdict == .refuted && found.evidence.reason.contains("2 of 10 fresh descents of a on t diverged"))
    #expect(try decision(worstOfAThird: 1e6).evidence.estimate == found.evidence.estimate)
    // The worst of both is 3.2, in place of 3 and 3.1.
    #expect(abs(found.evidence.estimate - (2 + (0.2 + 0.1) / 10)) < 1e-9, "\(found.evidence.estimate)")
  }

  /// A schedule that is over long before its descents is said, one of their length is not.
  @Test func idleRatesAreSaid() throws {
    let result = try MadeUpTable.verdict(["short: rate linear(0.1, 0, 5updates)", "whole: rate linear(0.1, 0, budget)"])
    {
      ($0.seeds.count, $0.seeds.tuningCount) = (2, 1)
    }
    let text = result.text().replacing("\n", with: " ")
    #expect(
      text.contains("The rate of short on made-up is 0 in the last") && text.contains("The word budget"), "\(text)")
    #expect(!text.contains("The rate of whole"), "\(text)")
  }

  /// What a search found is one number, and no seed's.
  @Test func preconditionsOfASearchAreMeasuredOnce() throws {
    let result = try MadeUpTable.verdict(["a: momentum 0.9 | rate {0.001...1}", "b: rate 0.05"])
    let found = result.outcome.verdicts.preconditions
    #expect(found.contains { $0.name.contains("stay finite") } && found.contains { $0.name.hasPrefix("most room ") })
    for condition in found where !condition.name.hasPrefix("gain ") {
      #expect(condition.count == 1 && condition.interval.low.isNaN, "\(condition.name)")
    }
  }

  /// A best setting at the end of its range bars the verdicts that the arm is part of, and no others.
  @Test func aRangeThatIsTooNarrowIsToBeWidened() throws {
    let result = try MadeUpTable.verdict([
      "narrow: rate {1e-6...1e-4}", "tuned: momentum 0.9 | rate {0.001...1}", "b: rate 1e-6",
    ])
    #expect(result.pairs.map(\.outcome) == [.notApplicable, .notApplicable, .firstIsBetter])
    #expect(result.pairs[0].obstacles == ["widen narrow's rate upwards"])
    let text = result.text().replacing("\n", with: " ")
    #expect(text.contains("is the highest of {1e-6...0.0001} that was tried and did well: widen the range"), "\(text)")
    let failed = result.outcome.verdicts.preconditions.filter { !$0.holds }
    #expect(
      failed.map(\.name) == ["most room above a rate of narrow as good as its best on made-up (share of its range)"])
  }

  /// One arm alone is tuned: all its trials, the best of them, its value on fresh seeds; no claim.
  @Test func oneArmIsTuned() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let result = try MadeUpTable.comparison(
      ["sgd: momentum 0.9 | rate {0.001...1}"], on: [MadeUpTable.problem(table: 1)]
    ) { ($0.seeds.count, $0.seeds.tuningCount) = (3, 2) }.run(out: folder)
    let best = try #require(result.settings["made-up"]?["sgd"])
    let text = result.text().replacing("\n", with: " ")
    #expect(result.pairs.isEmpty && result.outcome.verdicts.decisions.isEmpty)
    #expect(text.hasPrefix("Of 6 trials of sgd on made-up the best is \(best): test loss (standardised) "), "\(text)")
    #expect(text.contains(" on 3 fresh seeds") && text.contains("worst seed"))
    for line in result.text().split(separator: "\n") where !line.hasPrefix("report:") { #expect(line.count <= 100) }
    // The best trial is the first row.
    let row = try #require(result.text().split(separator: "\n").drop { !$0.hasPrefix("trial  ") }.dropFirst().first)
    let rate = try #require(best.components(separatedBy: "rate ").last?.components(separatedBy: ";").first)
    #expect(row.contains(" \(rate) "), "\(row)")
    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    #expect(
      html.contains("Trials on made-up") && html.contains("on tuning seeds by rate") && !html.contains("<h2>Pairs"))
  }

  /// With a margin better is better by more than that, whatever the p-value of the plain difference.
  @Test func aDifferenceWithinTheMarginIsNone() throws {
    let arms = ["slow: rate 1e-6", "tame: rate 0.05"]
    func outcome(_ margin: Double?) throws -> PairVerdict {
      try MadeUpTable.verdict(arms) { ($0.seeds.tuningCount, $0.decision.margin) = (1, margin) }.pairs[0]
    }
    let plain = try outcome(nil)
    #expect(plain.outcome == .secondIsBetter && plain.evidence.interval.level == 0.95)
    let difference = plain.evidence.estimate
    let wide = try outcome(3 * difference)
    #expect(wide.outcome == .same && wide.winner == nil && wide.evidence.interval.level == 0.9)
    #expect(wide.sentence == "slow and tame are the same on made-up within the margin")
    #expect(try outcome(difference).outcome == .undecided)
    #expect(try outcome(difference / 1000).outcome == .secondIsBetter)
  }

  /// What a correction for several claims takes back is said as that, not as "no difference".
  @Test(arguments: [nil, 0.5]) func whatHolmTakesBackIsSaid(_ margin: Double?) throws {
    var c = ComparisonConfiguration(data: ["t.csv"], arms: (1...5).map { "a\($0): rate 1" })
    c.decision.margin = margin
    c.problems = [ComparedProblem(name: "t", account: "", fingerprint: "", hasTest: true, classes: 2)]
    let experiment = ComparisonExperiment(c)
    var findings = Findings<ComparisonTrial>.madeUp(
      seeds: experiment.reportedSeeds, ComparisonExperiment.madeUpMeasures)
    let plan = try experiment.plan()
    for arm in 0..<5 {
      for (index, seed) in experiment.reportedSeeds.enumerated() {
        // The first is lower than the others by a little more than chance; without a margin too little for ten claims. With one it lies
        // within as narrowly.
        let (noise, shift) = (sin(Double(7 * index + 3 * arm)), arm == 0 ? (margin == nil ? -1.1 : 0.0) : 0.0)
        findings.set(
          Measure("test/loss"), of: plan.trials(0, arm)[0], seed, to: 2 + (margin == nil ? 1 : 0.45) * noise + shift)
        findings.set(Measure("constant/test/loss"), of: plan.trials(0, arm)[0], seed, to: 9)
      }
    }
    let decisions = try experiment.decide(findings).decisions
    let pairs = try experiment.pairs(decisions)
    let lost = pairs.filter { $0.alone != nil }
    #expect(!lost.isEmpty, "\(decisions.map { ($0.evidence.pValue, $0.evidence.adjustedPValue!) })")
    for pair in pairs {
      let e = pair.evidence
      #expect((pair.alone != nil) == (e.pValue < 0.05 && e.adjustedPValue! >= 0.05))
    }
    for pair in lost {
      #expect(pair.winner == nil && pair.outcome == (margin == nil ? .noDifference : .undecided))
      #expect(
        pair.alone == (margin != nil ? .same : pair.evidence.estimate < 0 ? .firstIsBetter : .secondIsBetter)
          && pair.sentence.contains("after Holm's correction"))
      #expect(ComparisonExperiment.row(pair)[2].hasPrefix("not after Holm's correction; alone: "))
    }
    let opening = try #require(experiment.opening(decisions, findings))
    #expect(
      margin != nil
        || opening.contains("(\(lost.count) more alone, without Holm's correction for 10 claims)"),
      "\(opening)")
  }

  /// What cannot be is refused before there is a folder.
  @Test func nothingIsWrittenForWhatCannotBe() throws {
    func refuses(_ hint: String, _ arms: [String], _ change: (inout ComparisonConfiguration) -> Void = { _ in }) {
      #expect {
        _ = try MadeUpTable.comparison(arms, on: [MadeUpTable.problem(table: 1)], change).run(out: folder)
      } throws: { "\($0)".contains(hint) }
      #expect(!FileManager.default.fileExists(atPath: folder))
    }
    refuses("takes images", ["a: rate 1", "b: rate 1; model cnn"])
    refuses("only images can be cropped", ["a: rate 1; augment flip", "b: rate 1"])
    refuses("takes classes", ["a: rate 1; loss crossEntropy", "b: rate 1"])
    refuses("takes classes", ["a: rate 1; loss {huber, stableMax}", "b: rate 1"])
    refuses("does not apply to made-up", ["a: rate 1", "b: rate 2"]) { $0.measure = "validation/accuracy" }
  }

  /// Each claim can come out in every way, and is not judged where nothing was learned.
  @Test(
    arguments: [
      ("validation/loss", 0, 1), ("validation/accuracy", 3, 1), ("train/loss", 0, 1), ("validation/loss", 2, 5),
    ],
    [nil, 0.1])
  func claimsComeOutInEveryWay(_ kind: (measure: String, classes: Int, testParts: Int), _ margin: Double?) throws {
    let (measure, classes, testParts) = kind
    var c = ComparisonConfiguration(
      data: ["t.csv"], arms: Self.arms + ["third: rate 1"], measure: measure, testParts: testParts)
    (c.decision.margin, c.watch) = (margin, margin == nil ? "sharpness, flatness" : nil)
    c.problems = (1...testParts).map { part in
      ComparedProblem(
        name: testParts == 1 ? "t" : "t-test\(part)", account: "", fingerprint: "", hasTest: true, classes: classes)
    }
    let experiment = ComparisonExperiment(c)
    try experiment.check()
    try EveryVerdict.check(experiment)
  }

  /// Parts of one's own that cannot be compared are named before anything is written.
  @Test func ownPartsAreChecked() throws {
    let folder = TemporaryFolder()
    @Sendable func data(_ count: Int, from first: Int = 0, width: Int = 2) -> Dataset {
      let x = RandomKey(seed: first).normal([count, width])
      return Dataset(
        name: "own", features: .numbers(x),
        targets: .numbers(NDArray((0..<count).map { Float(x[flat: width * $0]) }, shape: [count, 1])))
    }
    func run(_ make: @escaping @Sendable (Int) throws -> TrainingProblem) throws {
      let comparison = try MadeUpTable.comparison(
        ["a: rate {0.01...1}", "b: adam | rate {0.001...0.1}"], on: [.init("own", make)])
      _ = try comparison.run(out: folder.path + "/own", replacing: true)
    }
    let cases: [(String, @Sendable (Int) throws -> TrainingProblem)] = [
      (
        "the test part is empty",
        { _ in TrainingProblem(train: data(60), validation: data(20, from: 1), test: data(0, from: 2)) }
      ),
      (
        "the validation part's examples are not like",
        { _ in TrainingProblem(train: data(60), validation: data(20, width: 3)) }
      ),
      (
        "the same examples for all seeds",
        { seed in TrainingProblem(train: data(60), validation: data(20, from: 1), test: data(20, from: seed)) }
      ),
    ]
    for (hint, make) in cases { #expect { try run(make) } throws: { "\($0)".contains(hint) } }
  }
}
