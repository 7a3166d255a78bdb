import Foundation
import Statistics

/// What is said of two arms over all data sets, or all functions, together.
///
/// Each of them gives one difference, and the signed-rank test asks whether they have a side in common (Demšar 2006 for learning,
/// Derrac et al. 2011 for functions): the question is of such problems, and not of one.
extension ComparisonExperiment {
  /// Of fewer the signed-rank test rejects nothing at a level of 0.05.
  static let fewestSources = 6

  /// What a pair shows on one data set or function.
  enum Share {
    case difference(Double)
    /// Why it says nothing there.
    case leftOut(String)

    var difference: Double? { if case .difference(let value) = self { value } else { nil } }
  }

  static func overallName(_ plan: ComparisonPlan) -> String { "\(plan.sourceNames.count) \(plan.nouns) together" }

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

  /// - Throws: `FindingsError.unfinished` while a descent of them has not ended.
  func share(_ source: Int, _ first: Int, _ second: Int, _ findings: Findings<ComparisonTrial>) throws -> Share {
    let plan = try plan()
    let all = plan.data(ofSource: source)
    let measure = try deciding(all.lowerBound)
    var differences: [Double] = []
    for data in all {
      for arm in [first, second] {
        guard try chosen(data, arm, findings) != nil else {
          return .leftOut(Self.diverged(plan.arms[arm].name, plan.settings[arm].count))
        }
        for end in plan.ends[arm] where !end.isOfChoices {
          guard try room(at: end, data, findings) < Self.edge else { continue }
          return .leftOut(
            "\(plan.arms[arm].name)'s best \(end.place) is at the \(end.side == .above ? "upper" : "lower") end")
        }
      }
      let found = try [first, second].map { arm -> [Double] in
        let value = try values(data, arm, measure, among: [first, second], findings)
        return try findings.seeds.map { try value(findings, $0) }
      }
      let means = found.map { Summary($0).mean }
      let trial = try chosen(data, first, findings)!
      let baseline = Summary(try findings.seeds.map { try findings[trial, $0, .constant(measure)] }).mean
      let gain = plan.measure.cost(baseline) - means.map(plan.measure.cost).min()!
      guard gain > 0 else { return .leftOut("neither \(plan.gain)") }
      differences.append((means[0] - means[1]) / (hasCommonUnit(plan) ? 1 : gain))
    }
    return .difference(Summary(differences).mean)
  }

  private func shares(
    _ first: Int, _ second: Int, _ findings: Findings<ComparisonTrial>
  ) throws -> [(source: Int, share: Share)] {
    try plan().sourceNames.indices.map { ($0, try share($0, first, second, findings)) }
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
      let known = try shares(first, second, findings).compactMap(\.share.difference)
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
    Condition(
      Self.fewName(plan, first, second), .atLeast(Double(Self.fewestSources)),
      "Both arms have a best setting that is not at the end of a range, and one of them \(plan.gain): of fewer the test could show nothing.",
      Quantity(of: { findings in Double(try shares(first, second, findings).count { $0.share.difference != nil }) }) {
        count, _ in
        count
      } makeUp: { wanted, _, findings in
        let isHolding = wanted >= Double(Self.fewestSources)
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
    let shares = try shares(first, second, findings)
    let known = shares.compactMap(\.share.difference)
    let (lower, alike) = (known.count { $0 < 0 }, known.count { $0 == 0 })
    var text = "Lower on \(lower) of \(known.count) \(plan.nouns)"
    if alike > 0 { text += ", alike on \(alike)" }
    let out = shares.compactMap { source, share -> String? in
      if case .leftOut(let reason) = share { "\(plan.sourceNames[source]) (\(reason))" } else { nil }
    }
    return text + (out.isEmpty ? "." : "; left out: \(out.joined(separator: ", ")).")
  }
}
