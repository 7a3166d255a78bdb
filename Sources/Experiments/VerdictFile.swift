import Foundation
import RunLogs

/// verdicts.json: what a run's claims came to, for programs. The report and the terminal show the same numbers, rounded.
///
/// A number that the data do not allow is null; an interval without an end has "Infinity" or "-Infinity" there, as in
/// log.jsonl.
package struct VerdictFile: Encodable {
  private let experiment: String
  private let preset: String
  private let opening: String
  /// Level of the tests, after Holm's correction.
  private let alpha: Double
  private let claims: [ClaimEntry]
  private let preconditions: [PreconditionEntry]

  package init(_ verdicts: Verdicts, experiment: String, preset: String, alpha: Double) {
    (self.experiment, self.preset, opening, self.alpha) = (experiment, preset, verdicts.opening, alpha)
    claims = verdicts.decisions.map(ClaimEntry.init)
    preconditions = verdicts.preconditions.map(PreconditionEntry.init)
  }

  /// The whole file.
  ///
  /// - Throws: nothing that numbers or texts can cause.
  package func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  private struct ClaimEntry: Encodable {
    let id: String
    let name: String
    let statement: String
    let source: String
    /// Whether it could not come out otherwise; then it checks the program, and has no corrected p.
    let isIdentity: Bool
    let verdict: Verdict
    let test: String
    let estimate: Number
    /// What the estimate is a number of; left out where the statement says it.
    let unit: String?
    let interval: IntervalEntry
    let p: Number
    let pHolm: Number
    let effectSize: Number
    /// Values or pairs.
    let n: Int
    let reason: String
    /// By their names in the list of all.
    let preconditions: [String]

    init(_ decision: Decision) {
      let (claim, evidence) = (decision.claim, decision.evidence)
      (id, name, statement, source) = (claim.id, claim.name, claim.statement, claim.source)
      (isIdentity, unit, verdict, test) = (claim.isIdentity, claim.unit, decision.verdict, evidence.test)
      (estimate, interval) = (Number(evidence.estimate), IntervalEntry(evidence.interval))
      (p, pHolm) = (Number(evidence.pValue), Number(evidence.adjustedPValue ?? .nan))
      (effectSize, n, reason) = (Number(evidence.effectSize), evidence.count, evidence.reason)
      preconditions = decision.preconditions.map(\.name)
    }
  }

  private struct PreconditionEntry: Encodable {
    let name: String
    let statement: String
    /// As "at least 0.1".
    let required: String
    let measured: Number
    let interval: IntervalEntry
    let n: Int
    let isMeasured: Bool
    let holds: Bool

    init(_ precondition: Precondition) {
      (name, statement) = (precondition.name, precondition.statement)
      (required, measured) = ("\(precondition.requirement)", Number(precondition.measured))
      (interval, n) = (IntervalEntry(precondition.interval), precondition.count)
      (isMeasured, holds) = (precondition.isMeasured, precondition.holds)
    }
  }

  private struct IntervalEntry: Encodable {
    let low: Number
    let high: Number
    let level: Double

    init(_ interval: Interval) { (low, high, level) = (Number(interval.low), Number(interval.high), interval.level) }
  }

  /// A double in what JSON has.
  private struct Number: Encodable {
    let value: Double

    init(_ value: Double) { self.value = value }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      if value.isNaN {
        try container.encodeNil()
      } else if value.isInfinite {
        try container.encode(value > 0 ? "Infinity" : "-Infinity")
      } else {
        try container.encode(value)
      }
    }
  }
}
