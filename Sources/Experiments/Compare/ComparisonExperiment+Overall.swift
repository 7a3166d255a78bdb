import Formulas
import Foundation
import Statistics

/// What is said of two arms over all data sets, or all functions, together.
///
/// Each of them gives one difference, and the signed-rank test asks whether they have a side in common (Demšar 2006 for learning,
/// Derrac et al. 2011 for functions): the question is of such problems, and not of one.
extension ComparisonExperiment {
  /// Of fewer the signed-rank test rejects nothing at a level of 0.05, not even for one pair.
  static let fewestSources = 6

  /// Of fewer it could reject nothing among as many claims, by Holm's correction: all differences on one side have p = 2^(1 - n).
  static func fewestSources(claims: Int, alpha: Double) -> Int {
    (1...64).first { Double(claims) * pow(2, 1 - Double($0)) < alpha } ?? 64
  }

  /// Of Holm's family: pairs, and what diagnostics ask on each data set.
  static func claimCount(_ plan: ComparisonPlan) -> Int {
    plan.pairs.count * (1 + plan.sourceNames.count * plan.diagnostics.count)
  }

  /// What a pair shows on one data set or function.
  enum PairDifference {
    case known(Double)
    /// Why it says nothing there.
    case leftOut(String)

    var value: Double? { if case .known(let value) = self { value } else { nil } }
  }

  /// - Parameter judged: on how many a pair was judged; nil for all.
  static func overallName(_ plan: ComparisonPlan, judged: Int? = nil) -> String {
    let count = plan.sourceNames.count
    return (judged.map { $0 < count ? "\($0) of " : "" } ?? "") + "\(count) \(plan.nouns) together"
  }

  static func fewName(_ plan: ComparisonPlan, _ first: Int, _ second: Int) -> String {
    "\(plan.nouns) on which \(plan.arms[first].name) and \(plan.arms[second].name) can be judged"
  }

  /// Whether differences have the measure's own unit, which is the same everywhere; else they are shares of what the better arm of the
  /// two gained over the baseline.
  private func hasCommonUnit(_ plan: ComparisonPlan) -> Bool {
    ["accuracy", "f1", "auc", "r2", ComparedMeasure.gap, ComparedMeasure.arrival].contains(plan.measure.tag)
  }

  /// What the estimate is a number of.
  func overallUnit(_ plan: ComparisonPlan) throws -> String {
    let names = try Set(plan.firstParts.map { try decidingName($0) })
    let name = names.count == 1 ? names.first! : plan.measure.name
    return hasCommonUnit(plan) ? name : name + " as a share of the gain over the \(plan.baseline)"
  }

  /// An arm all of whose trials diverged has the worst value that there is: left out, it would be the better for it.
  ///
  /// - Throws: `FindingsError.unfinished` while a descent of them has not ended.
  func difference(
    _ source: Int, _ first: Int, _ second: Int, _ findings: Findings<ComparisonTrial>
  ) throws -> PairDifference {
    let plan = try plan()
    let all = plan.data(ofSource: source)
    let measure = try deciding(all.lowerBound)
    var differences: [Double] = []
    for data in all {
      let trials = try [first, second].map { try chosen(data, $0, findings) }
      guard let known = trials.compactMap({ $0 }).first else { return .leftOut("all trials of both diverged") }
      for (arm, trial) in zip([first, second], trials) where trial != nil {
        for end in plan.ends[arm] where !end.isOfChoices {
          guard try room(at: end, data, findings) < Self.edge else { continue }
          return .leftOut(
            "\(plan.arms[arm].name)'s best \(end.place) is at the \(end.side == .above ? "upper" : "lower") end")
        }
      }
      // Starts of both arms, whichever is named first.
      let baselines = try trials.map { trial in
        Summary(try findings.seeds.map { try findings[trial ?? known, $0, .constant(measure)] }).mean
      }
      let baseline = Summary(baselines).mean
      let means = try zip([first, second], trials).map { arm, trial -> Double? in
        guard trial != nil else { return nil }
        let value = try values(data, arm, measure, among: [first, second], findings)
        return Summary(try findings.seeds.map { try value(findings, $0) }).mean
      }
      let worst = (means.compactMap { $0 } + [baseline]).max { plan.measure.cost($0) < plan.measure.cost($1) }!
      let (a, b) = (means[0] ?? worst, means[1] ?? worst)
      let gain = plan.measure.cost(baseline) - min(plan.measure.cost(a), plan.measure.cost(b))
      guard gain > 0 else { return .leftOut("neither \(plan.gain)") }
      differences.append(hasCommonUnit(plan) ? Self.apart(a, b) : Self.rounded((a - b) / gain))
    }
    return .known(Summary(differences).mean)
  }

  /// The difference of two means, or none where it is that of their last digits; that to a mean that is not finite is not.
  static func apart(_ a: Double, _ b: Double) -> Double {
    let most = 1e-9 * max(abs(a), abs(b))
    return a == b || (most.isFinite && abs(a - b) <= most) ? 0 : a - b
  }

  /// A share of the gain; what is within 1e-8 of it is alike, as heights are above a minimum.
  private static func rounded(_ share: Double) -> Double { abs(share) <= TestFunction.precision ? 0 : share }

  private func differences(
    _ first: Int, _ second: Int, _ findings: Findings<ComparisonTrial>
  ) throws -> [(source: Int, found: PairDifference)] {
    try plan().sourceNames.indices.map { ($0, try difference($0, first, second, findings)) }
  }

  func overallClaim(_ first: Int, _ second: Int) throws -> ClaimTest<ComparisonTrial> {
    let plan = try plan()
    let (a, b, place) = (plan.arms[first].name, plan.arms[second].name, Self.overallName(plan))
    let direction: Claim.Direction = plan.measure.isLower ? .lower : .higher
    let unit = try overallUnit(plan)
    return ClaimTest.custom(
      Self.claimID("all", a, b),
      "Over \(plan.sourceNames.count) \(plan.nouns), the \(unit) of \(a) is \(direction.rawValue) than that of \(b).",
      name: "\(a) better than \(b) on \(place)", source: "asked"
    ) { claim, findings, alpha in
      let known = try differences(first, second, findings).compactMap(\.found.value)
      return claim.decideDifference(direction, byRanksOf: known, alpha: alpha)
    } makeUp: { verdict, findings in
      try makeUpDifferences(first, second, &findings) { source in
        let size = 1 + 0.1 * Double(source)
        let isClaimed = verdict == .upheld || (verdict != .refuted && source.isMultiple(of: 2))
        return isClaimed == (direction == .lower) ? -size : size
      }
    }.noting { try overallNote(first, second, $0) }.measured(in: unit).requiring([try areEnough(first, second, plan)])
  }

  private func makeUpDifferences(
    _ first: Int, _ second: Int, _ findings: inout Findings<ComparisonTrial>, _ wanted: (_ source: Int) -> Double
  ) throws {
    let plan = try plan()
    for source in plan.sourceNames.indices {
      for data in plan.data(ofSource: source) {
        let measure = try deciding(data)
        let sides = [first, second].map { quantity(data, $0, measure, among: [first, second]) }
        guard let trial = try chosen(data, first, findings) else { continue }
        for seed in findings.seeds {
          let values = [3 + wanted(source), 3]
          for (side, value) in zip(sides, values) { try side.makeUp(value, seed, &findings) }
          findings.set(
            .constant(measure), of: trial, seed, to: plan.measure.isLower ? values.max()! + 5 : values.min()! - 5)
        }
      }
    }
  }

  /// On fewer no verdict could come about.
  private func areEnough(_ first: Int, _ second: Int, _ plan: ComparisonPlan) throws -> Condition<ComparisonTrial> {
    let least = Self.fewestSources(claims: 1, alpha: configuration.decision.alpha)
    return Condition(
      Self.fewName(plan, first, second), .atLeast(Double(least)),
      "No best setting is at the end of a range, and one of the two \(plan.gain): of fewer the test could show nothing.",
      Quantity(of: { findings in Double(try differences(first, second, findings).count { $0.found.value != nil }) }) {
        count, _ in
        count
      } makeUp: { wanted, _, findings in
        let isHolding = wanted >= Double(least)
        for data in plan.dataNames.indices {
          for arm in [first, second] {
            try staysFinite(data, arm, plan).makeUp(holding: isHolding, &findings)
            guard isHolding else { continue }
            for end in plan.ends[arm] where !end.isOfChoices {
              try isInside(data, end, plan).makeUp(holding: true, &findings)
            }
          }
        }
        if isHolding { try makeUpDifferences(first, second, &findings) { Double($0) + 1 } }
      }, isOnce: true)
  }

  /// On how many the first is better, and which say nothing.
  private func overallNote(_ first: Int, _ second: Int, _ findings: Findings<ComparisonTrial>) throws -> String? {
    let plan = try plan()
    let differences = try differences(first, second, findings)
    let known = differences.compactMap(\.found.value)
    let (lower, alike) = (known.count { $0 < 0 }, known.count { $0 == 0 })
    let better = plan.measure.isLower ? lower : known.count - alike - lower
    var text = "\(plan.arms[first].name) is better on \(better) of \(known.count) \(plan.nouns)"
    if alike > 0 { text += ", alike on \(alike), of which the estimate does not speak" }
    let least = Self.fewestSources(claims: Self.claimCount(plan), alpha: configuration.decision.alpha)
    if known.count - alike < least {
      text += "; fewer than \(least) that differ can show nothing after Holm's correction"
    }
    let out = differences.compactMap { source, found -> String? in
      if case .leftOut(let reason) = found { "\(plan.sourceNames[source]) (\(reason))" } else { nil }
    }
    return text + (out.isEmpty ? "." : "; left out: \(out.joined(separator: ", ")).")
  }

  /// Arms that are not tuned somewhere, so that their pairs are judged without these, in a sentence; nil where there are none.
  func untunedCaution(_ findings: Findings<ComparisonTrial>) throws -> String? {
    let plan = try plan()
    guard plan.isOverall else { return nil }
    let untuned = try findings.ifFinished {
      try plan.arms.indices.compactMap { arm -> String? in
        let places = try plan.sourceNames.indices.filter { source in
          try plan.data(ofSource: source).contains { data in
            try chosen(data, arm, findings) != nil
              && plan.ends[arm].contains { try !$0.isOfChoices && room(at: $0, data, findings) < Self.edge }
          }
        }
        return places.isEmpty
          ? nil : "\(plan.arms[arm].name) on \(places.map { plan.sourceNames[$0] }.joined(separator: ", "))"
      }
    }
    guard let untuned, !untuned.isEmpty else { return nil }
    return "Not tuned, and left out of the verdicts, but not of the ranks: \(untuned.joined(separator: "; "))."
  }
}
