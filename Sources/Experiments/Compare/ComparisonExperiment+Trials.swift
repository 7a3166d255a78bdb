import Foundation
import Reports

/// Every setting that was tried, and what came of it.
extension ComparisonExperiment {
  /// trials.csv: each descent that has ended, with what stood in its arm's braces, and all that it measured.
  public func tables(_ findings: Findings<ComparisonTrial>) throws -> [RunTable] {
    let plan = try plan()
    var places: [String] = []
    for place in plan.arms.flatMap(\.body.places) where !places.contains(place.name) { places.append(place.name) }
    let ended = try sweep().tasks(findings).compactMap { task in
      findings.measures(of: task.arm, task.seed).map { (task: task, measures: $0) }
    }
    let tags = Set(ended.flatMap { $0.measures.keys }).sorted()
    let rows = ended.map { task, measures -> [String] in
      let (setting, data) = (plan.setting(task.arm), task.arm.data)
      return [plan.sourceNames[data / plan.testParts]] + (plan.testParts > 1 ? ["\(plan.testPart(of: data) + 1)"] : [])
        + [
          setting.name, "\(task.arm.trial + 1)",
          reportedSeeds.contains(task.seed) ? "judging" : "tuning", "\(task.seed)", setting.description,
        ] + places.map { setting.values[$0] ?? "" }
        + tags.map { tag in measures[tag].map { PlainNumber.text($0) } ?? "" }
    }
    let part = plan.testParts > 1 ? ["testPart"] : []
    return try overallTables(findings) + [
      RunTable(
        name: "trials", header: ["data"] + part + ["arm", "trial", "part", "seed", "setting"] + places + tags,
        rows: rows)
    ]
  }

  /// The trials of an arm, the best first: what stands in its braces, and the mean and range of the measure over its tuning
  /// seeds.
  func trialTable(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> TextTable {
    let plan = try plan()
    let places = plan.arms[arm].body.places.map(\.name)
    // Those of the second round first: a mean of fewer seeds may be lower by chance.
    func rank(_ tried: Scored) -> (Int, Double) {
      (tried.mean.isFinite ? -tried.seeds.count : 1, tried.mean)
    }
    let trials = try scoredYet(data, arm, findings).sorted { rank($0) < rank($1) }
    func shown(_ cost: Double) -> String {
      cost.isFinite ? Report.number(self.shown(plan.measure.isLower ? cost : -cost)) : "diverged"
    }
    return TextTable(
      header: ["trial"] + places + [
        try choosingName(data), "best seed",
        "worst seed", "seeds",
      ],
      rows: trials.map { tried in
        ["\(tried.trial.trial + 1)"] + places.map { plan.setting(tried.trial).values[$0] ?? "" }
          + [shown(tried.mean), shown(tried.scores.min()!), shown(tried.scores.max()!), "\(tried.seeds.count)"]
      })
  }

  // MARK: In sentences

  /// What came of one arm alone: its best setting on each data set, and what it is worth on fresh seeds.
  func loneOpening(_ findings: Findings<ComparisonTrial>) throws -> String {
    let plan = try plan()
    let name = plan.arms[0].name
    let text =
      try plan.dataNames.enumerated().map { data, place -> String in
        guard let found = try findings.ifFinished({ try chosen(data, 0, findings) }) else {
          return "the search of \(name) on \(place) has not ended"
        }
        guard let trial = found else {
          return Self.diverged(name, plan.settings[0].count) + " on \(place); smaller rates or a clip may help"
        }
        let seeds = findings.finished(trial)
        let values = try seeds.filter { try findings[trial, $0, .comparedDivergence] == 0 }
          .map { try findings[trial, $0, deciding(data)] }
        let diverged = seeds.count - values.count
        return "of \(plan.settings[0].count) trials of \(name) on \(place) the best is \(plan.setting(trial))"
          + (values.isEmpty
            ? "" : ": \(try decidingName(data)) \(Report.spread(values)) on \(values.count) fresh seeds")
          + (diverged > 0 ? ", and \(diverged) of \(seeds.count) diverged" : "")
      }.joined(separator: "; ") + partClause(findings)
    return text.prefix(1).uppercased() + text.dropFirst() + "."
  }

  /// What a reader must know of the search: arms that were not tuned, best settings at the ends of what was tried.
  package func cautions(_ findings: Findings<ComparisonTrial>) throws -> [String] {
    let plan = try plan()
    let ends = try plan.sourceNames.indices.flatMap { source in
      try plan.ends.joined().compactMap { try endCaution(source, $0, findings) }
    }
    let outsiders = try plan.dataNames.indices.flatMap { data in
      try plan.arms.indices.compactMap { try caution(data, $0, findings) }
    }
    let costs = try plan.firstParts.compactMap { try costCaution($0, findings) }
    let sides = plan.dataNames.indices.flatMap { data in plan.arms.indices.map { (data, $0) } }
    let standing = try findings.ifFinished {
      try sides.flatMap { data, arm in
        [try plan.arms.count > 1 ? divergenceNote(data, arm, findings) : nil, try idleCaution(data, arm, findings)]
      }
    }
    let functions = try plan.dataNames.indices.flatMap { try functionCautions($0, findings) }
    return [
      plan.caution, plan.searchCaution, lossCaution, functionsCaution(), try untunedCaution(findings),
      try arrivalCaution(findings),
    ]
    .compactMap { $0 } + functions
      + (standing ?? []).compactMap { $0 }
      + costs + ends
      + outsiders
  }

  /// That the chosen schedule of an arm is over long before its descents are; nil where it is not.
  private func idleCaution(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> String? {
    guard let trial = try chosen(data, arm, findings) else { return nil }
    let plan = try plan()
    let share = try findings.ifMeasured(.comparedIdleShare, of: trial, tuningSeeds[0]) ?? 0
    guard share >= 0.02 else { return nil }
    return
      "The rate of \(plan.arms[arm].name) on \(plan.dataNames[data]) is 0 in the last \(Report.number(100 * share, digits: 2)) % of its "
      + "updates: nothing moves there. The word budget in a schedule is the length of the descent."
  }

  /// That arms are measured by another loss than they descend, where that may choose what does not descend well; nil where it does not matter.
  private var lossCaution: String? {
    guard let plan = try? plan(), !["accuracy", "f1", "auc", ComparedMeasure.descended].contains(plan.measure.tag)
    else {
      return nil
    }
    let odd = plan.arms.indices.compactMap { arm -> String? in
      let losses = plan.settings[arm].compactMap(\.loss).filter(\.isMeasuredByAnother)
      return losses.first.map { "\(plan.arms[arm].name) descends \($0)" }
    }
    guard !odd.isEmpty else { return nil }
    let isOfClasses = plan.settings.joined().contains { $0.loss?.takesClasses == true }
    return odd.joined(separator: ", ")
      + ", and \(plan.measure) is " + (isOfClasses ? "the log-loss of a softmax" : "of the distance from the target")
      + ": settings are chosen and arms judged by what they do not descend. Where all arms descend one loss, \(plan.measure.part)/ownLoss is that."
  }

  /// Arms an update of which asks for more than one of others, or than a budget of gradients has.
  private func costCaution(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> String? {
    let (plan, place) = (try plan(), try plan().dataNames[data])
    let costs = try plan.arms.indices.compactMap { arm in
      try gradientsOfUpdate(data, arm, findings).map { (name: plan.arms[arm].name, cost: $0) }
    }
    guard let least = costs.min(by: { $0.cost < $1.cost }), let most = costs.max(by: { $0.cost < $1.cost }) else {
      return nil
    }
    let text = "An update of \(most.name) on \(place) asks for \(Report.number(most.cost)) gradients, "
    if plan.budget.countsGradients {
      return plan.budget.isExceeded(by: most.cost) ? text + "which is more than the budget: it makes one." : nil
    }
    guard most.cost > 1.2 * least.cost else { return nil }
    return text
      + "one of \(least.name) for \(Report.number(least.cost)): a budget of gradients, as --budget 4000gradients, makes arms "
      + "equal in cost."
  }

  /// That the best setting of an arm lies at an end of its range; with several test parts, on how many of them.
  private func endCaution(
    _ source: Int, _ end: RangeEnd, _ findings: Findings<ComparisonTrial>
  ) throws -> String? {
    let plan = try plan()
    let found = try plan.data(ofSource: source).compactMap { try endCaution(data: $0, end, findings) }
    guard plan.testParts > 1, found.count > 1 else { return found.first }
    return
      "the best \(end.place) of \(plan.arms[end.arm].name) on \(plan.sourceNames[source]) is at the "
      + "\(end.side == .above ? "upper" : "lower") end of {\(end.range)} on \(found.count) of \(plan.testParts) test parts: widen the range."
  }

  private func endCaution(
    data: Int, _ end: RangeEnd, _ findings: Findings<ComparisonTrial>
  ) throws -> String? {
    let plan = try plan()
    guard let found = try findings.ifFinished({ try chosen(data, end.arm, findings) }), let trial = found,
      try room(at: end, data, findings) < Self.edge
    else { return nil }
    let isAbove = end.side == .above
    let value = plan.setting(trial).values[end.place] ?? ""
    let best = "the best \(end.place) of \(plan.arms[end.arm].name) on \(plan.dataNames[data]), \(value), "
    return end.isOfChoices
      ? best
        + "is the \(isAbove ? "largest" : "smallest") that was tried: a \(isAbove ? "larger" : "smaller") one may be better."
      : best
        + "is the \(isAbove ? "highest" : "lowest") of {\(end.range)} that was tried and did well: widen the range, or try more "
        + "settings."
  }
}
