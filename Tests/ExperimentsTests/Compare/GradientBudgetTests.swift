import Experiments
import Foundation
import Testing

/// Budgets of gradients, by which arms are equal in what they ask for.
@Suite struct GradientBudgetTests {
  @Test func textIsReadAndShown() throws {
    for text in ["4000gradients", "2000updates", "20epochs", "1.5epochs", "100000samples"] {
      #expect(try Budget(text).description == text)
    }
    for text in ["gradients", "-3gradients", "0gradients", "1e12gradients", "3 gradient", "nangradients"] {
      #expect(throws: SettingsError.self) { try Budget(text) }
    }
  }

  /// Each descent's updates, gradients and test loss, by arm.
  private func results(_ arms: [String], budget: String) throws -> (rows: [String: [[String: String]]], report: String)
  {
    let folder = NSTemporaryDirectory() + "descent-budget-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try MadeUpTable.comparison(arms, on: [MadeUpTable.problem(table: 1)]) {
      ($0.budget, $0.looks) = (budget, 5)
      $0.seeds.count = 3
    }.run(out: folder)
    let lines = try String(contentsOfFile: folder + "/trials.csv", encoding: .utf8).split(separator: "\n")
    // Settings with commas are quoted, and stand in front of the measures.
    let header = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var rows: [String: [[String: String]]] = [:]
    for line in lines.dropFirst() where line.contains("judging") {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let named = zip(header.reversed(), cells.reversed())
      rows[cells[1], default: []].append(
        Dictionary(uniqueKeysWithValues: named.filter { $0.0.contains { $0 != "\"" } }))
    }
    return (rows, try String(contentsOfFile: folder + "/report.html", encoding: .utf8))
  }

  @Test func armsAreEqualInGradients() throws {
    let arms = [
      "plain: rate 0.05", "sam: sam (rate 0.05)", "named: sam (rate cosine(0.1, budget))",
      "written: sam (rate cosine(0.1, 30updates))", "search: linesearch trials=6 (rate 0.1)",
    ]
    let (rows, report) = try results(arms, budget: "60gradients")
    func numbers(_ arm: String, _ measure: String) -> [Double] { rows[arm]!.map { Double($0[measure]!)! } }
    #expect(numbers("plain", "updates") == [60, 60, 60] && numbers("sam", "updates") == [30, 30, 30])
    #expect(numbers("plain", "gradients") == [60, 60, 60] && numbers("sam", "gradients") == [60, 60, 60])
    // What the word stands for is the length in the arm's own updates.
    #expect(rows["named"]!.map { $0["test/loss"]! } == rows["written"]!.map { $0["test/loss"]! })
    // A loss alone is a third.
    for (gradients, losses) in zip(numbers("search", "gradients"), numbers("search", "losses")) {
      #expect(losses > gradients && (55...60).contains(gradients + losses / 3))
    }
    #expect(report.contains("60gradients each") && !report.contains("a budget of gradients"))
    #expect(report.contains("cost-made-up") && !report.contains("curve-made-up"))
  }

  /// With equal updates the report says who asks for more, and draws the curves over both.
  @Test func unequalCostIsSaid() throws {
    let (rows, report) = try results(["plain: rate 0.05", "sam: sam (rate 0.05)"], budget: "30updates")
    #expect(rows["sam"]!.map { $0["updates"]! } == ["30", "30", "30"])
    #expect(report.contains("pdate of sam on made-up asks for 2 gradients, one of plain for 1"))
    #expect(report.contains("cost-made-up") && report.contains("curve-made-up"))
    let (_, alike) = try results(["plain: rate 0.05", "fast: momentum 0.9 | rate 0.05"], budget: "30updates")
    #expect(!alike.contains("a budget of gradients") && !alike.contains("cost-made-up"))
  }

  /// Costs are those of the settings that were chosen; thirds take no update by rounding; one update may be more than all.
  @Test func costIsThatOfWhatWasChosen() throws {
    // A rate that does nothing loses to SAM, which asks for two.
    let (rows, report) = try results(
      ["plain: rate 0.05", "mixed: {rate 0.000001, sam (rate 0.05)}"], budget: "30updates")
    #expect(rows["mixed"]!.map { $0["gradients"]! } == ["60", "60", "60"])
    #expect(report.contains("pdate of mixed on made-up asks for 2 gradients") && report.contains("cost-made-up"))
    // Five trials: 1 + 5 / 3 gradients, three times.
    let (searched, _) = try results(
      ["plain: rate 0.05", "search: linesearch trials=5 (rate 0.1)"], budget: "8gradients")
    #expect(searched["search"]!.map { $0["updates"]! } == ["3", "3", "3"])
    let (large, text) = try results(["plain: rate 0.05", "sam: sam (rate 0.05)"], budget: "1gradients")
    #expect(large["sam"]!.map { $0["gradients"]! } == ["2", "2", "2"])
    #expect(text.contains("which is more than the budget"))
  }
}
