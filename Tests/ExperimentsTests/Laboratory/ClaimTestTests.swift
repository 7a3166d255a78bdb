import Experiments
import Statistics
import Testing

/// Claims come out in every way that they can, whatever the experiment.
@Suite struct ClaimTestTests {
  private static let open: [Verdict] = [.upheld, .refuted, .undecided]

  /// Each claim can be upheld, refuted and left open, and where a precondition does not hold, each claim that names it is not
  /// applicable, and no other.
  @Test(arguments: ExperimentRegistry.all.map { $0.name })
  func everyClaimCanComeOutInEveryWay(name: String) throws {
    let faults = try ExperimentRegistry.named(name).claimFaults()
    #expect(faults.isEmpty, "\(faults)")
  }

  @Test func theExampleToo() throws {
    #expect(try MomentumExperiment.claimFaults() == [])
    #expect(try ToyExperiment.claimFaults() == [])
  }

  /// Experiments whose claims were spoilt, each in one way: the sentence says which.
  @Test(arguments: ClaimSlip.allCases) func slipsAreFound(_ slip: ClaimSlip) throws {
    let faults = try ClaimSlip.$current.withValue(slip) { try SpoiltExperiment.claimFaults() }
    #expect(slip == .none ? faults.isEmpty : faults.contains { $0.contains(slip.rawValue) }, "\(faults)")
  }

  /// Names are unique, and each claim says where it was made.
  @Test func claimsHaveNamesAndSources() throws {
    for type in ExperimentRegistry.all {
      let claims = try type.claims()
      #expect(!claims.isEmpty)
      for claim in claims { #expect(!claim.source.isEmpty && !claim.statement.isEmpty && !claim.id.contains(" ")) }
    }
  }

  /// Holm's correction is over the claims of an experiment that have a p-value, and identities are no members.
  @Test func holmCorrectsByDefault() throws {
    let toy = ToyExperiment(ToyConfiguration())
    let verdicts = try toy.decide(toy.findings(try toy.run().events))
    #expect(verdicts.opening == "Brave steps lower the loss (of 1 claim 1 is upheld).")
    let (claim, identity) = (verdicts.decisions[0].evidence, verdicts.decisions[1])
    #expect(claim.adjustedPValue == claim.pValue)
    #expect(identity.claim.isIdentity && identity.evidence.adjustedPValue == nil && identity.verdict == .upheld)
  }

  /// A claim whose values allow no test stays in the family: it makes no other look stronger.
  @Test func whatFailsStaysInTheFamily() {
    func decision(_ id: String, _ p: Double, _ verdict: Verdict = .upheld, count: Int = 5) -> Decision {
      let claim = Claim(id: id, name: nil, statement: "It is.", source: "test")
      guard !p.isNaN else { return claim.undecided(count: count, FindingsError.unfinished(task: "a")) }
      return Decision(
        claim: claim, verdict: verdict,
        evidence: Evidence(
          test: "t", count: count, estimate: 1, interval: Interval(low: 0, high: 2), pValue: p, reason: ""))
    }
    let failed = [decision("a", 0.02), decision("b", .nan), decision("c", 0.5, .undecided)].holmCorrected(alpha: 0.05)
    #expect(failed.map(\.verdict) == [.undecided, .undecided, .undecided])
    #expect(abs(failed[0].evidence.adjustedPValue! - 0.06) < 1e-12 && failed[1].evidence.adjustedPValue == nil)
    // What was not measured is asked another time.
    let open = [decision("a", 0.02), decision("b", .nan, count: 0), decision("c", 0.5, .undecided)].holmCorrected(
      alpha: 0.05)
    #expect(open.map(\.verdict) == [.upheld, .notMeasured, .undecided])
  }

  /// Standard forms that no registered experiment uses come out in every way, too.
  @Test func otherFormsComeOutInEveryWay() throws {
    let sizes = [10.0, 20, 40]
    let parts = sizes.map { Quantity<ToyArm>.measure(.toyLoss, of: .trial("size", rate: $0)) }
    let tests: [ClaimTest<ToyArm>] = [
      .slope("slope", "It falls as 1/n.", of: parts, over: sizes, to: -1, within: 0.2, source: "ours"),
      .higher(
        "difference", "Their difference is positive.",
        .measure(.toyLoss, of: .tuned("a")) - .measure(.toyLoss, of: .tuned("b")), than: 0, source: "ours"),
      .share(.lower, than: 0.3, "share", "It is rare.", source: "ours") { findings in
        (Int(try findings[.tuned("a"), 0, .toyHeat]), 100)
      } makeUp: { share, findings in
        findings.set(.toyHeat, of: .tuned("a"), 0, to: (100 * share).rounded())
      },
    ]
    for test in tests {
      for wanted in Self.open {
        var findings = Findings<ToyArm>.madeUp(seeds: Array(0..<8))
        try test.makeUp(wanted, alpha: 0.05, &findings)
        #expect(try test.decide(findings, alpha: 0.05).verdict == wanted, "\(test.claim.id)")
      }
    }
  }

  /// Where an arm is run on fewer seeds than the others, its claims and their conditions are decided on those.
  @Test func aClaimIsDecidedOnTheSeedsThatItHas() throws {
    let test = ClaimTest<ToyArm>.higher(
      "few", "It is larger.", .measure(.toyLoss, of: .tuned("a")), than: .measure(.toyLoss, of: .tuned("b")),
      source: "ours"
    ).requiring([Condition("heat", .above(0), "It is warm.", .measure(.toyHeat, of: .tuned("a")))])
    var findings = Findings<ToyArm>([], seeds: Array(0..<8))
    for seed in 0..<8 { findings.set(.toyLoss, of: .tuned("b"), seed, to: 0.1 * Double(seed * seed)) }
    for seed in 1...3 {
      findings.set(.toyLoss, of: .tuned("a"), seed, to: 5 + 0.1 * Double(seed))
      findings.set(.toyHeat, of: .tuned("a"), seed, to: Double(seed))
    }
    let decision = try test.decide(findings, alpha: 0.05)
    #expect(decision.verdict == .upheld && decision.evidence.count == 3)
    let heat = try test.conditions[0].measured(findings)
    #expect(heat.holds && heat.count == 3 && heat.measured == 2)
  }

  /// A claim that cannot be refuted is caught: this one says that a loss is above minus one.
  @Test func aClaimThatCannotFailIsCaught() throws {
    let empty = ClaimTest<ToyArm>.higher(
      "empty", "A square is above -1.",
      Quantity {
        try pow2($0[.tuned("a"), $1, .toyLoss])
      } makeUp: { wanted, seed, findings in
        findings.set(.toyLoss, of: .tuned("a"), seed, to: wanted)
      }, than: -1, source: "nowhere")
    var findings = Findings<ToyArm>.madeUp(seeds: Array(0..<8))
    try empty.makeUp(.refuted, alpha: 0.05, &findings)
    #expect(try empty.decide(findings, alpha: 0.05).verdict == .upheld)
  }
}

private func pow2(_ x: Double) -> Double { x * x }
