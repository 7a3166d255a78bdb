import Foundation
import Statistics

extension ComparisonExperiment {
  static func claimID(_ data: String, _ first: String, _ second: String) -> String { "\(data)/\(first)/\(second)" }

  /// One claim for each pair of arms on each data set, or over all of them: that the first is better, or that both are the same within
  /// the margin where there is one. One more for each number of a diagnostic.
  public func claims() throws -> [ClaimTest<ComparisonTrial>] {
    let plan = try plan()
    let overall = try plan.isOverall ? plan.pairs.map { try overallClaim($0.first, $0.second) } : []
    return try overall
      + plan.sourceNames.indices.flatMap { source in
        try (plan.isOverall ? [] : plan.pairs.map { try claim(source, $0.first, $0.second) }) + diagnosticClaims(source)
      }
  }

  private func claim(_ source: Int, _ first: Int, _ second: Int) throws -> ClaimTest<ComparisonTrial> {
    let plan = try plan()
    let (a, b, place) = (plan.arms[first].name, plan.arms[second].name, plan.sourceNames[source])
    let (all, sides) = (plan.data(ofSource: source), [first, second])
    let (measure, label) = (try deciding(all.lowerBound), try decidingName(all.lowerBound))
    let parts = all.map { data in
      (first: quantity(data, first, measure, among: sides), second: quantity(data, second, measure, among: sides))
    }
    let id = Self.claimID(place, a, b)
    let test: ClaimTest<ComparisonTrial>
    if let margin = configuration.decision.margin {
      let statement = "\(Self.on(place, plan)), the \(label) of \(a) and \(b) is the same within ±\(margin)."
      let name = "\(a) the same as \(b) on \(place)"
      test =
        parts.count > 1
        ? .same(
          id, statement, onParts: parts, testRatio: try testRatio(source), within: margin, name: name,
          source: "asked")
        : .same(
          id, statement, parts[0].first, as: parts[0].second, within: margin, name: name, source: "asked")
    } else {
      let direction = plan.measure.isLower ? "lower" : "higher"
      test = differs(
        plan.measure.isLower ? .lower : .higher, id,
        "\(Self.on(place, plan)), the \(label) of \(a) is \(direction) than that of \(b).", parts,
        name: "\(a) better than \(b) on \(place)", testRatio: try testRatio(source))
    }
    return test.noting { findings in
      let notes =
        try all.flatMap { data in try sides.map { try divergenceNote(data, $0, findings) } }
        + [parts.count > 1 ? partNote(findings, parts) : note(findings, parts[0])]
      return notes.compactMap { $0 }.joined(separator: " ")
    }.measured(in: label).requiring(
      all.flatMap { data in
        sides.map { staysFinite(data, $0, plan) } + [learns(data)]
          + sides.flatMap { plan.ends[$0].filter { !$0.isOfChoices } }.map { isInside(data, $0, plan) }
      })
  }

  static func on(_ source: String, _ plan: ComparisonPlan) -> String {
    plan.testParts > 1 ? "Over \(plan.testParts) test parts of \(source)" : "On \(source)"
  }

  /// A paired test over seeds; with several test parts one over these.
  func differs(
    _ direction: Claim.Direction, _ id: String, _ statement: String, _ parts: [ClaimTest<ComparisonTrial>.PartedPair],
    name: String, testRatio: Double
  ) -> ClaimTest<ComparisonTrial> {
    guard parts.count == 1 else {
      return .differs(
        direction, id, statement, onParts: parts, testRatio: testRatio, name: name, source: "asked")
    }
    let (own, other) = parts[0]
    return direction == .lower
      ? .lower(id, statement, own, than: other, name: name, source: "asked")
      : .higher(id, statement, own, than: other, name: name, source: "asked")
  }

  /// The difference on each test part, and how much of their spread is the luck of seeds.
  private func partNote(
    _ findings: Findings<ComparisonTrial>, _ parts: [ClaimTest<ComparisonTrial>.PartedPair]
  ) throws -> String? {
    let known = try ClaimTest.differences(of: parts, findings).compactMap { $0.map { Summary($0) } }
    guard known.count > 1 else { return nil }
    let means = known.map(\.mean)
    let luck = (known.map { $0.variance / Double($0.count) }.reduce(0, +) / Double(known.count)).squareRoot()
    func short(_ value: Double) -> String { String(format: "%.2g", value) }
    return
      "By test part: \(means.map(short).joined(separator: ", ")); lower in \(means.count { $0 < 0 }) of \(means.count). They have a standard "
      + "deviation of \(short(Summary(means).standardDeviation)); the luck of seeds alone would give \(short(luck))."
  }

  /// In how many pairs the first is lower, and what ranks say: beside the t-test, for differences that are far from normal.
  private func note(
    _ findings: Findings<ComparisonTrial>, _ pair: ClaimTest<ComparisonTrial>.PartedPair
  ) throws -> String? {
    let (a, b) = (try pair.first.bySeed(findings), try pair.second.bySeed(findings))
    let differences = findings.seeds.compactMap { seed in a[seed].flatMap { x in b[seed].map { x - $0 } } }
    guard let ranks = try? wilcoxonSignedRank(differences) else { return nil }
    let lower = differences.count { $0 < 0 }
    return
      "Lower in \(lower) of \(differences.count) pairs; signed-rank test: p = \(String(format: "%.2g", ranks.pValue))."
  }

  /// That fresh descents of an arm diverged, and what they count as; nil where none did.
  func divergenceNote(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> String? {
    guard let trial = try chosen(data, arm, findings) else { return nil }
    let seeds = findings.finished(trial)
    let diverged = try seeds.count { try findings[trial, $0, .comparedDivergence] == 1 }
    guard diverged > 0 else { return nil }
    let plan = try plan()
    return
      "\(diverged) of \(seeds.count) fresh descents of \(plan.arms[arm].name) on \(plan.dataNames[data]) diverged; each counts as the "
      + "worst value of the two arms or the \(plan.baseline), so that the size of a difference is our choice there."
  }

  /// The deciding measure of an arm's chosen setting.
  func quantity(
    _ data: Int, _ arm: Int, _ measure: Measure, among arms: [Int]
  ) -> Quantity<ComparisonTrial> {
    @Sendable func prepared(
      _ findings: Findings<ComparisonTrial>
    ) throws -> (values: Values, findings: Findings<ComparisonTrial>) {
      (try values(data, arm, measure, among: arms, findings), findings)
    }
    return Quantity(of: prepared) {
      try $0.values($0.findings, $1)
    } makeUp: { wanted, seed, findings in
      guard let trial = try chosen(data, arm, findings) else { return }
      findings.set(measure, of: trial, seed, to: wanted)
    }
  }

  /// Where no arm learns anything, a difference between arms is none of methods.
  private func learns(_ data: Int) -> Condition<ComparisonTrial> {
    let label = (try? decidingName(data)) ?? "measure"
    return Condition(
      gainName(data), .above(0),
      configuration.functions == nil
        ? "An arm predicts better than the training part's majority or mean: its \(label), seed by seed."
        : "An arm \((try? plan().gain) ?? ""): its \(label), seed by seed.",
      Quantity(of: { findings in
        let (measure, standing) = (try deciding(data), try standing(data, findings))
        return (
          findings: findings, first: standing.first?.trial, constant: Measure.constant(measure),
          values: try standing.map { try values(data, $0.arm, measure, findings) }
        )
      }) { known, seed in
        let plan = try plan()
        let costs = try known.values.map { plan.measure.cost(try $0(known.findings, seed)) }
        guard let best = costs.min(), let first = known.first else {
          throw StatisticsError.tooFewValues(what: "A comparison", needed: 1, found: 0)
        }
        return plan.measure.cost(try known.findings[first, seed, known.constant]) - best
      } makeUp: { wanted, seed, findings in
        let (plan, measure, standing) = (try plan(), try deciding(data), try standing(data, findings))
        let costs = try standing.map { plan.measure.cost(try findings[$0.trial, seed, measure]) }
        guard let best = costs.min() else { return }
        let cost = best + wanted
        findings.set(.constant(measure), of: standing[0].trial, seed, to: plan.measure.isLower ? cost : -cost)
      })
  }

  func gainName(_ data: Int) -> String {
    let plan = try? plan()
    return "gain of the best arm over the \(plan?.baseline ?? "") on \(plan?.dataNames[data] ?? "")"
  }
}
