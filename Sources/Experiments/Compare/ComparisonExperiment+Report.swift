import Formulas
import Foundation
import Reports

extension ComparisonExperiment {
  public func frame(_ findings: Findings<ComparisonTrial>) throws -> ReportFrame {
    let plan = try plan()
    var sections: [Report.Section] = []
    let decisions = plan.arms.count > 1 ? try decide(findings).decisions : []
    if plan.arms.count > 1 {
      sections += [.heading("Pairs"), .table(header: pairHeader(plan), rows: try pairs(decisions).map(Self.row))]
      sections += try partSections(findings) + overallSections(findings)
    }
    sections.append(.heading("Arms"))
    sections += try cautions(findings).map { .paragraph($0) }
    sections += [.table(header: armHeader(plan), rows: try armRows(findings))]
    let rankings = try plan.sourceNames.indices.compactMap { try ranking($0, findings) }
    if !rankings.isEmpty {
      sections.append(
        .paragraph(
          "What each arm came to, from the least down. Arms share their seeds, so a difference is known better than these intervals "
            + "suggest: the pairs above decide."))
      sections += rankings.map { .plot($0) }
    }
    for sentence in try problemSentences() { sections.append(.paragraph(sentence)) }
    sections += try diagnosticSections(findings, decisions)
    sections += [
      .heading("On the way to the target"),
      .paragraph(try targetText(findings)),
      .table(header: arrivalHeader(plan), rows: try arrivalRows(findings)),
    ]
    for data in plan.firstParts { sections += try curves(data, findings).map { .plot($0) } }
    let tuning = try plan.firstParts.flatMap { try tuningCurves($0, findings) }
    if !tuning.isEmpty {
      sections += [
        .heading("Tuning"),
        .paragraph(
          "Every trial: its mean over the first tuning seeds (\(tuningSeeds.count)) against what stands in the braces. A wide valley is a "
            + "method that forgives; trials that diverged are left out and counted in the title."
            + (furtherSeeds.isEmpty
              ? ""
              : " Finalists stand there once more, by all their \(tuningSeeds.count + furtherSeeds.count) seeds: the best of an arm's is "
                + "chosen.")),
      ]
      sections += tuning.map { .plot($0) }
    }
    // Of one arm the search is all that there is; of several trials.csv has it.
    if plan.arms.count == 1 {
      for data in plan.firstParts {
        let table = try trialTable(data, 0, findings)
        guard !table.rows.isEmpty else { continue }
        sections += [
          .heading("Trials on \(plan.dataNames[data])"), .table(header: table.header, rows: table.rows),
        ]
      }
    }
    sections += try profiles(findings) + runTimes(findings)
    return ReportFrame(
      title: "Comparison on \(plan.sourceNames.joined(separator: ", "))",
      subtitle:
        "\(plan.arms.map(\.name).joined(separator: ", ")): \(plan.budget) each, n = \(reportedSeeds.count) seeds"
        + (plan.testParts > 1 ? " on each of \(plan.testParts) test parts" : ""),
      comparison: plan.arms.count == 1
        ? "One arm: its settings are tried on tuning seeds, and the best is run on fresh ones."
        : plan.isOfFunctions
          ? functionsText(plan)
          : "\(decisionText(plan)): the arms of a seed have the same split, the same "
            + "initial weights where their networks are the same, and the same order of examples. Estimates are the first "
            + "arm minus the second, "
            + (plan.reference.map { "\(plan.arms[$0].name) minus each of the others, " } ?? "")
            + (plan.measure.part == .train
              ? "on all training rows: how well an arm descends, not what it is worth on others."
              : "on rows that chose nothing (the test part, read once) where there are some."),
      sections: sections, choices: choices(plan))
  }

  private func choices(_ plan: ComparisonPlan) -> String {
    let counts = plan.arms.indices.map { "\(plan.arms[$0].name) \(plan.settings[$0].count)" }
    let isEqual = Set(plan.settings.map(\.count)).count == 1
    return "Trials: \(counts.joined(separator: ", "))"
      + (isEqual ? "" : "; an arm with fewer has no more settings, and would gain nothing by trials")
      + ". They fill the ranges evenly (Halton's sequence, shifted at random, logarithmic where the ends are positive and ten "
      + "times apart); ranges of one name are tried at the same places in all arms. " + searchSentence(plan)
      + (plan.isOfFunctions ? " The point that counts: " : " Weights kept: ")
      + (configuration.keep == .best
        ? "\(plan.isOfFunctions ? "that" : "those") of the best of \(configuration.looks) looks." : "the last.")
      + " Our choice: a descent that diverged on a fresh seed has the worst value of the two arms that are compared or of the \(plan.baseline)."
      + (plan.isOfFunctions
        ? " One that ends 1e10 times as high above the minimum as it started has diverged, too." : "")
  }

  /// How claims are decided, in the beginning of a sentence.
  private func decisionText(_ plan: ComparisonPlan) -> String {
    plan.isOverall
      ? "Each pair is decided once, by the signed-rank test of its mean differences on \(plan.sourceNames.count) \(plan.nouns)"
      : "Each claim is decided by a paired test over \(plan.testParts > 1 ? "test parts, by means over seeds" : "seeds")"
  }

  /// What is compared on functions, and how.
  private func functionsText(_ plan: ComparisonPlan) -> String {
    var text = """
      \(decisionText(plan)): the arms of a seed have the same start, drawn from the function's box, the same \
      rotation, shift and noise where there are such. Arithmetic is in double precision; schedules and corrections of running means \
      are known to seven digits.
      """
    if plan.measure.tag == ComparedMeasure.gap {
      text += """
         The gap is the decimal logarithm of the height above the minimum, so that a difference of -1 is ten times nearer; what is \
        within \(PlainNumber.text(TestFunction.precision)) has arrived, and counts as that (the final precision of the COCO benchmarks).
        """
    }
    let sides = plan.reference.map { ", \(plan.arms[$0].name) minus each of the others" } ?? ""
    return text
      + " Descents of one setting step together, where its updates are alike, and their seconds are shares: mind that when arms are compared by them. Estimates are the first arm minus the second\(sides)."
  }

  // MARK: Tables

  /// Sameness within a margin at level α has the interval of 1 - 2α.
  func pairHeader(_ plan: ComparisonPlan) -> [String] {
    let alpha = configuration.decision.alpha
    let level = Report.number(100 * (1 - (configuration.decision.margin == nil ? alpha : 2 * alpha)))
    return [
      plan.noun, "pair", "verdict", "difference", "\(level) % interval",
      plan.isOverall ? plan.nouns : plan.testParts > 1 ? "test parts" : "n", "p",
      "p by Holm",
    ]
  }

  package static func row(_ pair: PairVerdict) -> [String] {
    let e = pair.evidence
    func short(_ value: Double) -> String { Report.number(value, digits: 3) }
    let verdict: String
    switch pair.outcome {
    case .firstIsBetter, .secondIsBetter: verdict = "\(pair.winner ?? "") is better"
    case .notApplicable: verdict = "not applicable: " + pair.obstacles.joined(separator: ", ")
    default:
      let alone = pair.winner(of: pair.alone).map { "\($0) is better" } ?? pair.alone?.rawValue
      verdict = alone.map { "not after Holm's correction; alone: \($0)" } ?? pair.outcome.rawValue
    }
    return [
      pair.data, "\(pair.first) - \(pair.second)", verdict, "\(pair.measure) \(short(e.estimate))",
      e.interval.low.isNaN ? "–" : "\(short(e.interval.low)) ... \(short(e.interval.high))", "\(e.count)",
      short(e.pValue), short(e.adjustedPValue ?? .nan),
    ]
  }

  private func armHeader(_ plan: ComparisonPlan) -> [String] {
    let measure = plan.measureName(configuration.problems)
    return [
      plan.noun, "arm", "best setting", "tuning \(measure)", "\(plan.measure.partName)\(measure)",
      plan.isOfFunctions ? "ERT (gradients)" : "test \(measure)",
      "parameters",
      "diverged", "trials", "tuning cost",
    ]
  }

  private func armRows(_ findings: Findings<ComparisonTrial>) throws -> [[String]] {
    let plan = try plan()
    return try plan.dataNames.indices.flatMap { data -> [[String]] in
      guard
        let rows = try findings.ifFinished({
          try plan.arms.indices.map { try armRow(data, $0, findings) } + [try constantRow(data, findings)]
        })
      else { return [[plan.dataNames[data], "not ended"] + [String](repeating: "", count: 8)] }
      return rows
    }
  }

  private func armRow(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> [String] {
    let plan = try plan()
    let trials = plan.trials(data, arm)
    let scored = try self.scored(data, arm, findings)
    let cost = try tuningCost(scored, findings)
    guard let trial = try chosen(data, arm, findings) else {
      return [
        plan.dataNames[data], plan.arms[arm].name, "–", "–", "–", "–",
        Report.number(try findings[trials[0], tuningSeeds[0], .comparedParameters]), "–",
        "\(trials.count), all diverged", cost,
      ]
    }
    let seeds = findings.finished(trial)
    func spread(_ measure: Measure) throws -> String {
      let values = try seeds.filter { try findings[trial, $0, .comparedDivergence] == 0 }
        .map { try findings[trial, $0, measure] }
      return values.isEmpty ? "–" : Report.spread(values)
    }
    let diverged = try seeds.count { try findings[trial, $0, .comparedDivergence] == 1 }
    let failed = scored.count { !$0.mean.isFinite }
    let score = scored[trial.trial].mean
    return [
      plan.dataNames[data], plan.arms[arm].name, plan.setting(trial).description,
      Report.number(shown(plan.measure.isLower ? score : -score)), try spread(.choosing(plan.measure)),
      try plan.isOfFunctions
        ? expectedGradients(trial, seeds, at: target(data, findings), findings)
        : problem(data).hasTest ? spread(.test(plan.measure)) : "–",
      Report.number(try findings[trial, tuningSeeds[0], .comparedParameters]), "\(diverged) of \(seeds.count)",
      "\(trials.count)" + (failed > 0 ? ", \(failed) diverged" : ""), cost,
    ]
  }

  /// The measure that decides, of an arm's best setting on the fresh seeds that did not diverge.
  func result(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> String {
    let values = try resultValues(data, arm, findings)
    return values.isEmpty ? "–" : Report.spread(values)
  }

  /// The deciding measure of each fresh seed on which the arm's best setting did not diverge; empty where nothing is chosen yet.
  func resultValues(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> [Double] {
    guard case let trial?? = try findings.ifFinished({ try chosen(data, arm, findings) }) else { return [] }
    let measure = try deciding(data)
    return try findings.finished(trial).filter { try findings[trial, $0, .comparedDivergence] == 0 }
      .compactMap { try findings.ifMeasured(measure, of: trial, $0) }
  }

  private func constantRow(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> [String] {
    let (plan, trial) = (try plan(), try standing(data, findings).first?.trial)
    func spread(_ measure: Measure) throws -> String {
      guard let trial else { return "–" }
      let values = try findings.finished(trial).compactMap {
        try findings.ifMeasured(.constant(measure), of: trial, $0)
      }
      return values.isEmpty ? "–" : Report.spread(values)
    }
    return [
      plan.dataNames[data], plan.baseline, "", "", try spread(.choosing(plan.measure)),
      try problem(data).hasTest ? spread(.test(plan.measure)) : "–", "", "", "", "",
    ]
  }

  /// What the search of an arm has used in all.
  private func tuningCost(_ trials: [Scored], _ findings: Findings<ComparisonTrial>) throws -> String {
    func sum(_ measure: Measure) throws -> Double {
      try trials.reduce(0) { sum, tried in
        try tried.seeds.reduce(sum) { try $0 + findings[tried.trial, $1, measure] }
      }
    }
    return "\(Int(saturating: try sum(.comparedGradients))) gradients, \(Report.number(try sum(.seconds), digits: 3)) s"
  }

  func arrivalHeader(_ plan: ComparisonPlan) -> [String] {
    [
      plan.noun, "arm", "arrived", "updates", plan.isOfFunctions ? "evaluations" : "samples", "gradients", "seconds",
      "trials that arrive",
    ]
  }

  func arrivalRows(_ findings: Findings<ComparisonTrial>) throws -> [[String]] {
    let plan = try plan()
    return try plan.dataNames.indices.flatMap { data -> [[String]] in
      try findings.ifFinished { () -> [[String]] in
        let target = try target(data, findings)
        return try plan.arms.indices.map { arm in
          let trials = plan.trials(data, arm)
          guard let trial = try chosen(data, arm, findings) else {
            return [plan.dataNames[data], plan.arms[arm].name, "diverged", "–", "–", "–", "–", "0 of \(trials.count)"]
          }
          let seeds = findings.finished(trial)
          let arrivals = try seeds.map { try arrival(trial, $0, at: target, findings) }
          func median(_ value: (Arrival) -> Double) -> String {
            // A descent that never arrives is later than all.
            let sorted = arrivals.map { $0.map(value) ?? .infinity }.sorted()
            guard !sorted.isEmpty else { return "–" }
            let middle = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
            guard middle.1.isFinite else { return "> budget" }
            let value = (middle.0 + middle.1) / 2
            return value >= 1000 ? "\(Int(saturating: value))" : Report.number(value)
          }
          let good = try target.map { target in
            // On seeds that all have seen, as the target.
            try scored(data, arm, findings).count { tried in
              plan.measure == plan.measure.followed
                ? tried.mean(first: tuningSeeds.count) <= plan.measure.cost(target) + tieMargin
                : tried.scores.prefix(tuningSeeds.count).allSatisfy { $0 < plan.budget.never }
            }
          }
          // Of a line search, which pays for each length that it tries.
          let isSearch = arrivals.contains { ($0?.losses ?? 0) > 0 } && median(\.losses) != "> budget"
          let losses = isSearch ? " + \(median(\.losses)) losses" : ""
          return [
            plan.dataNames[data], plan.arms[arm].name, "\(arrivals.count { $0 != nil }) of \(seeds.count)",
            median(\.updates), median(\.samples), median(\.gradients) + losses, median(\.seconds),
            good.map { "\($0) of \(trials.count)" } ?? "–",
          ]
        }
      } ?? []
    }
  }

  private func targetText(_ findings: Findings<ComparisonTrial>) throws -> String {
    let plan = try plan()
    let targets = try plan.dataNames.indices.map { data -> String in
      guard let target = try findings.ifFinished({ try target(data, findings) }) else {
        return "\(plan.dataNames[data]) not known yet"
      }
      return "\(plan.dataNames[data]) " + (target.map { Report.number($0) } ?? "none")
    }
    let rule =
      configuration.target != nil
      ? "It was asked for."
      : plan.measure.part == .function && plan.measure.tag != ComparedMeasure.value
        ? "It is \(PlainNumber.text(TestFunction.precision)) of height."
        : "By rule it is 90 % of the way from the \(plan.baseline) to the best arm, as means over the "
          + "\(furtherSeeds.isEmpty ? "" : "first ")\(tuningSeeds.count) tuning seeds."
    let resolution =
      try knowsArrivals()
      ? "until the update that shows it (where a mean of points counts, and the measure is gap, until a look that does)"
      : "until the first of \(configuration.looks) looks that shows it, so that a time is known to a \(configuration.looks)th of the budget"
    return """
      The target of \(plan.measure.followed): \(targets.joined(separator: ", ")). \(rule) \
      Medians over seeds, seconds of one core, \(resolution); a descent that never does is later than all. The last column is robustness: \
      trials of the search \(plan.measure == plan.measure.followed ? "whose mean reaches" : "of which all tuning seeds reach") the target. A product with the Hessian counts as two gradients\(plan.budget.countsGradients ? ", in the budget a loss alone as a third" : "").
      """
        + (plan.isOfFunctions
          ? " ERT, the expected running time of the COCO benchmarks, is what all fresh descents spend for each that arrives, a loss alone as a third of a gradient."
          : "")
  }

  /// The target; nil while the search has not ended, too.
  func targetIfKnown(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> Double? {
    do { return try target(data, findings) } catch FindingsError.unfinished { return nil }
  }
}
