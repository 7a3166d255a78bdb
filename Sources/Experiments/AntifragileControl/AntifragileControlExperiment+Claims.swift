import Foundation
import Reinforcement
import Reports

extension AntifragileControlExperiment {
  private typealias Test = ClaimTest<AntifragileArm>
  package typealias Number = Quantity<AntifragileArm>

  private static let paper = "Panda, Perrusquia, Guo, arXiv 2506.21129, abstract"
  private static let ours = "ours"

  public static let subject = "antifragile policies"

  /// Who is spoken of: an arm, or the one that the search chose for a side.
  package enum Speaker: Sendable {
    case arm(AntifragileArm)
    case best(Side)
  }

  package func measured(_ measure: Measure, _ speaker: Speaker) -> Number {
    switch speaker {
    case .arm(let arm): .measure(measure, of: arm)
    case .best(let side): .measure(measure) { try chosen(side, $0) }
    }
  }

  /// The two kinds of attack that claims are about.
  package enum AttackKind: String, CaseIterable, Sendable {
    case gradient, spoofing
  }

  /// An outcome under the gradient of the largest strength of training (the worse attacker), or the mean over spoofings.
  package func outcome(_ outcome: ControlOutcome, under kind: AttackKind, _ speaker: Speaker) throws -> Number {
    switch kind {
    case .gradient: measured(.outcome(outcome, .worst(configuration.attack.largest)), speaker)
    case .spoofing:
      .mean(
        of: try configuration.spoofings().map { measured(.outcome(outcome, .spoofed($0.description)), speaker) })
    }
  }

  // MARK: Preconditions

  private var spoofed: ControlCondition {
    // The one that the rule suffers from most is a predicted one; the last of the list where there is none.
    .spoofed(configuration.attack.spoofings.last { $0.hasPrefix("sp4") } ?? configuration.attack.spoofings.last ?? "")
  }

  private func text(_ condition: ControlCondition) throws -> ControlCondition {
    guard case .spoofed(let text) = condition else { return condition }
    return .spoofed(try PositionSpoofing(text: text).description)
  }

  private func conditions() throws -> (
    scene: [Condition<AntifragileArm>], hurt: [AttackKind: Condition<AntifragileArm>]
  ) {
    let (expert, standard) = (AntifragileArm.expert, AntifragileArm.standard)
    let scene: [Condition<AntifragileArm>] = [
      Condition(
        "conflicts of the best constant (an episode)", .above(1), "Who does not look cannot fly here.",
        .measure(.rule(.constant, .conflicts, .clean), of: expert)),
      Condition(
        "conflicts of goal seeking (an episode)", .above(1), "Who does not look at intruders cannot fly here.",
        .measure(.rule(.goalSeeking, .conflicts, .clean), of: expert)),
      Condition(
        "conflicts of the closest-approach rule under \(try text(spoofed))", .above(1),
        "A rule that sees velocities fails under attack.",
        .measure(.rule(.closestApproach, .conflicts, try text(spoofed)), of: expert)),
      Condition(
        "return of the expert less that of the best constant", .above(5), "The expert has learned to fly.",
        .measure(.outcome(.total, .clean), of: expert) - .measure(.rule(.constant, .total, .clean), of: expert)),
      Condition(
        "share of the expert's flights that arrive", .above(0.9), "And it has finished learning: it arrives.",
        .measure(.outcome(.arrival, .clean), of: expert)),
    ]
    func rise(_ kind: AttackKind) throws -> Number {
      try outcome(.conflicts, under: kind, .arm(standard)) - .measure(.outcome(.conflicts, .clean), of: standard)
    }
    return (
      scene,
      [
        .gradient: Condition(
          "conflicts of standard training: rise by the gradient", .above(0.3), "The attack hurts.",
          try rise(.gradient)),
        .spoofing: Condition(
          "conflicts of standard training: rise by spoofing", .above(0.3), "Spoofing hurts.", try rise(.spoofing)),
      ]
    )
  }

  // MARK: Claims

  public func claims() throws -> [ClaimTest<AntifragileArm>] {
    let (scene, hurt) = try conditions()
    let fly = scene + [hurt[.gradient]!]
    var tests = [growth().requiring(fly)] + alignment().map { $0.requiring(fly) }
    for (rival, side) in [("standard", Speaker.arm(.standard)), ("robust", .best(.robust))] {
      for kind in AttackKind.allCases {
        let tested = try gains(over: side, rival, under: kind)
        tests += tested.map { $0.requiring(scene + [hurt[kind]!]) }
      }
    }
    return try tests + comparisons().map { $0.requiring(fly) }
  }

  /// Without adaptation the law of values goes away from the clean one, farther with each strength.
  private func growth() -> Test {
    let strengths = configuration.attack.strengths
    let shifts = strengths.map { measured(.valueShift($0), .arm(.standard)) }
    let least = Number { findings, seed in
      let values = try shifts.map { try $0.value(findings, seed) }
      return zip(values, values.dropFirst()).map { $1 - $0 }.min() ?? 0
    } makeUp: { wanted, seed, findings in
      for (index, shift) in shifts.enumerated() { try shift.makeUp(1 + wanted * Double(index), seed, &findings) }
    }
    return .higher(
      "shift-grows",
      "Without adaptation the shift of values, W1 to the clean law, grows with each strength (least growth above 0).",
      least, than: 0, name: "without adaptation the shift of values grows", source: Self.paper)
  }

  /// The same curriculum with and without alignment.
  private func alignment() -> [Test] {
    let (with, without) = (
      AntifragileArm(.curriculum, truth: true, weight: 0.1), AntifragileArm(.curriculum, truth: true)
    )
    guard has(with), has(without) else { return [] }
    let largest = configuration.attack.largest
    return [
      .lower(
        "alignment-bounds-shift", "At the largest strength of training, alignment leaves a smaller shift of values.",
        .valueShift(largest), of: with, than: without, name: "alignment bounds the shift of values",
        source: Self.paper),
      .lower(
        "alignment-bounds-returns", "And a smaller shift of returns, W1 between clean and attacked episodes.",
        .returnShift(largest), of: with, than: without, name: "alignment bounds the shift of returns",
        source: Self.ours),
      .higher(
        "alignment-keeps-arrival",
        "Under that attack it arrives as often, or less often by at most \(Report.number(100 * configuration.decision.arrivalMargin)) % of flights.",
        .measure(.outcome(.arrival, .worst(largest)), of: with)
          - .measure(.outcome(.arrival, .worst(largest)), of: without),
        than: -configuration.decision.arrivalMargin, name: "alignment keeps arrival", source: Self.ours),
    ]
  }

  private func gains(over rival: Speaker, _ name: String, under kind: AttackKind) throws -> [Test] {
    let rule = configuration.decision
    let best = Speaker.best(.antifragile)
    let (gain, cut) = (Report.number(100 * rule.returnGain), Report.number(100 * rule.conflictCut))
    let (words, attack) = (
      name == "robust" ? "the best robust baseline" : "standard training",
      kind == .gradient
        ? "the projected gradient, strength \(Report.number(configuration.attack.largest))" : "spoofing"
    )
    let (total, otherTotal) = (try outcome(.total, under: kind, best), try outcome(.total, under: kind, rival))
    let (conflicts, others) = (
      try outcome(.conflicts, under: kind, best), try outcome(.conflicts, under: kind, rival)
    )
    let excess = Number { findings, seed in
      let other = try otherTotal.value(findings, seed)
      return try total.value(findings, seed) - other - rule.returnGain * abs(other)
    } makeUp: { wanted, seed, findings in
      try otherTotal.makeUp(-10, seed, &findings)
      try total.makeUp(-10 + 10 * rule.returnGain + wanted, seed, &findings)
    }
    let left = Number { findings, seed in
      try conflicts.value(findings, seed) - (1 - rule.conflictCut) * others.value(findings, seed)
    } makeUp: { wanted, seed, findings in
      try others.makeUp(1, seed, &findings)
      try conflicts.makeUp(1 - rule.conflictCut + wanted, seed, &findings)
    }
    let source = name == "robust" ? Self.paper + " (against robust learning)" : Self.paper
    let tests: [Test] = [
      .higher(
        "return/\(name)/\(kind.rawValue)",
        "Under \(attack), the return is above that of \(words) by \(gain) % of its size (estimate: by how much more).",
        excess, than: 0, name: "\(gain) % more return than \(name), \(kind.rawValue)", source: source
      ).noting { findings in try raw(total, otherTotal, findings) },
      .lower(
        "conflicts/\(name)/\(kind.rawValue)",
        "Under \(attack), at least \(cut) % fewer conflicts than \(words) (estimate: conflicts above that mark).", left,
        than: 0, name: "\(cut) % fewer conflicts than \(name), \(kind.rawValue)", source: source
      ).noting { findings in try raw(conflicts, others, findings) },
    ]
    guard kind == .gradient else { return tests }
    return [
      tests[0].saying("have \(gain) % more return than \(words) under attack"),
      tests[1].saying("have \(cut) % fewer conflicts than \(words) under attack"),
    ]
  }

  /// The means behind a difference.
  private func raw(_ a: Number, _ b: Number, _ findings: Findings<AntifragileArm>) throws -> String? {
    let seeds = findings.seeds
    func mean(_ number: Number) throws -> Double? {
      let values = try seeds.compactMap { seed in try findings.ifFinished { try number.value(findings, seed) } }
      return values.isEmpty ? nil : Summary(values).mean
    }
    guard let own = try mean(a), let other = try mean(b) else { return nil }
    let relative = 100 * (own - other) / abs(other)
    let change = other == 0 ? "" : " (\(String(format: "%+.0f", relative)) % of its size)"
    return "Raw: \(Report.number(own)) against \(Report.number(other))\(change)."
  }

  /// Ways to train, each against its control, by the return under the gradient of the largest strength.
  private func comparisons() throws -> [Test] {
    var tests: [Test] = []
    func total(_ arm: AntifragileArm) throws -> Number { try outcome(.total, under: .gradient, .arm(arm)) }
    func compare(
      _ id: String, _ statement: String, _ arm: AntifragileArm, _ other: AntifragileArm, name: String,
      source: String = Self.ours
    ) throws {
      guard has(arm), has(other) else { return }
      tests.append(.higher(id, statement, try total(arm), than: try total(other), name: name, source: source))
    }
    if let unseen = configuration.unseenStrength {
      let condition = Measure.outcome(.total, .worst(unseen))
      tests.append(
        .higher(
          "generalises",
          "At strength \(Report.number(unseen)), beyond training, the return is above that of the best robust baseline.",
          measured(condition, .best(.antifragile)), than: measured(condition, .best(.robust)),
          name: "more return than robust beyond training", source: Self.paper))
    }
    func plan(_ plan: AntifragileArm.Plan, truth: Bool = true) -> AntifragileArm { AntifragileArm(plan, truth: truth) }
    try compare(
      "true-state-critic/adversarial", "A critic that learns on the true state raises the return under attack.",
      plan(.adversarial), plan(.adversarial, truth: false), name: "a true-state critic raises the attacked return")
    try compare(
      "true-state-critic/curriculum", "The same of training by a curriculum.", plan(.curriculum),
      plan(.curriculum, truth: false), name: "a true-state critic raises the attacked return, curriculum")
    try compare(
      "curriculum/mean", "A curriculum gives more return under attack than its mean strength throughout.",
      plan(.curriculum, truth: false), plan(.adversarialMean, truth: false),
      name: "a curriculum beats its mean strength", source: Self.paper)
    try compare(
      "curriculum/largest", "A curriculum gives more return under attack than its largest strength throughout.",
      plan(.curriculum), plan(.adversarial), name: "a curriculum beats its largest strength", source: Self.paper)
    try compare(
      "curriculum/order", "Stages that rise give more return under attack than stages that fall.", plan(.curriculum),
      plan(.reversed), name: "rising stages beat falling ones", source: Self.paper)
    let aligned = AntifragileArm(.curriculum, truth: true, weight: 0.1)
    try compare(
      "alignment/return", "Alignment raises the return under attack of the same curriculum.", aligned,
      plan(.curriculum), name: "alignment raises the attacked return", source: Self.paper)
    try compare(
      "alignment/reconstruction", "The same without a true-state critic, at λ = 1.",
      AntifragileArm(.curriculum, weight: 1), plan(.curriculum, truth: false),
      name: "alignment at λ = 1 raises the attacked return", source: Self.paper)
    try compare(
      "alignment/law", "Alignment of laws gives more return under attack than alignment state by state.", aligned,
      AntifragileArm(.curriculum, truth: true, weight: 0.1, isPairwise: true), name: "laws beat pairs")
    try compare(
      "alignment/anchor", "Alignment to the clean expert gives more return under attack than to the stage before.",
      aligned, AntifragileArm(.curriculum, truth: true, weight: 0.1, isChained: true),
      name: "the expert as anchor beats the stage before", source: Self.paper)
    return tests
  }

  private func has(_ arm: AntifragileArm) -> Bool {
    configuration.arms.contains { (try? configuration.arm($0)) == arm }
  }
}
