import Experiments
import Foundation
import Testing

@Suite struct TerminalSummaryTests {
  /// The widest numbers there are, with whatever text a claim has.
  private func decision(_ claim: Claim, _ verdict: Verdict) -> Decision {
    var evidence = Evidence(
      test: "t", count: 100_000, estimate: -1.23456e-100,
      interval: Interval(low: -1.23456e-100, high: -1.23456e-101), pValue: 1.23456e-100, reason: "")
    evidence.adjustedPValue = 1.23456e-100
    return Decision(claim: claim, verdict: verdict, evidence: evidence)
  }

  private func precondition(_ name: String) -> Precondition {
    Precondition(name: name, statement: "", requirement: .atLeast(-1.234e-100), values: [-1.23456e-100, -2e-100])
  }

  @Test func fitsAHundredColumnsForEachExperiment() throws {
    for type in ExperimentRegistry.all {
      let decisions = zip(try type.claims(), 0...).map { decision($0, Verdict.allCases[$1 % Verdict.allCases.count]) }
      let conditions = [precondition("training accuracy of the plain descent on its own images (%)")]
      let text = TerminalSummary(
        opening: Headline(subject: type.subject, phrases: []).sentence(decisions, conditions),
        preconditions: conditions, decisions: decisions
      ).text()
      for line in text.components(separatedBy: "\n") { #expect(line.count <= 100, "\(type.name): \(line)") }
    }
  }

  @Test func fitsWhateverAClaimSays() {
    let long = Array(repeating: "claim", count: 80).joined(separator: " ") + String(repeating: "x", count: 250)
    let text = TerminalSummary(
      opening: long, preconditions: [precondition(long)],
      decisions: [decision(Claim(id: "a", name: long, statement: "", source: ""), .notApplicable)]
    ).text()
    #expect(text.components(separatedBy: "\n").allSatisfy { $0.count <= 100 })
    #expect(text.count { $0 == "x" } == 750)
  }

  /// Of many preconditions those are listed that do not hold, and the others counted.
  @Test func manyPreconditionsAreCounted() {
    let broken = Precondition(name: "cold", statement: "", requirement: .atLeast(1), values: [0, 0])
    let holding = (0..<12).map {
      Precondition(name: "warm \($0)", statement: "", requirement: .atLeast(1), values: [2, 2])
    }
    func text(_ preconditions: [Precondition]) -> String {
      TerminalSummary(opening: "Found.", preconditions: preconditions, decisions: []).text()
    }
    let many = text(holding + [broken])
    #expect(many.contains("cold") && !many.contains("warm") && many.contains("12 preconditions hold"))
    let few = text(holding)
    #expect(few.contains("warm 11") && !few.contains("preconditions hold"))
  }

  /// Identities stand apart, in a line of their own.
  @Test func identitiesStandApart() {
    let identity = decision(Claim(id: "chain-rule", statement: "", source: "", isIdentity: true), .upheld)
    let text = TerminalSummary(
      opening: "What was found.", preconditions: [], decisions: [identity]
    ).text()
    #expect(text == "What was found.\n\nidentities, which check the code: chain rule holds")
  }

  /// The sentence, the preconditions, the claims, in this order; names are words.
  @Test func order() {
    let text = TerminalSummary(
      opening: "What was found.", preconditions: [precondition("heat")],
      decisions: [decision(Claim(id: "lower-loss/sgd", statement: "", source: ""), .upheld)]
    ).text()
    let parts = text.components(separatedBy: "\n\n")
    #expect(parts.count == 3 && parts[0] == "What was found.")
    #expect(parts[1].hasPrefix("precondition") && parts[1].contains("heat"))
    #expect(parts[2].contains("lower loss, sgd") && parts[2].contains("upheld") && parts[2].contains("p by Holm"))
  }
}
