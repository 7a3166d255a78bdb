import Foundation
import Statistics

/// What a comparison says of two arms on one data set, or on all together.
public struct PairVerdict: Sendable, Equatable {
  /// Which is better, as far as the tests tell; with a margin, better by more than that.
  public enum Outcome: String, Sendable, CaseIterable {
    case firstIsBetter = "the first is better"
    case secondIsBetter = "the second is better"
    /// The difference is within the margin.
    case same = "the same within the margin"
    case noDifference = "no difference found"
    /// There is a margin, and the interval reaches across it.
    case undecided = "neither within the margin nor beyond it"
    /// No arm beats the constant prediction.
    case nothingLearned = "nothing learned"
    /// Beyond the end of a range a better setting may lie, or every trial of an arm diverged.
    case notApplicable = "not applicable"
    /// Descents have not ended.
    case open = "not ended"
  }

  /// As the comparison calls it; "12 of 14 functions together" where pairs are judged over all.
  public let data: String
  /// The name of one arm.
  public let first: String
  /// The name of the other.
  public let second: String
  /// The measure that decided, as "test loss".
  public let measure: String
  /// After Holm's correction over all pairs and data sets.
  public let outcome: Outcome
  /// What its own test says where the correction for the number of claims takes it back; nil elsewhere.
  public let alone: Outcome?
  /// Why the pair is not judged, as "widen sgd's rate upwards"; empty where it is. With several test parts it says on how many.
  public let obstacles: [String]
  /// The estimate is first - second. Its test is that of a difference, or with a margin that of sameness; over seeds, or over test parts
  /// where there are several.
  public let evidence: Evidence
  /// What an arm is to do.
  private let gain: String

  /// - Parameters:
  ///   - decision: of the claim that the first is better, or with a margin that both are the same.
  ///   - isLower: whether less of the measure is better.
  ///   - obstacles: by the name of the precondition that does not hold.
  ///   - testParts: how many there are.
  ///   - fewest: values of which more are to come, where there are fewer.
  init(
    data: String, _ first: String, _ second: String, measure: String, _ decision: Decision, rules: ComparisonRules,
    isLower: Bool, obstacles known: [String: String], testParts: Int, gain: String, fewest: Int = 2
  ) {
    self.gain = gain
    (self.data, self.first, self.second, self.measure) = (data, first, second, measure)
    evidence = decision.evidence
    let failed = decision.preconditions.filter { $0.isMeasured && !$0.holds }
    let found = decision.verdict == .notApplicable ? failed.compactMap { known[$0.name] } : []
    let kinds = found.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    obstacles =
      testParts == 1
      ? found : kinds.map { kind in "\(kind) (on \(found.count { $0 == kind }) of \(testParts) test parts)" }
    let isFirst = (evidence.estimate < 0) == isLower
    let better: Outcome = isFirst ? .firstIsBetter : .secondIsBetter
    let (hasMargin, isWithin) = (rules.margin != nil, abs(evidence.estimate) <= rules.margin ?? 0)
    alone = decision.verdict == .undecided && evidence.pValue < rules.alpha ? (isWithin ? .same : better) : nil
    switch decision.verdict {
    case .notApplicable: outcome = obstacles.isEmpty ? .nothingLearned : .notApplicable
    case .notMeasured: outcome = .open
    case .undecided where evidence.count < fewest: outcome = .open
    case .undecided: outcome = hasMargin ? .undecided : .noDifference
    case .upheld where hasMargin: outcome = .same
    case .refuted where hasMargin: outcome = better
    case .upheld: outcome = .firstIsBetter
    case .refuted: outcome = .secondIsBetter
    }
  }

  /// The arm that is better; nil where none is known to be.
  public var winner: String? { winner(of: outcome) }

  func winner(of outcome: Outcome?) -> String? {
    switch outcome {
    case .firstIsBetter: first
    case .secondIsBetter: second
    default: nil
    }
  }

  /// As "adam is better than sgd on digits (test loss 0.0341 lower)".
  public var sentence: String {
    let size = String(format: "%.3g", abs(evidence.estimate))
    switch outcome {
    case .firstIsBetter, .secondIsBetter:
      let isFirst = outcome == .firstIsBetter
      let isLower = (evidence.estimate < 0) == isFirst
      return "\(isFirst ? first : second) is better than \(isFirst ? second : first) on \(data) (\(measure) \(size) "
        + "\(isLower ? "lower" : "higher"))"
    case .same: return "\(first) and \(second) are the same on \(data) within the margin"
    case .noDifference where alone != nil:
      return
        "that \(winner(of: alone) ?? "") is better than \(winner(of: alone) == first ? second : first) on \(data) is not shown "
        + "after Holm's correction"
    case .noDifference: return "between \(first) and \(second) on \(data) no difference was found"
    case .undecided where alone != nil:
      return
        "whether \(first) and \(second) differ on \(data) by more than the margin is undecided after Holm's correction"
    case .undecided: return "whether \(first) and \(second) differ on \(data) by more than the margin is undecided"
    case .nothingLearned:
      return "on \(data) no arm \(gain)"
    case .notApplicable:
      return "\(first) and \(second) cannot be judged on \(data): \(obstacles.joined(separator: ", "))"
    case .open: return "\(first) and \(second) on \(data) have not ended"
    }
  }
}

extension ComparisonExperiment {
  /// Each pair of arms on each data set, or over all, in the order of the claims.
  package func pairs(_ decisions: [Decision]) throws -> [PairVerdict] {
    let (plan, decided) = (try plan(), Dictionary(uniqueKeysWithValues: decisions.map { ($0.claim.id, $0) }))
    guard !plan.isOverall else {
      return try plan.pairs.compactMap { pair -> PairVerdict? in
        let (first, second) = (plan.arms[pair.first].name, plan.arms[pair.second].name)
        let few = Self.fewName(plan, pair.first, pair.second)
        return try decided[Self.claimID("all", first, second)].map { decision in
          let condition = decision.preconditions.first { $0.name == few }
          let judged = condition.flatMap { $0.isMeasured ? Int($0.measured) : nil }
          let least = Self.fewestSources(claims: 1, alpha: configuration.decision.alpha)
          return PairVerdict(
            data: Self.overallName(plan, judged: judged), first, second, measure: try overallUnit(plan), decision,
            rules: configuration.decision, isLower: plan.measure.isLower,
            obstacles: [few: "fewer than \(least) \(plan.nouns) can be judged"], testParts: 1, gain: plan.gain,
            fewest: 0)
        }
      }
    }
    return try plan.sourceNames.enumerated().flatMap { source, place in
      let data = plan.data(ofSource: source)
      let known = data.map { obstacles($0, plan) }.reduce(into: [String: String]()) { all, own in
        all.merge(own) { first, _ in first }
      }
      return try plan.pairs.compactMap { pair -> PairVerdict? in
        let (first, second) = (plan.arms[pair.first].name, plan.arms[pair.second].name)
        return try decided[Self.claimID(place, first, second)].map {
          PairVerdict(
            data: place, first, second, measure: try decidingName(data.lowerBound), $0,
            rules: configuration.decision, isLower: plan.measure.isLower, obstacles: known,
            testParts: plan.testParts, gain: plan.gain)
        }
      }
    }
  }

  /// What to do, by the name of the precondition that does not hold.
  private func obstacles(_ data: Int, _ plan: ComparisonPlan) -> [String: String] {
    var known: [String: String] = [:]
    for arm in plan.arms.indices {
      let name = plan.arms[arm].name
      known[Self.finiteName(plan, data, arm)] = Self.diverged(name, plan.settings[arm].count)
      for end in plan.ends[arm] {
        known[Self.roomName(plan, data, end)] =
          "widen \(name)'s \(end.place) \(end.side == .above ? "upwards" : "downwards")"
      }
    }
    return known
  }

  static func diverged(_ arm: String, _ trials: Int) -> String {
    trials == 1 ? "the only setting of \(arm) diverged" : "all \(trials) trials of \(arm) diverged"
  }

  /// The pairs in one sentence; of many, those that differ.
  public func opening(_ decisions: [Decision], _ findings: Findings<ComparisonTrial>) -> String? {
    guard let plan = try? plan(), plan.arms.count > 1 else { return try? loneOpening(findings) }
    guard let pairs = try? pairs(decisions), !pairs.isEmpty else { return nil }
    var text: String
    if pairs.count <= 6 {
      // Of a data set on which nothing was learned once is enough.
      var said: Set<String> = []
      text = pairs.map(\.sentence).filter { said.insert($0).inserted }.joined(separator: "; ")
    } else {
      let found = pairs.filter { $0.winner != nil }
      let unjudged = pairs.filter { $0.outcome == .notApplicable }
      let judged = pairs.count - unjudged.count
      text =
        judged == 0
        ? "no pair can be judged"
        : (found.isEmpty ? "none" : "\(found.count)") + " of \(judged) pairs that are judged "
          + (found.count < 2 ? "is" : "are") + " shown to differ"
          + (found.isEmpty ? "" : ": " + found.prefix(6).map(\.sentence).joined(separator: "; "))
          + (found.count > 6 ? "; ..." : "")
      let lost = pairs.count { $0.winner(of: $0.alone) != nil }
      let claims = decisions.count { $0.evidence.adjustedPValue != nil }
      text += lost > 0 ? " (\(lost) more alone, without Holm's correction for \(claims) claims)" : ""
      let reasons = unjudged.flatMap(\.obstacles).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      text += unjudged.isEmpty ? "" : "; \(unjudged.count) cannot be judged: " + reasons.joined(separator: ", ")
    }
    // Names stay as they were given, at the beginning of a sentence too.
    let isName = pairs.contains { text.hasPrefix($0.first + " ") || text.hasPrefix($0.second + " ") }
    return (isName ? text : text.prefix(1).uppercased() + text.dropFirst()) + "."
  }
}
