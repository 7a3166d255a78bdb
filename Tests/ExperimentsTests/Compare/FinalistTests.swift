import Experiments
import Foundation
import RunLogs
import Testing
import Training

/// The second round of a comparison's search.
@Suite struct FinalistTests {
  private static let arms = ["a: rate {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}", "b: rate 1"]

  private func experiment(_ finalists: Finalists?, trials: Int = 6) throws -> ComparisonExperiment {
    var c = ComparisonConfiguration(data: ["t.csv"], arms: Self.arms, trials: trials, finalists: finalists)
    c.problems = [ComparedProblem(name: "t", account: "", fingerprint: "", hasTest: true, classes: 0)]
    let experiment = ComparisonExperiment(c)
    try experiment.check()
    return experiment
  }

  /// Losses of arm a's trials on the seeds of the first round and on further ones; nil for one that diverges.
  private func findings(
    _ experiment: ComparisonExperiment, _ losses: [(first: Double?, further: Double?)]
  ) throws -> Findings<ComparisonTrial> {
    var findings = Findings<ComparisonTrial>.madeUp(
      seeds: experiment.reportedSeeds, ComparisonExperiment.madeUpMeasures)
    let plan = try experiment.plan()
    for (trial, losses) in zip(plan.trials(0, 0), losses) {
      for seed in 1000..<1010 {
        let loss = seed < 1003 ? losses.first : losses.further
        findings.set(Measure("diverged"), of: trial, seed, to: loss == nil ? 1 : 0)
        findings.set(Measure("validation/loss"), of: trial, seed, to: loss ?? 0)
      }
    }
    for seed in 1000..<1010 { findings.set(Measure("validation/loss"), of: plan.trials(0, 1)[0], seed, to: 4) }
    return findings
  }

  /// What three seeds took for the best and seven more do not is left; what was no finalist is not tried again, however well it would do.
  @Test func theLuckyLose() throws {
    let losses: [(Double?, Double?)] = [(1, 3), (1.2, 1.3), (1.3, 1.2), (1.4, 2), (1.5, 0), (1.6, 0)]
    func chosen(_ finalists: Finalists?) throws -> String? {
      let experiment = try experiment(finalists)
      return try experiment.chosen(0, 0, findings(experiment, losses))?.description
    }
    // Means over ten seeds: 2.4, 1.27, 1.23, 1.82.
    #expect(try chosen(Finalists()) == "t/a/trial 3")
    #expect(
      try chosen(nil) == "t/a/trial 1" && chosen(Finalists(count: 1)) == "t/a/trial 1"
        && chosen(Finalists(count: 4, seeds: 3)) == "t/a/trial 1")
    #expect(try chosen(Finalists(count: 2)) == "t/a/trial 2")
    // Six are all.
    #expect(try chosen(Finalists(count: 9)) == "t/a/trial 5")
  }

  /// Who diverges in the second round is out; where all do, the best of the others wins.
  @Test func divergenceInTheSecondRoundLoses() throws {
    let experiment = try experiment(Finalists(count: 2))
    func chosen(_ losses: [(Double?, Double?)]) throws -> String? {
      try experiment.chosen(0, 0, findings(experiment, losses))?.description
    }
    let others: [(Double?, Double?)] = [(nil, 0), (2, 0), (1.5, 0), (1.6, 0)]
    #expect(try chosen([(1, nil), (1.1, 9)] + others) == "t/a/trial 2")
    #expect(try chosen([(1, nil), (1.1, nil)] + others) == "t/a/trial 5")
    let gone: [(Double?, Double?)] = [(nil, 0), (nil, 0), (nil, 0), (nil, 0)]
    // The report says so.
    var cautions = try experiment.cautions(findings(experiment, [(1, nil), (1.1, nil)] + others))
    #expect(
      cautions.contains { $0.contains("best 2 settings of a on t diverged") && $0.contains("rate 0.5") }, "\(cautions)")
    cautions = try experiment.cautions(findings(experiment, [(1, nil), (1.1, 9)] + others))
    #expect(!cautions.contains { $0.contains("diverged") }, "\(cautions)")
    // One that is left must pass, too.
    #expect(try chosen([(nil, 0), (1, nil)] + gone) == nil)
    #expect(try chosen([(nil, 0), (1, 7)] + gone) == "t/a/trial 2")
    #expect(try chosen([(nil, 0), (nil, 0)] + gone) == nil)
  }

  /// The target is that of seeds which all trials, and the constant prediction, have in common.
  @Test func theTargetIsOfTheFirstRound() throws {
    let experiment = try experiment(Finalists())
    var findings = try findings(experiment, [(1, 3), (1.2, 1.3), (1.3, 1.2), (1.4, 2), (1.5, 0), (1.6, 0)])
    let plan = try experiment.plan()
    for seed in 1000..<1010 {
      for trial in plan.trials(0, 0) + plan.trials(0, 1) {
        findings.set(Measure("constant/validation/loss"), of: trial, seed, to: seed < 1003 ? 5 : 9)
      }
    }
    // The third setting is chosen; 90 % of the way from 5 to 1.3.
    let target = try #require(try experiment.target(0, findings))
    #expect(abs(target - (5 - 0.9 * 3.7)) < 1e-12)
  }

  /// Of equals the first.
  @Test func equalsAreTakenInTheirOrder() throws {
    let experiment = try experiment(Finalists(count: 2))
    let losses = [(Double?, Double?)](repeating: (1, 1), count: 6)
    #expect(try experiment.chosen(0, 0, findings(experiment, losses))?.description == "t/a/trial 1")
  }

  /// Seeds that choose, in either round, decide nothing.
  @Test func seedsOfBothRoundsStayApart() throws {
    func refuses(_ hint: String, _ change: (inout ComparisonConfiguration) -> Void) {
      var c = ComparisonConfiguration(data: ["t.csv"], arms: Self.arms)
      change(&c)
      #expect { try c.check() } throws: { "\($0)".contains(hint) }
    }
    refuses("overlap") { $0.seeds.first = 1005 }
    refuses("at least 1") { $0.finalists = Finalists(count: 0) }
    refuses("at most 1000") { $0.finalists = Finalists(seeds: 1001) }
    var c = ComparisonConfiguration(data: ["t.csv"], arms: Self.arms, finalists: nil)
    c.seeds.first = 1005
    #expect(throws: Never.self) { try c.check() }
  }

  /// A run has as many descents as it says, comes to the same bits after it was cut off in the second round, and is read by what was
  /// written before there was one.
  @Test func aRunHasBothRounds() throws {
    let folder = NSTemporaryDirectory() + "descent-finalists-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let comparison = try MadeUpTable.comparison(
      ["sgd: momentum 0.9 | rate {0.001...1}", "one: rate 0.05"], on: [MadeUpTable.problem(table: 1)]
    ) {
      ($0.seeds.count, $0.seeds.tuningCount, $0.finalists) = (2, 2, Finalists(count: 3, seeds: 5))
    }
    let result = try comparison.run(out: folder)
    let log = try RunFolder.open(folder)
    let table = try String(contentsOfFile: folder + "/trials.csv", encoding: .utf8).split(separator: "\n")
    func count(_ arm: String, _ part: String) -> Int {
      table.count { $0.contains(",\(arm),") && $0.contains(",\(part),") }
    }
    // 6 trials on 2 seeds, 3 of them on 3 more; one setting is tried on as many.
    #expect(count("sgd", "tuning") == 6 * 2 + 3 * 3 && count("sgd", "judging") == 2)
    #expect(count("one", "tuning") == 5 && count("one", "judging") == 2)
    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    #expect(
      html.contains(
        "The best 3 settings of an arm (all, where it has fewer) by their means of validation/loss over 2 tuning seeds are tried on 3 more"
      ))

    let lines = try String(contentsOfFile: log.logPath, encoding: .utf8).split(separator: "\n").map(String.init)
    let second = try #require(lines.firstIndex { $0.contains("seed 1003") })
    try (lines[..<second].joined(separator: "\n") + "\n").write(toFile: log.logPath, atomically: true, encoding: .utf8)
    let again = try comparison.resume(folder)
    #expect(again.pairs == result.pairs && again.settings == result.settings)

    var saved = try RunSession.settings(ComparisonExperiment.self, log)
    #expect(saved.finalists == Finalists(count: 3, seeds: 5))
    saved.finalists = nil
    let text = try JSONEncoder().encode(saved)
    #expect(!String(decoding: text, as: UTF8.self).contains("finalists"))
    #expect(try JSONDecoder().decode(ComparisonConfiguration.self, from: text).finalists == nil)
  }
}
