import Foundation
import MultiObjective
import Reports
import RunLogs
import Statistics

extension MultiObjectiveExperiment {
  public func report(
    _ events: [RunEvent], context: ReportContext
  ) throws -> (decisions: [Decision], report: Report) {
    let evidence = MultiObjectiveEvidence(events, self)
    var absent: [String: String] = [:]
    for event in events where event.kind == "absent" {
      guard let text = event.text, let colon = text.firstIndex(of: ":") else { continue }
      let problem = String(text[..<colon])
      // An earlier session may have lacked what a later one had.
      if !evidence.has(problem) { absent[problem] = "Left out, " + text }
    }
    let decisions = decide(evidence, absent: absent)
    let problems = configuration.problems.filter(evidence.has)
    var sections: [Report.Section] = [
      .heading("Claims"),
      .paragraph(
        "Stationarity is min over λ of |Σ λ ∇f|² with the gradients of all samples, measured beside the descent; its "
          + "samples are not counted. A recursive step looks at two gradients of each of its samples, and both count. "
          + "Each method takes the best rate of one grid, chosen on \(tuningSeeds.count) other seeds. "
          + "\(decisions.count) claims, each at its own level; no correction for their number is made."),
    ]
    for (_, reason) in absent.sorted(by: { $0.key < $1.key }) { sections.append(.paragraph(reason)) }
    for text in Set(events.filter { $0.kind == "data" }.compactMap(\.text)) { sections.append(.paragraph(text)) }
    sections.append(.decisions(decisions))
    if problems.contains("quadratic") {
      sections += [.heading("Strongly convex")] + drawn([stepPlot(evidence), distancePlot(evidence)])
      sections.append(linearTable(evidence))
    }
    if problems.contains("logistic") {
      sections += [.heading("Not convex")] + drawn([powerPlot(evidence)]) + [powerTable(evidence)]
      sections += [.heading("Samples over n and ε")] + exponentSections(evidence)
    }
    sections.append(.heading("Methods by samples"))
    for problem in problems { sections += drawn([samplePlot(evidence, problem)]) + [table(evidence, problem)] }
    let ablations = problems.filter { configuration.hasAblation(configuration.largest($0)) }
    if !ablations.isEmpty {
      sections.append(.heading("Momentum"))
      sections += drawn(ablations.map { momentumPlot(evidence, $0) })
    }
    sections += [
      .heading("The choice of rates"),
      .paragraph("A rate at an end of the grid is marked (edge): a better one may lie beyond."),
      rateTable(evidence, problems), .heading("Cost"), costTable(events), .heading("How it was made"),
      .paragraph(
        "Published: the algorithms STIMULUS, -M, + and -M+, their rates and sample complexities, River Flow and MultiMNIST, "
          + "the baselines MGD, SMGD and MoCo. Not published or not at hand, and so our choice: the momentum's form, the "
          + "rule of the adaptive batch, q = |A| = ⌈√n⌉, step sizes, both synthetic problems, the network for River Flow, "
          + "subsets, settings of MoCo and CR-MOGM. MultiMNIST's network has no dropout, which would spoil differences of "
          + "gradients."),
      .code(context.command), .code(context.configuration), .code(context.environment),
    ]
    let report = Report(
      title: "Descent for several objectives",
      subtitle: "\(problems.joined(separator: ", ")); n = \(evidence.seeds.count) seeds", sections: sections)
    return (decisions, report)
  }

  // MARK: Curves

  /// The looks that all seeds have at a step: mean samples, geometric mean of a quantity.
  private func mean(
    _ e: MultiObjectiveEvidence, _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm,
    _ quantity: ([MultiObjectiveEvidence.Look]) -> [Double]
  ) -> [(step: Double, samples: Double, value: Double)] {
    guard let rate = e.finestRate(arena, arm) else { return [] }
    let curves = e.seeds.map { e.curve(arena, arm, rate: rate, seed: $0) }
    let logs = curves.map { looks in quantity(looks).map { log($0) } }
    let shortest = curves.map(\.count).min() ?? 0
    return (0..<shortest).compactMap { index in
      // The last look may come before its turn, where the level was reached; looks by samples differ a little.
      let samples = curves.map { $0[index].samples }
      guard Set(curves.map { $0[index].step }).count == 1 || samples.max()! < 1.1 * samples.min()! else { return nil }
      let n = Double(curves.count)
      let value = exp(logs.reduce(0) { $0 + $1[index] } / n)
      guard value > 0, value.isFinite else { return nil }
      return (curves[0][index].step, curves.reduce(0) { $0 + $1[index].samples } / n, value)
    }
  }

  /// Those plots that have something to show.
  func drawn(_ plots: [Plot]) -> [Report.Section] { plots.filter { !$0.series.isEmpty }.map { .plot($0) } }

  /// As many methods as there are colours; the others stand in the tables.
  private var arms: [MultiObjectiveArm] {
    [MultiObjectiveMethod.stimulus, .stimulusM, .stimulusPlus, .mgd, .smgd, .scalarizationSpider, .moco]
      .filter { configuration.methods.contains($0.rawValue) }.map(configuration.arm)
  }

  private func plot(_ name: String, _ title: String, _ x: String, _ y: String, _ series: [Plot.Series]) -> Plot {
    var plot = Plot(name: name, title: title, xLabel: x, yLabel: y, series: series.filter { !$0.x.isEmpty })
    plot.isLogY = true
    return plot
  }

  private func stepPlot(_ e: MultiObjectiveEvidence) -> Plot {
    let arena = configuration.largest("quadratic")
    return plot(
      "quadratic-steps", "Quadratic: true stationarity, geometric mean over seeds", "step", "true stationarity",
      arms.map { arm in
        let points = mean(e, arena, arm) { $0.map(\.stationarity) }.filter { $0.step < 1000 }
        return .init(name: "\(arm)", x: points.map(\.step), y: points.map(\.value))
      })
  }

  private func distancePlot(_ e: MultiObjectiveEvidence) -> Plot {
    let arena = configuration.largest("quadratic")
    return plot(
      "quadratic-distance", "Quadratic: squared distance from the Pareto-optimal points", "step", "squared distance",
      arms.map { arm in
        let points = mean(e, arena, arm) { $0.map(\.distance) }.filter { $0.step < 1000 }
        return .init(name: "\(arm)", x: points.map(\.step), y: points.map(\.value))
      })
  }

  private func powerPlot(_ e: MultiObjectiveEvidence) -> Plot {
    let arena = configuration.largest("logistic")
    var series = arms.filter { $0.method != .moco }.map { arm -> Plot.Series in
      let points = mean(e, arena, arm, MultiObjectiveEvidence.runningMean).filter { $0.step > 0 }
      return .init(name: "\(arm)", x: points.map(\.step), y: points.map(\.value))
    }
    if let first = series.first(where: { !$0.x.isEmpty }), let x = first.x.last, let y = first.y.last {
      series.append(.init(name: "1/T", x: [x / 30, x], y: [30 * y, y]))
    }
    var plot = plot(
      "logistic-steps", "\(arena): mean true stationarity over T steps", "steps T", "mean true stationarity", series)
    plot.isLogX = true
    return plot
  }

  private func samplePlot(_ e: MultiObjectiveEvidence, _ problem: String) -> Plot {
    let arena = configuration.largest(problem)
    var plot = plot(
      "samples-\(problem)", "\(arena): true stationarity by samples, geometric mean over seeds",
      "samples looked at, in units of n", "true stationarity",
      arms.map { arm in
        let points = mean(e, arena, arm) { $0.map(\.stationarity) }.filter { $0.samples > 0 }
        return .init(
          name: "\(arm)", x: points.map { $0.samples / Double(arena.samples) }, y: points.map(\.value))
      })
    plot.isLogX = true
    return plot
  }

  private func momentumPlot(_ e: MultiObjectiveEvidence, _ problem: String) -> Plot {
    let arena = configuration.largest(problem)
    let all = configuration.ablation
    let level = e.commonLevel(arena, all) ?? 0
    let series = [("each at its best rate", nil), ("all at one rate", e.choice.commonRate(arena))].map { name, rate in
      let summaries = all.map { Summary(e.scores(arena, $0, level: level, rate: rate)) }
      let kept = all.indices.filter { summaries[$0].mean.isFinite }
      let intervals = kept.map { summaries[$0].interval() }
      return Plot.Series(
        name: name, x: kept.map { all[$0].momentum }, y: kept.map { exp(summaries[$0].mean) },
        low: intervals.map { exp($0.low) }, high: intervals.map { exp($0.high) })
    }
    let what =
      arena.countsSamples
      ? "samples until \(Report.number(configuration[problem].levels[level]))"
      : "true stationarity at the end"
    return plot(
      "momentum-\(problem)", "\(arena): STIMULUS-M by its coefficient (95 %)", "momentum coefficient α", what, series)
  }
}
