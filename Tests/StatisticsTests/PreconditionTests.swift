import Statistics
import Testing

@Suite struct PreconditionTests {
  private let claim = Claim(id: "lower-error", statement: "The method lowers the error.", source: "none")

  private func precondition(_ requirement: Precondition.Requirement, _ values: [Double]) -> Precondition {
    Precondition(name: "temperature", statement: "It is overconfident.", requirement: requirement, values: values)
  }

  @Test func theMeanDecides() {
    #expect(precondition(.above(1.1), [1, 1.3]).holds)
    #expect(!precondition(.above(1.1), [1, 1.1]).holds)
    #expect(!precondition(.above(1.1), [1.1, 1.1]).holds && precondition(.atLeast(1.1), [1.1, 1.1]).holds)
    #expect(precondition(.below(2), [1]).holds && !precondition(.below(1), [1]).holds)
    #expect(precondition(.atMost(1), [1]).holds)
    let measured = precondition(.above(1.1), [1, 1.3])
    #expect(measured.measured == 1.15 && measured.count == 2 && measured.interval.contains(1.15))
  }

  @Test func whatWasNotMeasuredDoesNotHold() {
    #expect(!precondition(.above(0), []).holds && !precondition(.below(0), []).holds)
    #expect(!precondition(.atMost(0), [.nan]).holds)
    #expect(precondition(.above(0), []).account == "temperature: not measured, required above 0")
  }

  /// Nothing says that it does not hold.
  @Test func aClaimWhosePreconditionWasNotMeasured() {
    let decision = claim.decideDifference(.lower, from: [1, 1.1, 0.9], to: [0.5, 0.65, 0.42])
    let open = precondition(.above(1.1), [])
    #expect(open.finding == "not measured" && precondition(.above(0), [.nan]).finding == "does not hold")
    let judged = decision.requiring([open, precondition(.above(1.1), [1.2])])
    #expect(judged.verdict == .notMeasured && judged.evidence.reason.hasPrefix("A precondition was not measured."))
    #expect(decision.requiring([open, precondition(.above(1.5), [1.2])]).verdict == .notApplicable)
  }

  @Test func aClaimWithoutItsPreconditionIsNotApplicable() {
    let decision = claim.decideDifference(.lower, from: [1, 1.1, 0.9], to: [0.5, 0.65, 0.42])
    #expect(decision.verdict == .upheld)
    #expect(decision.requiring([]) == decision)
    let holding = decision.requiring([precondition(.above(1.1), [1.2, 1.3])])
    #expect(holding.verdict == .upheld && holding.evidence == decision.evidence)
    #expect(holding.preconditions.map(\.measured) == [1.25])
    let judged = decision.requiring([
      precondition(.above(1.1), [1.2, 1.3]), precondition(.above(1.5), [1.2, 1.3]), precondition(.atLeast(9), [4]),
    ])
    #expect(judged.verdict == .notApplicable && judged.verdict.rawValue == "not applicable")
    #expect(judged.evidence.estimate == decision.evidence.estimate, "the evidence stays")
    #expect(judged.evidence.reason.contains("temperature: 1.25, required above 1.5 (n = 2)"))
    #expect(judged.evidence.reason.contains("temperature: 4, required at least 9 (n = 1)"))
    #expect(!judged.evidence.reason.contains("above 1.1"))
  }
}

@Suite struct MultiplicityTests {
  private func decision(_ verdict: Verdict, _ p: Double) -> Decision {
    Decision(
      claim: Claim(id: "a", statement: "", source: ""), verdict: verdict,
      evidence: Evidence(test: "t", count: 5, pValue: p, reason: "r."))
  }

  /// Holm by hand: 0.01 x 4, 0.02 x 3, 0.03 x 2 (not below the one before), 0.5.
  @Test func verdictsFollowTheAdjustedValues() {
    let family = [
      decision(.refuted, 0.02), decision(.upheld, 0.01), decision(.undecided, 0.5), decision(.upheld, .nan),
      decision(.upheld, 0.03),
    ]
    let corrected = family.holmCorrected(alpha: 0.05)
    let expected = [0.06, 0.04, 0.5, nil, 0.06]
    for (found, p) in zip(corrected.map(\.evidence.adjustedPValue), expected) {
      #expect((found == nil) == (p == nil) && abs((found ?? 0) - (p ?? 0)) < 1e-12)
    }
    #expect(corrected.map(\.verdict) == [.undecided, .upheld, .undecided, .upheld, .undecided])
    #expect(corrected.map(\.evidence.pValue)[0] == 0.02, "the raw value stays")
    #expect(corrected[0].evidence.reason.contains("4 claims"))
    #expect(family.holmCorrected(alpha: 0.07).map(\.verdict) == family.map(\.verdict))
  }

  /// A refuted claim of sameness has the p-value of a difference beyond the margin, and survives where this is small.
  @Test func refutedSameness() {
    let claim = Claim(id: "a", statement: "", source: "")
    let decision = claim.decideEquivalence(within: 1, from: [1, 2, 3, 4], to: [5, 6.1, 7, 8.1])
    #expect(decision.verdict == .refuted && decision.evidence.pValue < 0.01)
    #expect([decision].holmCorrected(alpha: 0.05)[0].verdict == .refuted)
  }
}
