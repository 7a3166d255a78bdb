import Foundation
import Training

/// An end of a range of numbers that an arm was searched over: beyond it better settings may lie.
struct RangeEnd: Hashable, Sendable {
  /// Which way the range would be wider.
  enum Side: Hashable, Sendable, CaseIterable { case below, above }

  let arm: Int
  /// What the range is of, as "rate".
  let place: String
  let side: Side
  /// As the arm has it between its braces.
  let range: OptionRange

  /// Whether the values were named one by one: then these are meant, and the end is worth a remark, but bars no verdict.
  var isOfChoices: Bool { if case .choices = range { true } else { false } }

  /// How far a value lies from this end, as a share of the range on the scale that is searched; nil where it is no number.
  func room(_ text: String) -> Double? {
    range.place(of: text).map { side == .below ? $0 : 1 - $0 }
  }

  /// The ends of an arm's ranges that could be further out. An end is natural, and none of these, where an option refuses what
  /// lies a tenth of the range beyond it, as a momentum above 1 or a rate below 0.
  static func all(of index: Int, _ arm: ComparedArm, _ trials: [ComparedSetting], _ budget: Budget) -> [RangeEnd] {
    // What was not searched has no best setting.
    guard trials.count > 1 else { return [] }
    let values = arm.body.places.map { trials[0].values[$0.name] ?? "" }
    return arm.body.places.enumerated().flatMap { position, place in
      Side.allCases.compactMap { side in
        guard place.range.place(of: place.range.text(at: 0)) != nil else { return nil }
        if let beyond = place.range.text(beyond: side == .above) {
          var further = values
          further[position] = beyond
          guard (try? ComparedSetting(arm, further).method(budget: budget)) != nil else { return nil }
        }
        return RangeEnd(arm: index, place: place.name, side: side, range: place.range)
      }
    }
  }
}

extension ComparisonPlan {
  /// The ends of an arm's ranges that could be further out, as "above rate".
  package func openEnds(_ arm: String) -> [String] {
    let index = arms.firstIndex { $0.name == arm }
    return index.map { ends[$0].map { "\($0.side) \($0.place)" } } ?? []
  }
}

extension ComparisonExperiment {
  /// Shares of a range nearer to its end than this are the edge.
  static let edge = 0.1

  /// The trials of an arm that are as good as its best: by the differences on the tuning seeds within one standard error of
  /// it. Where a range hardly matters, one of them lies inside.
  private func asGoodAsTheBest(
    _ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>
  ) throws -> [ComparisonTrial] {
    guard let best = try chosen(data, arm, findings) else { return [] }
    let all = try scored(data, arm, findings)
    return all.filter { other in
      // On the seeds that both have seen.
      let differences = zip(other.scores, all[best.trial].scores).map { $0 - $1 }
      guard differences.allSatisfy(\.isFinite) else { return false }
      let summary = Summary(differences)
      // What only breaks a tie is no difference.
      return summary.mean <= max(differences.count > 1 ? summary.standardError : 0, tieMargin)
    }.map(\.trial)
  }

  /// How far a setting as good as the best lies from an end, as a share of the range; 0 where nothing was tried further out.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended; `StatisticsError` where every trial diverged.
  func room(at end: RangeEnd, _ data: Int, _ findings: Findings<ComparisonTrial>) throws -> Double {
    let plan = try plan()
    func room(_ trial: ComparisonTrial) -> Double { plan.setting(trial).values[end.place].flatMap(end.room) ?? 0 }
    let outermost = plan.trials(data, end.arm).map(room).min() ?? 0
    let rooms = try asGoodAsTheBest(data, end.arm, findings).map(room)
    guard let most = rooms.max() else {
      throw StatisticsError.tooFewValues(what: plan.arms[end.arm].name, needed: 1, found: 0)
    }
    return most > outermost ? most : 0
  }

  static func roomName(_ plan: ComparisonPlan, _ data: Int, _ end: RangeEnd) -> String {
    "most room \(end.side == .above ? "above" : "below") a \(end.place) of \(plan.arms[end.arm].name) as good as its best on "
      + "\(plan.dataNames[data]) (share of its range)"
  }

  /// Beyond the end of a range a better setting may lie: then one arm was given its best, and the other was not.
  func isInside(_ data: Int, _ end: RangeEnd, _ plan: ComparisonPlan) -> Condition<ComparisonTrial> {
    let trials = plan.trials(data, end.arm)
    return Condition(
      Self.roomName(plan, data, end), .atLeast(Self.edge),
      "A setting as good as the best (within one standard error) does not lie at the end, and some further out were tried.",
      Quantity(of: { try room(at: end, data, $0) }) { room, _ in
        room
      } makeUp: { wanted, _, findings in
        // All alike, or the outermost the best.
        let rooms = trials.map { plan.setting($0).values[end.place].flatMap(end.room) ?? 0 }
        let outermost = trials[rooms.firstIndex(of: rooms.min()!)!]
        for trial in trials {
          let isBest = wanted < Self.edge && trial == outermost
          for seed in tuningSeeds + furtherSeeds {
            findings.set(.choosing(plan.measure), of: trial, seed, to: isBest == plan.measure.isLower ? 1 : 2)
          }
        }
      }, isOnce: true)
  }

  /// Of an arm whose descents all diverge nothing can be said but this.
  func staysFinite(_ data: Int, _ arm: Int, _ plan: ComparisonPlan) -> Condition<ComparisonTrial> {
    let trials = plan.trials(data, arm)
    return Condition(
      Self.finiteName(plan, data, arm), .atLeast(1), "A setting of the arm descends on all tuning seeds.",
      Quantity(of: { findings in Double(try scored(data, arm, findings).count { $0.mean.isFinite }) }) { count, _ in
        count
      } makeUp: { wanted, _, findings in
        for trial in trials {
          for seed in tuningSeeds + furtherSeeds {
            findings.set(.comparedDivergence, of: trial, seed, to: wanted >= 1 ? 0 : 1)
          }
        }
      }, isOnce: true)
  }

  static func finiteName(_ plan: ComparisonPlan, _ data: Int, _ arm: Int) -> String {
    "trials of \(plan.arms[arm].name) that stay finite on \(plan.dataNames[data])"
  }
}
