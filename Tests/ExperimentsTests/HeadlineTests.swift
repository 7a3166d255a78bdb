import Experiments
import Testing

@Suite struct HeadlineTests {
  private let headline = Headline(
    subject: "careful steps", phrases: [("a", "keep the pace"), ("b", "lower the loss"), ("c", "raise the entropy")])
  private let cold = Precondition(name: "heat", statement: "It is hot.", requirement: .above(40), values: [30, 31])

  private func sentence(_ verdicts: [Verdict], _ preconditions: [Precondition] = []) -> String {
    let decisions = zip(["a", "b", "c", "d"], verdicts).map { id, verdict in
      Decision(
        claim: Claim(id: id, statement: "", source: ""), verdict: verdict,
        evidence: Evidence(test: "t", count: 8, reason: ""))
    }
    return headline.sentence(decisions, preconditions)
  }

  @Test func upheld() {
    #expect(
      sentence([.upheld, .upheld, .upheld, .refuted])
        == "Careful steps keep the pace, lower the loss and raise the entropy "
        + "(of 4 claims 3 are upheld and 1 is refuted).")
  }

  @Test func refuted() {
    #expect(
      sentence([.refuted, .refuted, .refuted])
        == "Careful steps do not keep the pace, lower the loss or raise the entropy (of 3 claims 3 are refuted).")
  }

  @Test func mixed() {
    #expect(
      sentence([.refuted, .upheld, .undecided])
        == "Careful steps lower the loss, but do not keep the pace; whether they raise the entropy is undecided "
        + "(of 3 claims 1 is upheld, 1 is refuted and 1 is undecided).")
    #expect(
      sentence([.undecided, .undecided])
        == "Whether careful steps keep the pace or lower the loss is undecided (of 2 claims 2 are undecided).")
  }

  @Test func notApplicable() {
    #expect(
      sentence([.notApplicable, .notApplicable, .upheld], [cold])
        == "Careful steps raise the entropy; whether they keep the pace or lower the loss cannot be judged by this run, "
        + "whose preconditions do not hold: heat: 30.5, required above 40 "
        + "(of 3 claims 1 is upheld and 2 are not applicable).")
    #expect(sentence([.notApplicable]).hasPrefix("Whether careful steps keep the pace cannot be judged by this run ("))
  }

  /// A precondition without a value is no reason, and a claim without one was not measured.
  @Test func notMeasured() {
    let open = Precondition(name: "light", statement: "It is bright.", requirement: .above(1), values: [])
    #expect(
      sentence([.notApplicable, .notMeasured], [cold, open])
        == "Whether careful steps keep the pace cannot be judged by this run, whose preconditions do not hold: "
        + "heat: 30.5, required above 40; whether they lower the loss was not measured "
        + "(of 2 claims 1 is not applicable and 1 is not measured).")
  }

  @Test func countsAlone() {
    let claim = Claim(id: "a", statement: "", source: "")
    let decision = Decision(claim: claim, verdict: .upheld, evidence: Evidence(test: "t", count: 8, reason: ""))
    #expect(Headline.counts.sentence([decision]) == "Of 1 claim 1 is upheld.")
    #expect(headline.sentence([]) == "No claim was put to the test.")
    // A claim that the sentence does not name is counted.
    #expect(sentence([.upheld, .upheld, .upheld, .undecided]).hasSuffix("3 are upheld and 1 is undecided)."))
  }

  /// What could not come out otherwise is neither named nor counted.
  @Test func identitiesAreNoFindings() {
    let decisions = [(true, Verdict.upheld), (false, .refuted)].map { isIdentity, verdict in
      Decision(
        claim: Claim(id: isIdentity ? "a" : "b", statement: "", source: "", isIdentity: isIdentity), verdict: verdict,
        evidence: Evidence(test: "t", count: 8, reason: ""))
    }
    #expect(headline.sentence(decisions) == "Careful steps do not lower the loss (of 1 claim 1 is refuted).")
  }
}
