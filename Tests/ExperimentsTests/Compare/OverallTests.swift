import Experiments
import Formulas
import Foundation
import Reports
import RunLogs
import Statistics
import TestSupport
import Testing
import Training

/// Pairs that are judged once, over all functions or data sets.
@Suite struct OverallTests {
  private let folder = TemporaryFolder()
  private static let functions = (1...8).map { "f\($0): \($0)*x^2 + y^2; from x={-2...2}, y={-2...2}; minimum 0" }

  private func configuration(
    _ arms: [String], _ functions: [String] = OverallTests.functions,
    _ change: (inout ComparisonConfiguration) -> Void = { _ in }
  ) throws -> ComparisonConfiguration {
    try SmallComparison.configuration(functions, arms) {
      $0.overall = true
      change(&$0)
    }
  }

  @discardableResult
  private func run(_ c: ComparisonConfiguration, _ name: String = "run") throws -> ComparisonOutcome {
    try MethodComparison(c).run(out: folder.path + "/" + name)
  }

  /// The mean of a column of the judging seeds, by function and arm.
  private func means(_ name: String, _ column: String = "gap") throws -> [String: [String: Double]] {
    let lines = try String(contentsOfFile: folder.path + "/\(name)/trials.csv", encoding: .utf8).split(separator: "\n")
    let header = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var values: [String: [String: [Double]]] = [:]
    for line in lines.dropFirst() where line.contains("judging") {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let offset = cells.count - header.count
      let value = Double(cells[offset + header.firstIndex(of: column)!]) ?? .nan
      values[cells[0], default: [:]][cells[1], default: []].append(value)
    }
    return values.mapValues { $0.mapValues { $0.reduce(0, +) / Double($0.count) } }
  }

  /// One claim for each pair, on the mean differences of all functions; ranks beside it.
  @Test func pairsAreJudgedOnce() throws {
    let outcome = try run(configuration(["fast: rate 0.05", "slow: rate 0.01", "wild: rate 0.124"]))
    #expect(outcome.pairs.map { [$0.first, $0.second] } == [["fast", "slow"], ["fast", "wild"], ["slow", "wild"]])
    let means = try means("run")
    for pair in outcome.pairs {
      let differences = means.values.map { ($0[pair.first] ?? .nan) - ($0[pair.second] ?? .nan) }
      let known = try wilcoxonSignedRank(differences)
      #expect(abs(pair.evidence.pValue - known.pValue) < 1e-12 && pair.data == "8 functions together")
      #expect(abs(pair.evidence.estimate - known.estimate) < 1e-9 && pair.evidence.count == 8)
    }
    #expect(outcome.pairs[0].winner == "fast" && outcome.pairs[0].evidence.pValue == 2 * pow(0.5, 8))
    #expect(outcome.pairs[0].evidence.adjustedPValue != nil)
    // "wild" hardly falls where the function is the steepest, and is soonest elsewhere.
    #expect(outcome.pairs[1].outcome == .noDifference)
    let text = outcome.text()
    #expect(text.contains("fast is better than slow on 8 functions together (gap (log10) "))
    let ranks = ["fast", "slow", "wild"].map { arm in
      means.values.map { own in Double(own.values.count { $0 < own[arm] ?? .nan }) + 1 }.reduce(0, +) / 8
    }
    let report = try String(contentsOfFile: folder.path + "/run/report.html", encoding: .utf8)
    for (arm, rank) in zip(["fast", "slow", "wild"], ranks) {
      #expect(report.contains("<td>\(arm)</td><td>\(Report.number(rank, digits: 3))</td>"), "\(arm) \(rank)")
    }
    #expect(text.contains("mean rank on 8 functions") && report.contains("signed-rank test"))
    #expect(!report.contains("paired test over seeds"))
  }

  /// On functions on which an arm is not tuned a pair says nothing; of fewer than six nothing is judged.
  @Test func untunedFunctionsAreLeftOut() throws {
    // Plain descent is thrown out: by all rates, or by all but the lowest.
    let steep = [400, 90, 88, 86, 84].map { "s\($0): \($0)*x^2 + y^2; from x={1...2}, y={1...2}; minimum 0" }
    let arms = ["a: rate {0.01...0.4}", "b: rate 0.001"]
    let some = try run(configuration(arms, Self.functions + steep.prefix(2)) { $0.trials = 12 }, "some")
    let reason = some.pairs[0].evidence.reason
    #expect(some.pairs[0].evidence.count == 9 && some.pairs[0].data == "9 of 10 functions together")
    #expect(
      reason.contains("a is better on 8 of 9 functions; left out: s90 (a's best rate is at the lower end)."),
      "\(reason)")
    let table = try String(contentsOfFile: folder.path + "/some/differences.csv", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    #expect(table.count == 11 && table[0] == "data,first,second,difference,leftOut")
    #expect(table[10] == "s90,a,b,,a's best rate is at the lower end" && table[1].hasSuffix(","))
    #expect(some.text().contains("Not tuned, and left out of the verdicts, but not of the ranks: a on s90."))
    // Who diverges everywhere has lost there, by as much as the other gained over the start.
    let (ends, starts) = (try means("some"), try means("some", "constant/gap"))
    let gain = (starts["s400"]?["b"] ?? .nan) - (ends["s400"]?["b"] ?? .nan)
    let lost = table[9].split(separator: ",").last.flatMap { Double($0) } ?? .nan
    #expect(table[9].hasPrefix("s400,") && lost > 0 && abs(lost - gain) < 1e-9, "\(table[9]), \(gain)")
    // It is last there in rank, too.
    let ranks = ends.values.map { own in own.count { $0.value < own["a"] ?? .infinity } + 1 }.reduce(0, +)
    let report = try String(contentsOfFile: folder.path + "/some/report.html", encoding: .utf8)
    for (arm, sum) in [("a", ranks), ("b", 30 - ranks)] {
      #expect(report.contains("<td>\(arm)</td><td>\(Report.number(Double(sum) / 10, digits: 3))</td>"), "\(arm) \(sum)")
    }
    let few = try run(
      configuration(arms, Array(Self.functions.prefix(3)) + steep.dropFirst()) { $0.trials = 12 }, "few")
    #expect(few.pairs[0].outcome == .notApplicable)
    #expect(few.pairs[0].obstacles == ["fewer than 6 functions can be judged"])
    #expect(
      few.pairs[0].sentence
        == "a and b cannot be judged on 3 of 7 functions together: fewer than 6 functions can be judged")
  }

  /// Each claim can come out in every way, for functions and data, with test parts too, and is not judged on too few.
  @Test(arguments: [
    ("gap", 1), ("value", 1), ("validation/loss", 1), ("validation/accuracy", 1), ("validation/loss", 3),
  ])
  func claimsComeOutInEveryWay(_ measure: String, _ testParts: Int) throws {
    let isOfFunctions = !measure.hasPrefix("validation/")
    var c =
      try isOfFunctions
      ? configuration(["a: rate {0.001...1}", "b: adam | rate {0.001...1}", "c: rate 1"])
      : ComparisonConfiguration(
        data: (1...7).map { "t\($0).csv" }, arms: ["a: rate {0.001...1}", "b: adam | rate {0.001...1}", "c: rate 1"],
        trials: 4, seeds: TunedSeeds(count: 4, tuningCount: 2), testParts: testParts == 1 ? nil : testParts,
        overall: true)
    c.measure = measure
    let plan = try ComparisonPlan(c)
    c.problems = plan.dataNames.map {
      var problem = ComparedProblem(
        name: $0, account: "", fingerprint: "", hasTest: !isOfFunctions, classes: measure.hasSuffix("accuracy") ? 3 : 0)
      problem.isFunction = isOfFunctions ? true : nil
      return problem
    }
    let experiment = ComparisonExperiment(c)
    try experiment.check()
    #expect(try experiment.claims().map(\.claim.id) == ["all/a/b", "all/a/c", "all/b/c"])
    try EveryVerdict.check(experiment)
  }

  @Test func whatCannotBeJudgedIsRefused() throws {
    func refuses(_ part: String, _ functions: Int = 8, _ change: (inout ComparisonConfiguration) -> Void = { _ in }) {
      let error = #expect(throws: SettingsError.self) {
        try configuration(["a: rate {0.1...1}", "b: rate 0.1"], Array(Self.functions.prefix(functions)), change).check()
      }
      #expect(error.map { "\($0)".contains(part) } == true, "\(error.map { "\($0)" } ?? "")")
    }
    refuses("on one pair need 6 functions or more, and there are 5", 5)
    // Three pairs at a time need a seventh, twelve a ninth.
    refuses("on 3 pairs need 7 functions or more, and there are 6", 6) { $0.arms.append("c: rate 0.2") }
    refuses("on 12 pairs need 9 functions or more, and there are 8") { c in
      c.arms += (1...11).map { "c\($0): rate 0.\($0)" }
      c.reference = "a"
    }
    refuses("need 8 functions or more, and there are 7", 7) { $0.decision.alpha = 0.01 }
    refuses("and there is 1", 1)
    refuses("leave the margin out") { $0.decision.margin = 0.1 }
    refuses("one arm alone") { $0.arms = ["a: rate {0.1...1}"] }
  }

  /// Functions are a sample: each has starts and noise of its own, where one function alone shares them with all.
  @Test func functionsShareNoLuck() throws {
    let same = (1...6).map { "f\($0): x^2 + y^2; from x={-2...2}, y={-2...2}; minimum 0; noise 0.1" }
    try run(configuration(["a: rate 0.05", "b: rate 0.01"], same), "apart")
    try run(configuration(["a: rate 0.05", "b: rate 0.01"], same) { $0.overall = nil }, "shared")
    #expect(Set(try means("apart", "constant/gap").values.compactMap { $0["a"] }).count == 6)
    #expect(try means("apart", "constant/gap").values.allSatisfy { $0["a"] == $0["b"] })
    #expect(Set(try means("shared", "constant/gap").values.compactMap { $0["a"] }).count == 1)
  }

  /// Where both end alike nothing is said, but that is no end that is missing.
  @Test func alikeIsNoDifference() throws {
    let outcome = try run(configuration(["a: rate 0.05", "b: rate 0.05", "c: rate 0.0500001"]), "alike")
    #expect(outcome.pairs.allSatisfy { $0.outcome == .noDifference || $0.first == "c" || $0.second == "c" })
    #expect(outcome.pairs[0].evidence.reason.contains("alike on 8") || outcome.pairs[0].evidence.count == 8)
    #expect(outcome.pairs[0].winner == nil && outcome.pairs[0].outcome != .open)
    // Ties share the mean of their ranks.
    let report = try String(contentsOfFile: folder.path + "/alike/report.html", encoding: .utf8)
    for (arm, rank) in [("a", "2.5"), ("b", "2.5"), ("c", "1")] {
      #expect(report.contains("<td>\(arm)</td><td>\(rank)</td>"), "\(arm)")
    }
    // All but one arrive from everywhere.
    let easy =
      (1...5).map { "e\($0): \($0)*x^2; from x={1...2}; minimum 0" } + ["hard: 0.05*x^2; from x={1...2}; minimum 0"]
    let one = try run(
      configuration(["a: newton (rate 1)", "b: finite (rate 0.5)"], easy) { $0.budget = "4000gradients" }, "one")
    #expect(one.pairs[0].outcome != .open, "\(one.pairs[0].evidence)")
  }

  /// A part of a comparison says nothing yet, and a resumed one what the whole says.
  @Test func whatHasNotEndedIsOpen() throws {
    let c = try configuration(["fast: rate 0.05", "slow: rate 0.01"])
    let whole = try run(c)
    var part = try MethodComparison(c)
    part.workplace = LocalWorkplace(share: try RunShare("1/2"))
    let open = try part.run(out: folder.path + "/part")
    #expect(open.pairs[0].outcome == .open)
    let resumed = try MethodComparison(c).resume(folder.path + "/part")
    #expect(resumed.pairs == whole.pairs && whole.pairs[0].winner == "fast")
  }

  /// The profile's events hold the first updates at which a descent was so low.
  @Test func reachedHeights() throws {
    try run(configuration(["fast: rate 0.05", "mean: rate 0.05 | average 0.5"]) { $0.looks = 40 })
    let events = try RunFolder.open(folder.path + "/run").events().filter { $0.kind == "reached" }
    #expect(events.count == 8 * 2 * 5)
    for event in events {
      let reached = (event.text ?? "").split(separator: " ").compactMap { Int($0) }
      let looks = try RunFolder.open(folder.path + "/run").events().series("gap", task: event.task, kind: "look")
      #expect(reached == reached.sorted() && looks.count == 40)
      for (place, update) in reached.enumerated() where update > 0 {
        let target = 2 - 0.2 * Double(place)
        // Looked at after each update: there it is, and before it was not.
        let found = looks.first { $0.step == update }?.value ?? .nan
        let before = looks.first { $0.step == update - 1 }?.value ?? .infinity
        #expect(found <= target + 1e-9 && before > target - 1e-9, "\(event.task), \(target)")
      }
      let next = 2 - 0.2 * Double(reached.count)
      #expect(looks.allSatisfy { $0.value > next - 1e-9 })
    }
    let report = try String(contentsOfFile: folder.path + "/run/report.html", encoding: .utf8)
    #expect(report.contains("Share of targets reached (8 functions x 5 seeds x 51 targets)"))
  }
}
