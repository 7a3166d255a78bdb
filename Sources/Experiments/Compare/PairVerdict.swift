import Foundation
import Statistics

/// What a comparison says of two arms on one data set.
public struct PairVerdict: Sendable, Equatable {
  /// Which is better, as far as the tests tell.
  public enum Outcome: String, Sendable, CaseIterable {
    case firstIsBetter = "the first is better"
    case secondIsBetter = "the second is better"
    /// The difference is within the margin, and neither is better.
    case same = "the same within the margin"
    case noDifference = "no difference found"
    /// No arm beats the constant prediction.
    case notApplicable = "nothing learned"
    /// Descents have not ended.
    case open = "not ended"
  }

  /// As the comparison calls it.
  public let data: String
  /// The name of one arm.
  public let first: String
  /// The name of the other.
  public let second: String
  /// The measure that decided, as "test loss".
  public let measure: String
  /// After Holm's correction over all pairs and data sets.
  public let outcome: Outcome
  /// Whether the difference is within the margin, where there is one; it may be, and yet be one.
  public let isWithinMargin: Bool
  /// The test of "the first is better": its estimate is first - second.
  public let evidence: Evidence

  init(data: String, _ first: String, _ second: String, measure: String, _ better: Decision, _ same: Decision?) {
    (self.data, self.first, self.second, self.measure) = (data, first, second, measure)
    evidence = better.evidence
    isWithinMargin = same?.verdict == .upheld
    switch better.verdict {
    case .upheld: outcome = .firstIsBetter
    case .refuted: outcome = .secondIsBetter
    case .notApplicable: outcome = .notApplicable
    case .notMeasured: outcome = .open
    case .undecided: outcome = evidence.count < 2 ? .open : isWithinMargin ? .same : .noDifference
    }
  }

  /// The arm that is better; nil where none is known to be.
  public var winner: String? {
    switch outcome {
    case .firstIsBetter: first
    case .secondIsBetter: second
    default: nil
    }
  }

  /// As "adam is better than sgd on digits (test loss 0.0341 lower)".
  public var sentence: String {
    let size = String(format: "%.3g", abs(evidence.estimate))
    let within = isWithinMargin ? ", within the margin" : ""
    switch outcome {
    case .firstIsBetter, .secondIsBetter:
      let isFirst = outcome == .firstIsBetter
      let isLower = (evidence.estimate < 0) == isFirst
      return "\(isFirst ? first : second) is better than \(isFirst ? second : first) on \(data) (\(measure) \(size) "
        + "\(isLower ? "lower" : "higher")\(within))"
    case .same: return "\(first) and \(second) are the same on \(data) within the margin"
    case .noDifference: return "between \(first) and \(second) on \(data) no difference was found"
    case .notApplicable: return "on \(data) no arm beats the constant prediction"
    case .open: return "\(first) and \(second) on \(data) have not ended"
    }
  }
}

extension ComparisonExperiment {
  /// Each pair of arms on each data set, in the order of the claims.
  func pairs(_ decisions: [Decision]) throws -> [PairVerdict] {
    let (plan, known) = (try plan(), Dictionary(uniqueKeysWithValues: decisions.map { ($0.claim.id, $0) }))
    return try plan.dataNames.indices.flatMap { data in
      try plan.pairs.compactMap { pair -> PairVerdict? in
        let (first, second) = (plan.arms[pair.first].name, plan.arms[pair.second].name)
        let id = Self.claimID(plan.dataNames[data], first, second)
        return try known[id].map {
          PairVerdict(
            data: plan.dataNames[data], first, second, measure: try decidingName(data), $0, known[id + "/same"])
        }
      }
    }
  }

  /// The pairs in one sentence; of many, those that differ.
  public func opening(_ decisions: [Decision]) -> String? {
    guard let pairs = try? pairs(decisions), !pairs.isEmpty else { return nil }
    let text: String
    if pairs.count <= 6 {
      // Of a data set on which nothing was learned once is enough.
      var said: Set<String> = []
      text = pairs.map(\.sentence).filter { said.insert($0).inserted }.joined(separator: "; ")
    } else {
      let found = pairs.filter { $0.winner != nil }
      text =
        (found.isEmpty ? "none" : "\(found.count)") + " of \(pairs.count) pairs differ" + (found.count < 2 ? "s" : "")
        + (found.isEmpty ? "" : ": " + found.prefix(6).map(\.sentence).joined(separator: "; "))
        + (found.count > 6 ? "; ..." : "")
    }
    // Names stay as they were given, at the beginning of a sentence too.
    let isName = pairs.contains { text.hasPrefix($0.first + " ") || text.hasPrefix($0.second + " ") }
    return (isName ? text : text.prefix(1).uppercased() + text.dropFirst()) + "."
  }
}
