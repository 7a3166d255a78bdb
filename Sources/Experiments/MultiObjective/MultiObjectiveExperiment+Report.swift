import Foundation
import MultiObjective
import Reports

extension MultiObjectiveExperiment {
  public func frame(_ findings: Findings<MultiObjectiveRun>) throws -> ReportFrame {
    let evidence = MultiObjectiveEvidence(findings, self)
    let problems = configuration.problems.filter(evidence.has)
    var sections: [Report.Section] = []
    for (name, reason) in findings.absences where !problems.contains(name) {
      sections.append(.paragraph("Left out, \(name): \(reason)"))
    }
    for text in Set(findings.events.filter { $0.kind == "data" }.compactMap(\.text)) {
      sections.append(.paragraph(text))
    }
    if problems.contains("quadratic") {
      sections += [.heading("Strongly convex")] + drawn([try stepPlot(evidence), try distancePlot(evidence)])
      sections.append(try linearTable(evidence))
    }
    if problems.contains("logistic") {
      sections += [.heading("Not convex")] + drawn([try powerPlot(evidence)]) + [try powerTable(evidence)]
      if let exponents = try findings.ifFinished({ try exponentSections(evidence) }) {
        sections += [.heading("Samples over n and ε")] + exponents
      }
    }
    sections.append(.heading("Methods by samples"))
    for problem in problems { sections += drawn([try samplePlot(evidence, problem)]) + [try table(evidence, problem)] }
    let ablations = problems.filter { configuration.hasAblation(configuration.largest($0)) }
    if !ablations.isEmpty {
      sections.append(.heading("Momentum"))
      sections += drawn(
        try ablations.compactMap { name in try findings.ifFinished { try momentumPlot(evidence, name) } })
    }
    sections += [
      .heading("The choice of rates"),
      .paragraph("A rate at an end of the grid is marked (edge): a better one may lie beyond."),
      try rateTable(evidence, problems), .heading("Cost"), try costTable(findings),
    ]
    return ReportFrame(
      title: "Descent for several objectives",
      subtitle: "\(problems.joined(separator: ", ")); n = \(evidence.seeds.count) seeds",
      comparison:
        "Stationarity is min over λ of |Σ λ ∇f|² with the gradients of all samples, measured beside the descent; "
        + "its samples are not counted. A recursive step looks at two gradients of each of its samples, and both count. "
        + "Each method takes the best rate of one grid, chosen on \(tuningSeeds.count) other seeds.",
      sections: sections,
      choices: "Published: the algorithms STIMULUS, -M, + and -M+, their rates and sample complexities, River Flow and "
        + "MultiMNIST, the baselines MGD, SMGD and MoCo. Not published or not at hand, and so our choice: the momentum's "
        + "form, the rule of the adaptive batch, q = |A| = ⌈√n⌉, step sizes, both synthetic problems, the network for "
        + "River Flow, subsets, settings of MoCo and CR-MOGM. MultiMNIST's network has no dropout, which would spoil "
        + "differences of gradients.")
  }

  // MARK: Curves

  /// The looks that all seeds have at a step: mean samples, geometric mean of a quantity.
  private func mean(
    _ e: MultiObjectiveEvidence, _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm,
    _ quantity: ([MultiObjectiveEvidence.Look]) -> [Double]
  ) throws -> [(step: Double, samples: Double, value: Double)] {
    let found = try e.ifFinished { () -> [[MultiObjectiveEvidence.Look]] in
      guard let rate = try e.choice.finestRate(arena, arm) else { return [] }
      return try e.seeds.map { try e.curve(MultiObjectiveRun(arena, arm, rate: rate), $0) }
    }
    guard let curves = found, !curves.isEmpty else { return [] }
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

  private func stepPlot(_ e: MultiObjectiveEvidence) throws -> Plot {
    let arena = configuration.largest("quadratic")
    return plot(
      "quadratic-steps", "Quadratic: true stationarity, geometric mean over seeds", "step", "true stationarity",
      try arms.map { arm in
        let points = try mean(e, arena, arm) { $0.map(\.stationarity) }.filter { $0.step < 1000 }
        return .init(name: "\(arm)", x: points.map(\.step), y: points.map(\.value))
      })
  }

  private func distancePlot(_ e: MultiObjectiveEvidence) throws -> Plot {
    let arena = configuration.largest("quadratic")
    return plot(
      "quadratic-distance", "Quadratic: squared distance from the Pareto-optimal points", "step", "squared distance",
      try arms.map { arm in
        let points = try mean(e, arena, arm) { $0.map(\.distance) }.filter { $0.step < 1000 }
        return .init(name: "\(arm)", x: points.map(\.step), y: points.map(\.value))
      })
  }

  private func powerPlot(_ e: MultiObjectiveEvidence) throws -> Plot {
    let arena = configuration.largest("logistic")
    var series = try arms.filter { $0.method != .moco }.map { arm -> Plot.Series in
      let points = try mean(e, arena, arm, MultiObjectiveEvidence.runningMean).filter { $0.step > 0 }
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

  private func samplePlot(_ e: MultiObjectiveEvidence, _ problem: String) throws -> Plot {
    let arena = configuration.largest(problem)
    var plot = plot(
      "samples-\(problem)", "\(arena): true stationarity by samples, geometric mean over seeds",
      "samples looked at, in units of n", "true stationarity",
      try arms.map { arm in
        let points = try mean(e, arena, arm) { $0.map(\.stationarity) }.filter { $0.samples > 0 }
        return .init(
          name: "\(arm)", x: points.map { $0.samples / Double(arena.samples) }, y: points.map(\.value))
      })
    plot.isLogX = true
    return plot
  }

  private func momentumPlot(_ e: MultiObjectiveEvidence, _ problem: String) throws -> Plot {
    let arena = configuration.largest(problem)
    let all = configuration.ablation
    let level = try e.choice.commonLevel(arena, all) ?? 0
    let series = try [("each at its best rate", nil), ("all at one rate", e.choice.commonRate(arena))].map {
      name, rate in
      let summaries = try all.map { Summary(try e.scores(arena, $0, level: level, rate: rate)) }
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
