import Datasets
import Experiments
import Foundation
import RunLogs
import Statistics
import Testing

/// Several test parts of one table: a search for each, and verdicts over them.
@Suite(.serialized) struct TestPartsTests {
  private let folder = NSTemporaryDirectory() + "descent-test-parts-\(UUID().uuidString)"
  private static let arms = [
    "sgd: momentum 0.9 | rate {0.001...1}; hidden 8", "adam: adam | rate {0.001...1}; hidden 8",
  ]

  /// A table of 200 rows in a file.
  private func table() throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let key = RandomKey(seed: 4)
    let (x, noise) = (key.split("x").normal([200, 3]), key.split("noise").normal(count: 200))
    let rows = (0..<200).map { row in
      let cells = (0..<3).map { x[flat: 3 * row + $0] }
      return (cells + [sin(2 * cells[0]) + 0.5 * cells[1] * cells[2] + 0.3 * noise[row]]).map { "\($0)" }.joined(
        separator: ",")
    }
    try (["a,b,c,y"] + rows).joined(separator: "\n").write(toFile: folder + "/t.csv", atomically: true, encoding: .utf8)
    return folder + "/t.csv"
  }

  private func configuration(_ path: String, parts: Int?, arms: [String] = arms) -> ComparisonConfiguration {
    ComparisonConfiguration(
      data: [path], arms: arms, trials: 4, budget: "40updates", looks: 5,
      seeds: TunedSeeds(count: 3, tuningCount: 2), finalists: Finalists(count: 2, seeds: 3), testParts: parts)
  }

  /// Rows of trials.csv by name of the column.
  private func rows(_ run: String) throws -> [[String: String]] {
    let lines = try String(contentsOfFile: run + "/trials.csv", encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  /// The verdict is the corrected test over the parts' mean differences; the first part is the run that has one; a run that was cut off
  /// comes to the same.
  @Test func verdictsAreOverParts() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try table()
    let comparison = try MethodComparison(configuration(path, parts: 3))
    let result = try comparison.run(out: folder + "/run")
    let pair = try #require(result.pairs.first)
    #expect(result.pairs.count == 1 && pair.data == "t" && pair.evidence.count == 3)
    let judged = try rows(folder + "/run").filter { $0["part"] == "judging" }
    #expect(judged.count == 3 * 2 * 3 && judged.allSatisfy { $0["data"] == "t" })
    let means = try (1...3).map { part -> Double in
      func mean(_ arm: String) throws -> Double {
        let own = judged.filter { $0["arm"] == arm && $0["testPart"] == "\(part)" }
        #expect(own.count == 3)
        return try own.reduce(0) { $0 + (try #require($1["test/loss"].flatMap(Double.init))) } / 3
      }
      return try mean("sgd") - mean("adam")
    }
    let test = try resampledTTest([0, 0, 0], means, testRatio: 0.25)
    #expect(abs(pair.evidence.estimate - test.estimate) < 1e-12 && abs(pair.evidence.pValue - test.pValue) < 1e-9)
    #expect(pair.evidence.test == "corrected resampled t-test")
    #expect(Set(judged.compactMap { $0["constant/test/loss"] }).count > 3, "other rows, other constant predictions")

    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    for text in ["test part 3", "Nadeau and Bengio", "no two share a row", "over 3 test parts"] {
      #expect(html.contains(text), "\(text)")
    }
    for line in result.text().split(separator: "\n") where !line.hasPrefix("report:") { #expect(line.count <= 100) }

    let one = try MethodComparison(configuration(path, parts: nil)).run(out: folder + "/one")
    #expect(one.settings["t"] == result.settings["t-test1"])
    func numbers(_ rows: [[String: String]]) -> Set<String> {
      Set(rows.map { "\($0["arm"]!) \($0["trial"]!) \($0["seed"]!) \($0["validation/loss"]!) \($0["test/loss"]!)" })
    }
    let first = try rows(folder + "/run").filter { $0["testPart"] == "1" }
    #expect(try numbers(first) == numbers(rows(folder + "/one")))

    let log = try RunFolder.open(folder + "/run").logPath
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
    try lines.prefix(lines.count / 2).joined(separator: "\n").write(toFile: log, atomically: true, encoding: .utf8)
    let again = try comparison.resume(folder + "/run")
    #expect(again.pairs == result.pairs && again.settings == result.settings)
  }

  /// Seeds of different parts have draws of their own: twins differ otherwise on each.
  @Test func partsShareNoLuck() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try table()
    let result = try MethodComparison(
      configuration(path, parts: 2, arms: ["a: rate 0.05; hidden 8", "b: rate 0.05; hidden 8; draw 1"])
    ).run(out: folder + "/run")
    let judged = try rows(folder + "/run").filter { $0["part"] == "judging" }
    #expect(Set(judged.compactMap { $0["validation/loss"] }).count == 12)
    // The first part's are those of a run that has one.
    let keys = (0..<3).map { ComparisonData.key(7, testPart: $0) }
    #expect(keys[0] == RandomKey(seed: 7) && keys[1] != keys[0] && keys[2] != keys[0] && keys[1] != keys[2])
    let reason = result.pairs[0].evidence.reason
    #expect(reason.contains("By test part: ") && reason.contains("the luck of seeds alone would give"), "\(reason)")
  }

  /// An obstacle is named once, with the parts that have it; an arm alone has its mean over them.
  @Test func whatIsSaidOfParts() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try table()
    let narrow = try MethodComparison(
      configuration(
        path, parts: 3, arms: ["free: rate {0.005...2}; hidden 8", "capped: rate {0.00001...0.0001}; hidden 8"])
    ).run(out: folder + "/narrow")
    #expect(
      narrow.pairs[0].outcome == .notApplicable
        && narrow.pairs[0].obstacles.contains("widen capped's rate upwards (on 2 of 3 test parts)"),
      "\(narrow.pairs[0].obstacles)")
    let text = narrow.text().replacing("\n", with: " ")
    #expect(
      text.contains("the best rate of capped on t is at the upper end of {1e-5...0.0001} on 2 of 3 test parts"))
    let alone = try MethodComparison(configuration(path, parts: 3, arms: [Self.arms[0]])).run(out: folder + "/alone")
    #expect(alone.text().replacing("\n", with: " ").contains("over 3 test parts of t the test loss (standardised) is "))
  }

  /// Whole groups make other parts than were asked for: the test takes the rows as they are. Rows of a test file that are learned from are said.
  @Test func theTestKnowsItsRows() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try table()
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let grouped = lines.enumerated().map { "\($1),\($0 == 0 ? "g" : "\(($0 - 1) / 50)")" }.joined(separator: "\n")
    try grouped.write(toFile: folder + "/g.csv", atomically: true, encoding: .utf8)
    var c = configuration(folder + "/g.csv", parts: 2, arms: ["a: rate 0.05; hidden 8", "b: rate 0.01; hidden 8"])
    (c.table.group, c.table.test, c.table.targets) = ("g", 0.13, ["y"])
    let run = try MethodComparison(c).run(out: folder + "/run")
    let saved = try RunSession.settings(ComparisonExperiment.self, RunFolder.open(folder + "/run"))
    // 50 of 200 rows.
    #expect(saved.problems.allSatisfy { abs($0.testRatio! - 1.0 / 3) < 1e-12 })
    let means = try (1...2).map { part -> Double in
      let own = try rows(folder + "/run").filter { $0["part"] == "judging" && $0["testPart"] == "\(part)" }
      func sum(_ arm: String) -> Double {
        own.filter { $0["arm"] == arm }.compactMap { Double($0["test/loss"]!) }.reduce(0, +)
      }
      return (sum("a") - sum("b")) / 3
    }
    let test = try resampledTTest([0, 0], means, testRatio: 1.0 / 3)
    #expect(abs(run.pairs[0].evidence.pValue - test.pValue) < 1e-9)

    var filed = configuration(path, parts: nil, arms: ["a: rate 0.05; hidden 8", "b: rate 0.01; hidden 8"])
    (filed.table.test, filed.testFile) = (0, path)
    _ = try MethodComparison(filed).run(out: folder + "/filed")
    let account = try RunSession.settings(ComparisonExperiment.self, RunFolder.open(folder + "/filed")).problems[0]
      .account
    #expect(account.contains("200 rows to test, 200 of them also in the table"), "\(account)")
  }

  @Test func whatHasNoPartsIsRefused() throws {
    func refuses(_ hint: String, _ change: (inout ComparisonConfiguration) -> Void) {
      var c = configuration("t.csv", parts: 5)
      change(&c)
      #expect { try c.check() } throws: { "\($0)".contains(hint) }
    }
    refuses("1 to 100") { $0.testParts = 0 }
    refuses("1 to 100") { $0.testParts = 101 }
    // An experiment is made of a folder's settings before they are checked.
    for parts in [0, -1, Int.min, Int.max] {
      #expect { try ComparisonExperiment(configuration("t.csv", parts: parts)).check() } throws: {
        "\($0)".contains("1 to 100")
      }
    }
    refuses("give the test a share") { $0.table.test = 0 }
    refuses("give the test a share") { $0.testFile = "u.csv" }
    refuses("the last rows by a are one test part") { $0.table.order = "a" }
    refuses("of training rows") { $0.measure = "train/loss" }
    #expect {
      _ = try MethodComparison(configuration("t.csv", parts: 2), on: [MadeUpTable.problem(table: 1)])
    } throws: { "\($0)".contains("drawn of tables") }
  }
}
