import Experiments
import Testing
import Training

@Suite struct ComparedPanelTests {
  private func plan(_ arms: [String], reference: String? = nil) throws -> ComparisonPlan {
    try ComparisonPlan(
      ComparisonConfiguration(data: ["a.csv"], arms: arms, trials: 6, budget: "100updates", reference: reference))
  }

  /// Every arm of a panel is read, has one range, and as many trials as asked for.
  @Test(arguments: ComparedPanel.allCases) func armsAreRead(_ panel: ComparedPanel) throws {
    let plan = try plan(panel.arms)
    #expect(
      plan.settings.allSatisfy { $0.count == 6 } && plan.arms.allSatisfy { $0.body.places.map(\.name) == ["rate"] })
    #expect(panel.arms.count == [.few: 3, .common: 13, .recent: 10][panel])
    #expect(Set(ComparedPanel.few.arms).isSubset(of: ComparedPanel.common.arms))
  }

  /// One's own arms come first, and one of a panel's name takes its place.
  @Test func ownArmsComeFirst() throws {
    let arms = try ComparedPanel.few.joining(["mine: sign | rate {0.001...0.1}", "Adam: adam 0.8 | rate 0.01"])
    #expect(arms.map { String($0.prefix { $0 != ":" }) } == ["mine", "Adam", "momentum", "adamw"])
  }

  @Test func theReferenceIsComparedWithEach() throws {
    let arms = ["a: rate 1", "b: rate 2", "c: rate 3"]
    func pairs(_ reference: String?) throws -> [[Int]] {
      try plan(arms, reference: reference).pairs.map { [$0.first, $0.second] }
    }
    #expect(try pairs(nil) == [[0, 1], [0, 2], [1, 2]] && pairs("b") == [[1, 0], [1, 2]])
    #expect { try plan(arms, reference: "d") } throws: { "\($0)".contains("the reference d is no arm") }
    #expect { try plan(["a: rate {1.0...2}"], reference: "a") } throws: { "\($0)".contains("compared with none") }
  }

  /// All rows in one batch, by its name or by a number beyond them; and what a line search asks for beside gradients.
  @Test func aFullBatchHasAllRows() throws {
    let result = try MadeUpTable.verdict([
      "full: rate 0.1; batch full", "many: rate 0.1; batch 5000", "search: linesearch trials=3 (rate 1); batch full",
    ]) { $0.seeds.count = 3 }
    #expect(result.pairs[0].evidence.estimate == 0)
    let row = try #require(result.text(width: 300).split(separator: "\n").first { $0.contains("linesearch") })
    let counts = try #require(row.firstMatch(of: /([0-9]+) \+ ([0-9]+) losses/))
    #expect(try 3 * #require(Int(counts.1)) == #require(Int(counts.2)))
  }

  /// Whoever has more ranges has sparser trials, and is told.
  @Test func unequalSearchesAreSaid() throws {
    let caution = try plan(["mine: momentum {0.5...0.9} | rate {0.01...1}", "b: rate {0.01...1}", "c: rate 1"])
      .searchCaution
    #expect(caution?.hasPrefix("mine has 2 ranges and others 1") == true)
    #expect(try plan(["a: rate {0.01...1}", "b: adam | rate {0.01...1}", "c: rate 1"]).searchCaution == nil)
  }

  /// A family of two claims, each of the reference and another arm; diagnostics too.
  @Test func onlyItsPairsAreJudged() throws {
    let result = try MadeUpTable.verdict(["a: rate 0.1", "b: rate 0.01", "c: adam | rate 0.01"]) {
      ($0.reference, $0.watch, $0.seeds.count) = ("c", "loss", 4)
    }
    #expect(result.pairs.map { "\($0.first) \($0.second)" } == ["c a", "c b"])
    let ids = result.outcome.verdicts.decisions.map(\.claim.id)
    #expect(ids.count > 2 && ids.allSatisfy { $0.contains("/c/") } && !ids.contains { $0.contains("/a/b") })
    #expect(result.text().contains("c - a") && !result.text().contains("a - b"))
  }

  /// Of many pairs those that cannot be judged are no finding.
  @Test func whatCannotBeJudgedIsNoNullResult() throws {
    let arms = (0..<5).map { "arm \($0): rate {0.005...0.0\($0 + 10)}" }
    let none = try MadeUpTable.verdict(arms) { ($0.seeds.count, $0.trials) = (3, 4) }
    #expect(
      none.pairs.count == 10 && none.pairs.allSatisfy { $0.outcome == .notApplicable }, "\(none.pairs.map(\.outcome))")
    let opening = none.outcome.verdicts.opening
    #expect(opening.hasPrefix("No pair can be judged"), "\(opening)")
  }
}
