import Experiments

/// What can be wrong with claims, by what is said of it.
enum ClaimSlip: String, CaseIterable {
  case none
  case alwaysUpheld = "made up to be refuted are upheld"
  case neverUpheld = "made up to be upheld are undecided"
  case noSource = "its source is empty"
  case loudIdentity = "an identity is no finding"
  case blindCondition = "where it alone was made up not to hold, none does not"
  case doubleCondition = "these do not: heat, warmth"

  @TaskLocal static var current = ClaimSlip.none
}

/// The toy with a claim and two conditions that have a slip.
struct SpoiltExperiment: Experiment {
  static let name = "spoilt"
  static let summary = "nothing"
  static let presets = [Preset(name: "smoke", summary: "nothing", configuration: ToyConfiguration())]
  static let settingDescriptions: [String: String] = [:]

  let configuration: ToyConfiguration

  init(_ configuration: ToyConfiguration) { self.configuration = configuration }

  func sweep() throws -> Sweep<ToyArm> { try ToyExperiment(configuration).sweep() }

  func frame(_ findings: Findings<ToyArm>) throws -> ReportFrame { try ToyExperiment(configuration).frame(findings) }

  func claims() throws -> [ClaimTest<ToyArm>] {
    let slip = ClaimSlip.current
    let heat = Quantity<ToyArm>.measure(.toyHeat, of: .tuned("plain"))
    let other = Quantity<ToyArm>.measure(.toyHeat, of: .tuned("brave"))
    let conditions: [Condition<ToyArm>] = [
      // What is subtracted from itself is 0, whatever it is.
      slip == .blindCondition
        ? Condition("heat", .atLeast(0), "It is hot.", heat - heat)
        : Condition("heat", .above(0.5), "It is hot.", heat),
      Condition("warmth", .above(0.5), "It is warm.", slip == .doubleCondition ? heat : other),
    ]
    let honest = ClaimTest<ToyArm>.lower(
      "lower", "It is lower.", .toyLoss, of: .tuned("brave"), than: .tuned("plain"),
      source: slip == .noSource ? "" : "ours")
    let test = ClaimTest<ToyArm>.custom("lower", "It is lower.", source: "ours") { claim, findings, alpha in
      var decision = try honest.decide(findings, alpha: alpha)
      if slip == .alwaysUpheld { decision.verdict = .upheld }
      if slip == .neverUpheld, decision.verdict == .upheld { decision.verdict = .undecided }
      return decision
    } makeUp: { verdict, findings in
      try honest.makeUp(verdict, alpha: 0.05, &findings)
    }
    let claim = slip == .noSource ? honest : test
    return [(slip == .loudIdentity ? claim.identity.saying("lower it") : claim).requiring(conditions)]
  }
}
