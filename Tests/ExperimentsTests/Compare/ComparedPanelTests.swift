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
    #expect(panel.arms.count == (panel == .few ? 3 : 13))
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
}
