import Reports

/// The end of a run in a terminal: one sentence, the preconditions, the claims; never wider than `width` columns.
public struct TerminalSummary: Sendable {
  let opening: String
  let preconditions: [Precondition]
  let decisions: [Decision]

  package init(opening: String, preconditions: [Precondition], decisions: [Decision]) {
    self.opening = opening
    self.preconditions = preconditions
    self.decisions = decisions
  }

  /// What a session came to.
  public init(_ outcome: RunSession.Outcome) {
    self.init(
      opening: outcome.verdicts.opening, preconditions: outcome.verdicts.preconditions,
      decisions: outcome.verdicts.decisions)
  }

  /// The summary; tables break their cells so that no line is longer than `width` characters.
  public func text(width: Int = 100) -> String {
    var parts = [TextTable.wrapped(opening, width: width).joined(separator: "\n")]
    if !listed.isEmpty { parts.append(preconditionTable.text(width: width)) }
    if listed.count < preconditions.count {
      parts.append("\(preconditions.count - listed.count) preconditions hold; the report lists them.")
    }
    if !claims.isEmpty { parts.append(decisionTable.text(width: width)) }
    if !identities.isEmpty { parts.append(TextTable.wrapped(identityLine, width: width).joined(separator: "\n")) }
    return parts.joined(separator: "\n\n")
  }

  private var claims: [Decision] { decisions.filter { !$0.claim.isIdentity } }
  private var identities: [Decision] { decisions.filter { $0.claim.isIdentity } }

  /// What could not come out otherwise, in one line.
  private var identityLine: String {
    "identities, which check the code: "
      + identities.map { "\($0.claim.name) \($0.verdict.ofIdentity)" }.joined(separator: "; ")
  }

  /// All preconditions, or where they are many those that do not hold.
  private var listed: [Precondition] {
    preconditions.count > 12 ? preconditions.filter { !$0.holds } : preconditions
  }

  private var preconditionTable: TextTable {
    TextTable(
      header: ["precondition", "required", "measured", "n", "verdict"],
      rows: listed.map {
        [$0.name, "\($0.requirement)", Report.number($0.measured), "\($0.count)", $0.finding]
      })
  }

  private var decisionTable: TextTable {
    // Without a correction there is no column for it.
    let isCorrected = claims.contains { $0.evidence.adjustedPValue != nil }
    func short(_ value: Double) -> String { Report.number(value, digits: 3) }
    return TextTable(
      header: ["claim", "verdict", "n", "estimate", "interval", "level", "p"] + (isCorrected ? ["p by Holm"] : []),
      rows: claims.map { decision in
        let e = decision.evidence
        return [
          decision.claim.name, decision.verdict.rawValue, "\(e.count)", short(e.estimate),
          "\(short(e.interval.low)) ... \(short(e.interval.high))",
          "\(Report.number(100 * e.interval.level, digits: 6)) %",
          short(e.pValue),
        ] + (isCorrected ? [short(e.adjustedPValue ?? .nan)] : [])
      })
  }
}
