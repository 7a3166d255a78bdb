import Foundation
import Reports
import RunLogs
import Statistics

extension LossTransformationExperiment {
  public func report(
    _ events: [RunEvent], context: ReportContext
  ) throws -> (decisions: [Decision], report: Report) {
    let results = events.results
    let decisions = decide(events)
    let s = configuration.search
    var sections: [Report.Section] = [
      .heading("Claims"),
      .paragraph(
        "Paired tests over seeds: equal weights, batches and noise in all arms of a seed. Each transformed arm takes the best "
          + "of \(s.coarse + s.fine) trials on \(tuningSeeds.count) other seeds, by the training loss at the end, a plain one "
          + "the best of as many as all transformed ones of its base have; where a claim "
          + "speaks of the best power, the form is chosen there too. Losses and updates are compared by their natural "
          + "logarithms: an estimate of -0.1 is about 10 % less. \(decisions.count) claims, each at its own level; no "
          + "correction for their number is made."),
      .decisions(decisions),
    ]
    for problem in configuration.problems {
      sections += [.heading(problem), table(problem, results)]
      for base in LossArm.Base.allCases { sections.append(.plot(curves(problem, base, results))) }
    }
    if configuration.problems.contains("well"), results.keys.contains(where: { $0.hasPrefix("crossing/") }) {
      sections += [
        .heading("Basins of the double well"),
        .paragraph(
          "Share of the seeds that end in the lower well, by start and method."),
        .plot(
          basins(
            "basins", "Tuned methods", LossArm.all.map { arm in ("\(arm)", { Self.taskName("well", arm, seed: $0) }) },
            results)),
        .paragraph(
          "Without the offset the loss crosses zero. Constant exponents, at the rate of tuned SGD."),
        .plot(
          basins(
            "crossing", "Exponents where the loss crosses zero",
            configuration.landscape.crossingExponents.map { n in ("n = \(n)", { Self.crossingName(n, seed: $0) }) },
            results)),
        crossingTable(results),
      ]
    }
    if configuration.problems != ["well"] { sections += [.heading("Cost"), cost(events)] }
    sections += [
      .heading("How it was made"),
      .paragraph(
        "Published: the power law of the loss, its piecewise exponent, the rule that stationary points stay. Ours: all exponents, "
          + "the sigmoid's form, limits of the factor (0.001 and 1000), problems, networks, rates, lengths. CIFAR-10 with a "
          + "small convolutional network stands in for CIFAR-100. A control is the plain method on the same seed at a constant "
          + "rate: the time-mean of (rate x length of the step over the step that the plain method would make of the same "
          + "gradients). A descent that diverges counts as one that stays at its start."),
      .code(context.command), .code(context.configuration), .code(context.environment),
    ]
    let report = Report(
      title: "Descent on powers of the loss",
      subtitle: "\(configuration.problems.joined(separator: ", ")), n = \(reportedSeeds.count) seeds",
      sections: sections)
    return (decisions, report)
  }

  private func table(_ problem: String, _ results: [String: [String: Double]]) -> Report.Section {
    func cell(_ values: [Double]) -> String {
      let summary = Summary(values)
      return "\(Report.number(summary.mean)) ± \(Report.number(summary.standardDeviation))"
    }
    func against(_ first: [Double], _ second: [Double]) -> String {
      guard let test = try? pairedTTest(first.map(log), second.map(log)) else { return "–" }
      return
        "\(Report.number(test.estimate)) [\(Report.number(test.interval.low)), \(Report.number(test.interval.high))]"
        + ", p \(Report.number(test.pValue))"
    }
    let rows = LossArm.all.compactMap { arm -> [String]? in
      guard let chosen = chosen(problem, arm, results) else { return nil }
      let losses = values("loss", problem, arm, results)
      let control = values("loss", problem, arm, isControl: true, results)
      let accuracy = values("accuracy", problem, arm, results)
      return [
        "\(arm)", "\(chosen.trial)", cell(losses), cell(values("steps", problem, arm, results)),
        accuracy.contains { $0.isNaN } ? "–" : cell(accuracy), cell(values("relative", problem, arm, results)),
        Report.number(values("diverged", problem, arm, results).reduce(0, +)),
        arm.isPlain ? "–" : against(values("loss", problem, LossArm(arm.base), results), losses),
        arm.isPlain ? "–" : cell(control), arm.isPlain ? "–" : against(control, losses),
      ]
    }
    return .table(
      header: [
        "method", "chosen", "final loss", "updates to level",
        problem == "well" ? "% in the lower well" : "accuracy, %", "mean relative step", "diverged",
        "log loss less plain, 95 %", "control's loss", "log loss less control, 95 %",
      ], rows: rows)
  }

  private func curves(_ problem: String, _ base: LossArm.Base, _ results: [String: [String: Double]]) -> Plot {
    let steps = configuration[problem].steps
    let series = LossArm.all.filter { $0.base == base }.map { arm -> Plot.Series in
      let points = (0...steps).compactMap { step -> (Double, Double)? in
        let mean = Summary(values("curve/\(step)", problem, arm, results)).mean
        return mean.isFinite && mean > 0 ? (Double(step), mean) : nil
      }
      return .init(name: "\(arm)", x: points.map(\.0), y: points.map(\.1))
    }
    var plot = Plot(
      name: "loss-\(problem)-\(base.rawValue)", title: "Loss on \(problem) by \(base.rawValue), mean over seeds",
      xLabel: "update",
      yLabel: problem == "well" ? "loss above the lowest" : "loss of recent batches", series: series)
    plot.isLogY = true
    return plot
  }

  /// Methods by starts.
  private func basins(
    _ name: String, _ title: String, _ methods: [(name: String, task: (Int) -> String)],
    _ results: [String: [String: Double]]
  ) -> Plot {
    let well = DoubleWell(tilt: configuration.landscape.tilt, offset: 0)
    let ridge = well.stationary[1]
    let isLeft = well(well.minima.left) < well(well.minima.right)
    let rows = methods.map { method in
      (0..<configuration.well.batch).map { index -> Double in
        let ends = reportedSeeds.compactMap { results[method.task($0)]?["end/\(index)"] }
        return Double(ends.count { ($0 < ridge) == isLeft }) / Double(max(ends.count, 1))
      }
    }
    return .heatMap(
      name: name, title: title, xLabel: "start, from -1.8 to 1.8", yLabel: "method",
      valueLabel: "share in the lower well", rows: rows, range: 0...1,
      rowNames: methods.map(\.name))
  }

  private func cost(_ events: [RunEvent]) -> Report.Section {
    let rows = configuration.problems.compactMap { problem -> [String]? in
      guard let found = events.first(where: { $0.kind == "cost" })?.values else { return nil }
      guard let watched = found["seconds/\(problem)/watched"], let bare = found["seconds/\(problem)/bare"] else {
        return nil
      }
      let descents = events.filter {
        $0.kind == "result" && ($0.task.hasPrefix(problem + "/") || $0.task.hasPrefix("tune/\(problem)/"))
      }
      func total(_ part: String) -> Double { descents.reduce(0) { $0 + ($1.values["seconds/\(part)"] ?? 0) } }
      return [
        problem, Report.number(1000 * bare), Report.number(100 * (watched / bare - 1)), Report.number(total("descent")),
        Report.number(total("measures")), Report.number(total("measures") / total("descent")),
      ]
    }
    return .table(
      header: [
        "problem", "ms of an update (Adam, constant exponent)", "more with the measure of the effective rate, %",
        "seconds of the descents", "of losses and accuracies at both ends", "times the descents",
      ], rows: rows)
  }

  private func crossingTable(_ results: [String: [String: Double]]) -> Report.Section {
    .table(
      header: ["exponent", "% of starts stalled on a slope", "final loss above the lowest"],
      rows: configuration.landscape.crossingExponents.map { n in
        let found = reportedSeeds.compactMap { results[Self.crossingName(n, seed: $0)] }
        func mean(_ tag: String) -> Double { Summary(found.compactMap { $0[tag] }).mean }
        return ["\(n)", Report.number(100 * mean("stalled")), Report.number(mean("loss"))]
      })
  }
}
