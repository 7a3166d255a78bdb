import LanguageModels
import MetaLearning
import Reports
import Training

extension GradientPromptingExperiment {
  private typealias Kind = FictitiousFacts.Kind
  private typealias Row = (label: String, arm: PromptingArm, kind: Kind, condition: PromptCondition)

  public func frame(_ findings: Findings<PromptingArm>) throws -> ReportFrame {
    var sections: [Report.Section] = [
      .heading("Answers under each condition"), try table(findings, rows),
      .paragraph(whatIsMeasured),
    ]
    if let plot = try conditions(findings) { sections.append(.plot(plot)) }
    if !configuration.inner.moreSteps.isEmpty {
      sections += [
        .heading("More steps on a context"), try moreSteps(findings),
        .paragraph(
          "No claim. The plain model has the best rate for its number of steps. Where LC takes another number than "
            + "\(configuration.inner.steps), it was taught " + furtherBudget + "."),
      ]
    }
    if !configuration.data.contexts.isEmpty || !contextArms.isEmpty {
      sections += [
        .heading("Several contexts, one of them the question's"), try several(findings),
        .paragraph(aboutSeveral),
      ]
    }
    sections += [.heading("Learning to learn"), .plot(curve(findings)), .plot(try rates(findings))]
    if !rateArms.isEmpty {
      sections += [
        .heading("Rate of the step and order of the outer gradient"), .plot(try rateMap(findings)),
        try rateTable(findings),
        .paragraph("No claim. LC taught at each rate, " + furtherBudget + ", and asked after a step at the same rate."),
      ]
    }
    if let answers = try answers(findings, .base, .conditioning) {
      sections += [.heading("Ten questions, in words"), answers]
    }
    if let beside { sections += try besideSections(beside, findings) }
    let model = configuration.isSmall ? "a decoder trained on the spot" : configuration.model
    let steps = configuration.inner.steps == 1 ? "one step" : "\(configuration.inner.steps) steps"
    return ReportFrame(
      title: "Gradient steps that simulate prompting",
      subtitle: "\(model), \(steps) at the rate \(configuration.inner.rate), \(configuration.outer.updates) outer "
        + "updates of \(configuration.outer.tasks) tasks, n = \(findings.finished(.conditioning).count) seeds",
      comparison:
        "Each claim is decided over seeds: arms of a seed start from the same plain model and answer the same questions. "
        + "The plain model's step has the best of \(configuration.inner.triedRates.count) rates, chosen on other questions "
        + "for each measure; taught models use the rate that they were taught with.",
      sections: sections,
      choices:
        "Published: inner step on the context's loss, outer loss by the prompted model (LC) or by labels (LG), the "
        + "conditions. Our choices: words and templates, the sum over the context's tokens, the inner rate, what is moved "
        + "(feed-forward output matrices of the small model; the adapter of a pre-trained one), Adam with a clip outside, "
        + "margins.")
  }

  private var whatIsMeasured: String {
    let (exact, held) =
      configuration.readsText
      ? ("the share of a continuation's tokens that are the likeliest, those before them being given", "of paragraphs")
      : ("the share of questions whose answer is the likeliest of all words", "about names and objects")
    return "Exact: \(exact); log-probability of the answer in nats; mean and 95 % interval over seeds, "
      + "\(configuration.data.test) questions each, \(held) that no outer update saw."
  }

  // MARK: Tables

  private var rows: [Row] {
    var rows: [Row] = []
    for kind in configuration.data.kinds {
      rows += self.rows(.base, kind)
      // Arms at other rates have a table of their own.
      rows += arms.filter { $0.goal != nil && !$0.isBeside && $0.rate == nil }
        .filter { $0.kind == kind || $0 == .conditioning }.flatMap { self.rows($0, kind) }
    }
    return rows
  }

  /// All conditions of an arm.
  private func rows(_ arm: PromptingArm, _ kind: Kind) -> [Row] {
    let plain: [(String, PromptCondition)] = [
      ("prompted", .prompted), ("no context", .noContext), ("one step, best rate", .baseStep),
    ]
    let taught: [(String, PromptCondition)] = [
      ("step", .trainedStep), ("no step", .noStep), ("step on an irrelevant context", .irrelevantContext),
      ("prompted after such a step", .promptedAfterStep),
    ]
    return (arm.goal == nil ? plain : taught).map { label, condition in
      (label: "\(arm), \(label)", arm: arm, kind: kind, condition: condition)
    }
  }

  private func table(_ findings: Findings<PromptingArm>, _ rows: [Row]) throws -> Report.Section {
    let filled = try rows.filter { !findings.finished($0.arm).isEmpty }.map { row in
      [
        configuration.readsText ? "text" : "\(row.kind)", row.label,
        Report.spread(try findings.values(.exact(row.kind, row.condition), of: row.arm)),
        Report.spread(try findings.values(.logProbability(row.kind, row.condition), of: row.arm)),
        "\(findings.finished(row.arm).count)",
      ]
    }
    return .table(header: ["contexts", "condition", "exact", "log-probability", "n"], rows: filled)
  }

  private func answers(
    _ findings: Findings<PromptingArm>, _ base: PromptingArm, _ arm: PromptingArm
  ) throws -> Report.Section? {
    let seed = configuration.seeds.first
    func fields(_ arm: PromptingArm) -> [[String]] {
      findings.records("answers", of: arm, seed).map { $0.text.split(separator: "\t").map(String.init) }
    }
    let (plain, taught) = (fields(base), fields(arm))
    guard !plain.isEmpty, plain.count == taught.count, (plain + taught).allSatisfy({ $0.count == 6 }) else {
      return nil
    }
    return .table(
      header: [
        "context", "question", "answer", "prompted", "no context", "plain step", "\(arm) step", "\(arm) no step",
        "\(arm) irrelevant",
      ],
      rows: zip(plain, taught).map { $0 + $1[3...] })
  }

  // MARK: Plots

  private func conditions(_ findings: Findings<PromptingArm>) throws -> Plot? {
    let shown = rows.filter { $0.condition != .promptedAfterStep && !findings.finished($0.arm).isEmpty }
      .filter { $0.kind == .description && !$0.arm.isFurther }
    guard !shown.isEmpty else { return nil }
    let summaries = try shown.map {
      Summary(try findings.values(.logProbability($0.kind, $0.condition), of: $0.arm))
    }
    var plot = Plot(
      name: "conditions", title: "Log-probability of the answer by condition, mean and 95 % interval over seeds",
      xLabel: "", yLabel: "log-probability (nats)",
      series: [
        .init(
          name: "mean", x: shown.indices.map(Double.init), y: summaries.map(\.mean),
          low: summaries.map { $0.interval().low.isNaN ? $0.mean : $0.interval().low },
          high: summaries.map { $0.interval().high.isNaN ? $0.mean : $0.interval().high }, style: .bars)
      ])
    plot.categories = shown.map(\.label)
    return plot
  }

  private func curve(_ findings: Findings<PromptingArm>) -> Plot {
    let series = arms.filter { $0.goal != nil && $0.rate == nil }.compactMap { arm -> Plot.Series? in
      var byUpdate: [Int: [Double]] = [:]
      for seed in findings.seeds {
        for (update, value) in findings.series(.exact(arm.kind, .trainedStep), of: arm, seed, kind: "outer") {
          byUpdate[update, default: []].append(value)
        }
      }
      let updates = byUpdate.keys.sorted()
      guard !updates.isEmpty else { return nil }
      return .mean("\(arm)", x: updates.map(Double.init), of: updates.map { byUpdate[$0]! })
    }
    return Plot(
      name: "curve", title: "Exact answers after a step, held-out names and objects, mean and 95 % interval",
      xLabel: "outer updates", yLabel: "share of exact answers", series: series)
  }

  private func rates(_ findings: Findings<PromptingArm>) throws -> Plot {
    let tried = configuration.inner.triedRates.sorted()
    let series = try arms.filter {
      $0.kind == .description && $0.contexts == 1 && $0.rate == nil && !$0.isBeside
        && !findings.finished($0).isEmpty
    }
    .map { arm in
      Plot.Series.mean(
        "\(arm)", x: tried, of: try tried.map { try findings.values(exactByRate[$0], of: arm) })
    }
    var plot = Plot(
      name: "rates", title: "Exact answers by the rate of the step (taught at \(configuration.inner.rate))",
      xLabel: "rate of the step", yLabel: "share of exact answers", series: series)
    plot.isLogX = true
    return plot
  }

  private func rateMap(_ findings: Findings<PromptingArm>) throws -> Plot {
    let rates = configuration.further.rates.sorted()
    let series = try [InnerLoop.Derivative.exact, .firstOrder].map { order in
      let done = rates.filter { !findings.finished(.rate($0, order)).isEmpty }
      return Plot.Series.mean(
        order == .exact ? "exact" : "first order", x: done,
        of: try done.map { try findings.values(.exact(.description, .trainedStep), of: .rate($0, order)) })
    }
    var plot = Plot(
      name: "rate-map",
      title: "Exact answers by the rate that LC is taught with, and by the order of the outer gradient",
      xLabel: "rate of the step", yLabel: "share of exact answers", series: series)
    plot.isLogX = true
    return plot
  }

  private func rateTable(_ findings: Findings<PromptingArm>) throws -> Report.Section {
    func cell(_ rate: Double, _ order: InnerLoop.Derivative) throws -> String {
      guard !findings.finished(.rate(rate, order)).isEmpty else { return "–" }
      return Report.spread(try findings.values(.exact(.description, .trainedStep), of: .rate(rate, order)))
    }
    return .table(
      header: ["rate", "exact answers: exact gradient", "of first order"],
      rows: try configuration.further.rates.sorted().map { rate in
        [Report.number(rate), try cell(rate, .exact), try cell(rate, .firstOrder)]
      })
  }

  // MARK: A pre-trained model beside the small one

  private func besideSections(
    _ beside: (name: String, plain: PromptingArm, taught: PromptingArm), _ findings: Findings<PromptingArm>
  ) throws -> [Report.Section] {
    let heading = Report.Section.heading("\(beside.name), beside the small model")
    // An earlier session may have been without the file.
    let isThere = [beside.plain, beside.taught].contains { !findings.finished($0).isEmpty }
    if !isThere, let absence = findings.absences.first(where: { $0.name == beside.name }) {
      return [heading, .paragraph("Left out: \(absence.reason).")]
    }
    let c = configuration.beside
    let budget =
      "\(c.updates) outer updates of \(c.tasks) facts, \(c.test) questions a seed; the plain model's step has the best of "
      + "\(c.triedRates.count) rates, and what is taught the rate \(c.rate). The preset standard teaches it for longer."
    let shown = rows(beside.plain, .description) + rows(beside.taught, .description)
    return [heading, try table(findings, shown), .paragraph(budget)]
      + (try answers(findings, beside.plain, beside.taught).map { [$0] } ?? [])
  }
}
