import Reports
import RunLogs
import Statistics

/// What a comparison says of the diagnostics that were asked for.
extension ComparisonExperiment {
  static func claimID(_ pair: String, _ diagnostic: ComparedDiagnostic) -> String {
    "\(pair)/\(diagnostic.watch)/\(diagnostic.quantity.tag)"
  }

  /// One claim for each pair and number: that the first arm's is lower. No direction is better.
  func diagnosticClaims(_ data: Int) throws -> [ClaimTest<ComparisonTrial>] {
    let plan = try plan()
    return plan.diagnostics.flatMap { diagnostic in
      plan.pairs.map { first, second in
        let (a, b, place) = (plan.arms[first].name, plan.arms[second].name, plan.dataNames[data])
        let (own, other) = (quantity(data, first, diagnostic), quantity(data, second, diagnostic))
        return .lower(
          Self.claimID(Self.claimID(place, a, b), diagnostic),
          "On \(place), \(diagnostic.name) of \(a) after the last update is lower than that of \(b).", own, than: other,
          name: "\(diagnostic.watch) of \(a) lower than of \(b) on \(place)", source: "asked"
        ).noting { findings in
          let count = Set(try own.bySeed(findings).keys).intersection(try other.bySeed(findings).keys).count
          let missing = findings.seeds.count - count
          return missing == 0
            ? nil
            : "\(missing) of \(findings.seeds.count) pairs are left out: a descent diverged, or there was no number."
        }.measured(in: diagnostic.name)
          .requiring([staysFinite(data, first, plan), staysFinite(data, second, plan)])
      }
    }
  }

  /// A seed without a number is left out like one that has not ended.
  private func quantity(_ data: Int, _ arm: Int, _ diagnostic: ComparedDiagnostic) -> Quantity<ComparisonTrial> {
    @Sendable func chosenTrial(
      _ findings: Findings<ComparisonTrial>
    ) throws -> (findings: Findings<ComparisonTrial>, trial: ComparisonTrial) {
      guard let trial = try chosen(data, arm, findings) else {
        throw StatisticsError.tooFewValues(what: try plan().arms[arm].name, needed: 1, found: 0)
      }
      return (findings, trial)
    }
    return Quantity(of: chosenTrial) { found, seed in
      guard let value = try found.findings.ifMeasured(diagnostic.measure, of: found.trial, seed), value.isFinite else {
        throw FindingsError.unfinished(task: SweepTask(found.trial, seed: seed).name)
      }
      return value
    } makeUp: { wanted, seed, findings in
      guard let trial = try chosen(data, arm, findings) else { return }
      findings.set(diagnostic.measure, of: trial, seed, to: wanted)
    }
  }

  // MARK: Tables

  /// By pair: which arm's is lower; nil where no diagnostic was asked for, or there is no pair.
  ///
  /// - Parameter isShort: whether it is for a terminal: tags in place of words, and the corrected p alone.
  func diagnosticTable(_ decisions: [Decision], isShort: Bool) throws -> TextTable? {
    let plan = try plan()
    let known = Dictionary(uniqueKeysWithValues: decisions.map { ($0.claim.id, $0) })
    let rows = plan.dataNames.flatMap { data in
      plan.diagnostics.flatMap { diagnostic in
        plan.pairs.compactMap { pair -> [String]? in
          let (a, b) = (plan.arms[pair.first].name, plan.arms[pair.second].name)
          let name = isShort ? "\(diagnostic.watch)/\(diagnostic.quantity.tag)" : diagnostic.name
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
      case .undecided: "no difference found"
      default: "\(decision.verdict)"
      }
    return names + [
      "\(a) - \(b)", verdict, short(e.estimate),
      e.interval.low.isNaN ? "–" : "\(short(e.interval.low)) ... \(short(e.interval.high))", "\(e.count)",
      short(e.pValue), short(e.adjustedPValue ?? .nan),
    ]
  }

  /// By arm: the mean over fresh seeds with its interval; and the pairs.
  func diagnosticSections(_ findings: Findings<ComparisonTrial>, _ decisions: [Decision]) throws -> [Report.Section] {
    let plan = try plan()
    guard !plan.diagnostics.isEmpty else { return [] }
    let rows = try plan.dataNames.indices.flatMap { data in
      try plan.arms.indices.map { arm -> [String] in
        let name = [plan.dataNames[data], plan.arms[arm].name]
        guard case let trial?? = try findings.ifFinished({ try chosen(data, arm, findings) }) else {
          return name + plan.diagnostics.map { _ in "–" }
        }
        return name
          + (try plan.diagnostics.map { diagnostic in
            let values = try findings.finished(trial).compactMap {
              try findings.ifMeasured(diagnostic.measure, of: trial, $0)
            }.filter(\.isFinite)
            return values.isEmpty ? "–" : Report.spread(values)
          })
      }
    }
    let pairs =
      try diagnosticTable(decisions, isShort: false).map { [Report.Section.table(header: $0.header, rows: $0.rows)] }
      ?? []
    return [
      .heading("Diagnostics"),
      .paragraph(
        "Of each descent on a fresh seed after its last update (not at the weights that are kept), on the loss that it descends. "
          + "Arms of a seed are looked at on the same examples. That one is lower does not say that it is better."),
      .table(header: ["data", "arm"] + plan.diagnostics.map(\.name), rows: rows),
    ] + pairs
  }
}
