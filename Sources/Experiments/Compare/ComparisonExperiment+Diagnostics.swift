import Reports
import RunLogs
import Statistics

/// What a comparison says of the diagnostics that were asked for.
extension ComparisonExperiment {
  static func claimID(_ pair: String, _ diagnostic: ComparedDiagnostic) -> String {
    "\(pair)/\(diagnostic.tag)"
  }

  /// One claim for each pair and number: that the first arm's is lower. No direction is better.
  func diagnosticClaims(_ source: Int) throws -> [ClaimTest<ComparisonTrial>] {
    let plan = try plan()
    let ratio = try testRatio(source)
    return plan.diagnostics.flatMap { diagnostic in
      plan.pairs.map { first, second in
        let (a, b, place) = (plan.arms[first].name, plan.arms[second].name, plan.sourceNames[source])
        let (all, sides) = (plan.data(ofSource: source), [first, second])
        return differs(
          .lower, Self.claimID(Self.claimID(place, a, b), diagnostic),
          "\(Self.on(place, plan)), the \(diagnostic.quantity.name) of \(a) after the last update is lower than that of \(b).",
          all.map { (first: quantity($0, first, diagnostic), second: quantity($0, second, diagnostic)) },
          name: "\(diagnostic.tag) of \(a) lower than of \(b) on \(place)", testRatio: ratio
        ).noting { try note($0, all, sides, diagnostic) }.measured(in: diagnostic.name).requiring(
          all.flatMap { data in
            sides.map { staysFinite(data, $0, plan) } + sides.map { hasNumbers(data, $0, diagnostic, plan) }
              + sides.flatMap { plan.ends[$0].filter { !$0.isOfChoices } }.map { isInside(data, $0, plan) }
          })
      }
    }
  }

  /// The chosen setting of an arm, of whose descents a number is asked.
  private func chosenTrial(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> ComparisonTrial {
    guard let trial = try chosen(data, arm, findings) else {
      throw StatisticsError.tooFewValues(what: try plan().arms[arm].name, needed: 1, found: 0)
    }
    return trial
  }

  private func chosenDescents(
    _ data: Int, _ arm: Int
  ) -> @Sendable (Findings<ComparisonTrial>) throws -> (findings: Findings<ComparisonTrial>, trial: ComparisonTrial) {
    { ($0, try chosenTrial(data, arm, $0)) }
  }

  private static func number(
    _ diagnostic: ComparedDiagnostic, _ trial: ComparisonTrial, _ seed: Int, _ findings: Findings<ComparisonTrial>
  ) throws -> Double? {
    try findings.ifMeasured(diagnostic.measure, of: trial, seed).flatMap { $0.isFinite ? $0 : nil }
  }

  /// A seed without a number is left out like one that has not ended; `hasNumbers` sees to it that nothing is said then.
  private func quantity(_ data: Int, _ arm: Int, _ diagnostic: ComparedDiagnostic) -> Quantity<ComparisonTrial> {
    Quantity(of: chosenDescents(data, arm)) { found, seed in
      guard let value = try Self.number(diagnostic, found.trial, seed, found.findings) else {
        throw FindingsError.unfinished(task: SweepTask(found.trial, seed: seed).name)
      }
      return value
    } makeUp: { wanted, seed, findings in
      guard let trial = try chosen(data, arm, findings) else { return }
      findings.set(diagnostic.measure, of: trial, seed, to: wanted)
    }
  }

  /// Descents that diverge are no random choice of descents: what is left without them is of other seeds for each arm.
  private func hasNumbers(
    _ data: Int, _ arm: Int, _ diagnostic: ComparedDiagnostic, _ plan: ComparisonPlan
  ) -> Condition<ComparisonTrial> {
    Condition(
      "fresh seeds of \(plan.arms[arm].name) without \(diagnostic.tag) on \(plan.dataNames[data]) (share)", .atMost(0),
      "Each descent has the number: none diverged, and the diagnostic could follow.",
      Quantity(of: chosenDescents(data, arm)) { found, seed in
        try Self.number(diagnostic, found.trial, seed, found.findings) == nil ? 1 : 0
      } makeUp: { wanted, seed, findings in
        guard let trial = try chosen(data, arm, findings) else { return }
        findings.set(diagnostic.measure, of: trial, seed, to: wanted > 0 ? .nan : 1)
      })
  }

  /// How well the looks know their numbers, where they say so.
  private func note(
    _ findings: Findings<ComparisonTrial>, _ all: Range<Int>, _ sides: [Int], _ diagnostic: ComparedDiagnostic
  ) throws -> String? {
    let errors = try all.flatMap { data in
      try sides.flatMap { arm in
        let trial = try chosenTrial(data, arm, findings)
        return try findings.finished(trial).compactMap { try findings.ifMeasured(diagnostic.error, of: trial, $0) }
      }
    }
    return errors.max().map { "Looks know the number to \(Report.number($0, digits: 2)) or better." }
  }

  // MARK: Tables

  /// By pair: which arm's is lower; nil where no diagnostic was asked for, or there is no pair.
  ///
  /// - Parameter isShort: whether it is for a terminal: tags in place of words, and the corrected p alone.
  func diagnosticTable(_ decisions: [Decision], isShort: Bool) throws -> TextTable? {
    let plan = try plan()
    let known = Dictionary(uniqueKeysWithValues: decisions.map { ($0.claim.id, $0) })
    let rows = plan.sourceNames.flatMap { data in
      plan.diagnostics.flatMap { diagnostic in
        plan.pairs.compactMap { pair -> [String]? in
          let (a, b) = (plan.arms[pair.first].name, plan.arms[pair.second].name)
          let name = isShort ? diagnostic.tag : diagnostic.name
          return known[Self.claimID(Self.claimID(data, a, b), diagnostic)].map { row([data, name], a, b, $0) }
        }
      }
    }
    guard !rows.isEmpty else { return nil }
    let level = Report.number(100 * (1 - configuration.decision.alpha))
    let header = [
      "data", "diagnostic", "pair", "verdict", "difference", "\(level) % interval", "n", "p", "p by Holm",
    ]
    func cut(_ row: [String]) -> [String] { isShort ? row.prefix(6) + row.suffix(1) : row }
    return TextTable(header: cut(header), rows: rows.map(cut))
  }

  private func row(_ names: [String], _ a: String, _ b: String, _ decision: Decision) -> [String] {
    let e = decision.evidence
    func short(_ value: Double) -> String { Report.number(value, digits: 3) }
    let verdict =
      switch decision.verdict {
      case .upheld: "\(a) is lower"
      case .refuted: "\(b) is lower"
      case .undecided where e.pValue < configuration.decision.alpha:
        "not after Holm's correction; alone: \(e.estimate < 0 ? a : b) is lower"
      case .undecided: e.isTested ? "no difference found" : "no test: too few numbers"
      case .notMeasured: "not ended"
      case .notApplicable:
        "not applicable: " + Self.obstacle(decision)
      }
    return names + [
      "\(a) - \(b)", verdict, short(e.estimate),
      e.interval.low.isNaN ? "–" : "\(short(e.interval.low)) ... \(short(e.interval.high))", "\(e.count)",
      short(e.pValue), short(e.adjustedPValue ?? .nan),
    ]
  }

  /// The first precondition that does not hold; with several test parts there may be many.
  private static func obstacle(_ decision: Decision) -> String {
    let accounts = decision.preconditions.filter { $0.isMeasured && !$0.holds }.map(\.account)
    return (accounts.first ?? "") + (accounts.count > 1 ? ", and \(accounts.count - 1) more" : "")
  }

  /// By arm: the mean over fresh seeds with its interval, and of how many where some have no number. Nil where no diagnostic was
  /// asked for.
  func diagnosticArms(_ findings: Findings<ComparisonTrial>, isShort: Bool) throws -> TextTable? {
    let plan = try plan()
    guard !plan.diagnostics.isEmpty else { return nil }
    let rows = try plan.dataNames.indices.flatMap { data in
      try plan.arms.indices.map { arm -> [String] in
        let names = [plan.dataNames[data], plan.arms[arm].name]
        guard case let trial?? = try findings.ifFinished({ try chosen(data, arm, findings) }) else {
          return names + plan.diagnostics.map { _ in "–" }
        }
        let seeds = findings.finished(trial)
        let cells = try plan.diagnostics.map { diagnostic -> String in
          let values = try seeds.compactMap { try Self.number(diagnostic, trial, $0, findings) }
          let part = values.count < seeds.count ? " (\(values.count) of \(seeds.count) seeds)" : ""
          return (values.isEmpty ? "–" : Report.spread(values)) + part
        }
        return names + cells
      }
    }
    return TextTable(header: [plan.noun, "arm"] + plan.diagnostics.map { isShort ? $0.tag : $0.name }, rows: rows)
  }

  func diagnosticSections(_ findings: Findings<ComparisonTrial>, _ decisions: [Decision]) throws -> [Report.Section] {
    guard let arms = try diagnosticArms(findings, isShort: false) else { return [] }
    let pairs = try diagnosticTable(decisions, isShort: false)
    return [
      .heading("Diagnostics"),
      .paragraph(
        "Of each descent on a fresh seed after its last update (not at the weights that are kept), of the plain loss. Arms of a "
          + "seed are looked at on the same examples. That one is lower does not say that it is better."),
    ] + ([arms] + (pairs.map { [$0] } ?? [])).map { .table(header: $0.header, rows: $0.rows) }
  }
}
