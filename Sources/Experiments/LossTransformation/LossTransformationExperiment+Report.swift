import Foundation
import Reports

extension LossTransformationExperiment {
  public func frame(_ findings: Findings<LossRun>) throws -> ReportFrame {
    let counts = Set(configuration.problems.map { configuration[$0].rates }).sorted().map(String.init).joined(
      separator: " or ")
    var sections: [Report.Section] = []
    for problem in configuration.problems {
      sections += [.heading(problem), try table(problem, findings)]
      for base in LossArm.Base.allCases { sections.append(.plot(try curves(problem, base, findings))) }
    }
    let exponents = configuration.landscape.crossingExponents
    if configuration.problems.contains("well"), exponents.contains(where: { !findings.finished(.crossing($0)).isEmpty })
    {
      sections += [
        .heading("Basins of the double well"),
        .paragraph("Share of the seeds that end in the lower well, by start and method."),
        .plot(
          try basins(
            "basins", "Tuned methods", LossArm.all.map { ("\($0)", LossRun("well", $0)) }, findings)),
        .paragraph("Without the offset the loss crosses zero. Constant exponents, at the rate of tuned SGD."),
        .plot(
          try basins(
            "crossing", "Exponents where the loss crosses zero", exponents.map { ("n = \($0)", .crossing($0)) },
            findings)),
        try crossingTable(findings),
      ]
    }
    if configuration.problems != ["well"] { sections += [.heading("Cost"), try cost(findings)] }
    return ReportFrame(
      title: "Descent on powers of the loss",
      subtitle: "\(configuration.problems.joined(separator: ", ")), n = \(reportedSeeds.count) seeds",
      comparison:
        "Paired tests over seeds: equal weights, batches and noise in all arms of a seed; no two seeds have an "
        + "example in common. Each transformed arm takes the best of its trials, every exponent at \(counts) rates, on "
        + "\(tuningSeeds.count) other seeds, a plain one the best of as many as all transformed ones of its base have. "
        + secondRound + "Where a "
        + "claim speaks of the best power, the form is chosen there too. Each claim is about descents that were tuned by "
        + "what it judges: the training loss, the updates to the level, or the accuracy; tables show those tuned by the "
        + "loss. Losses and updates are compared by their natural logarithms: an estimate "
        + "of -0.1 is about 10 % less.",
      sections: sections,
      choices:
        "Published: the power law of the loss, its piecewise exponent, the rule that stationary points stay. Ours: "
        + "all exponents, the sigmoid's form, limits of the factor (0.001 and 1000), problems, networks, rates, lengths. "
        + "CIFAR-10 with a small convolutional network stands in for CIFAR-100. A control is the plain method on the same "
        + "seed at a constant rate: the time-mean of (rate x length of the step over the step that the plain method would "
        + "make of the same gradients). A descent that diverges counts as one that stays at its start.")
  }

  /// What the second round of the search is, in a sentence.
  private var secondRound: String {
    guard let finalists = configuration.seeds.finalists, !configuration.seeds.further.isEmpty else { return "" }
    return
      "The best \(finalists.count) trials of either side are tried on \(configuration.seeds.further.count) seeds more, and the best by all "
      + "\(finalists.seeds) is taken. "
  }

  private func table(_ problem: String, _ findings: Findings<LossRun>) throws -> Report.Section {
    func against(_ first: [Double], _ second: [Double]) -> String {
      guard let test = try? pairedTTest(first.map(log), second.map(log)) else { return "–" }
      return Report.text(test.estimate, test.interval) + ", p \(Report.number(test.pValue))"
    }
    let rows = try LossArm.all.compactMap { arm -> [String]? in
      let trial: LossTrial
      do { trial = try chosen(problem, arm, findings).trial } catch FindingsError.unfinished { return nil }
      func values(_ measure: Measure) throws -> [Double] {
        try findings.values(measure, of: LossRun(problem, arm))
      }
      let losses = try values(.finalLoss)
      let control = try findings.values(.finalLoss, of: LossRun(problem, arm, .control))
      let plain = try findings.values(.finalLoss, of: LossRun(problem, LossArm(arm.base)))
      let accuracy = try findings.valuesIfMeasured(.finalAccuracy, of: LossRun(problem, arm))
      return [
        "\(arm)", "\(trial)", Report.deviation(losses), Report.deviation(try values(.updatesToLevel)),
        accuracy.map { Report.deviation($0) } ?? "–", Report.deviation(try values(.relativeStep)),
        arm.isPlain ? "–" : Report.deviation(try values(.following)),
        Report.number(try values(.diverged).reduce(0, +)), arm.isPlain ? "–" : against(plain, losses),
        arm.isPlain ? "–" : Report.deviation(control), arm.isPlain ? "–" : against(control, losses),
      ]
    }
    return .table(
      header: [
        "method", "chosen", "final loss", "updates to level",
        problem == "well" ? "% in the lower well" : "accuracy, %", "mean relative step", "slope of steps over factor",
        "diverged",
        "log loss less plain, 95 %", "control's loss", "log loss less control, 95 %",
      ], rows: rows)
  }

  private func curves(_ problem: String, _ base: LossArm.Base, _ findings: Findings<LossRun>) throws -> Plot {
    let series = try LossArm.all.filter { $0.base == base }.map { arm -> Plot.Series in
      let run = LossRun(problem, arm)
      let steps = try findings.finished(run).first.map { try findings.indices(of: lossCurve, of: run, $0) } ?? []
      let points = try steps.compactMap { step -> (Double, Double)? in
        // A descent that diverged has no more of the curve.
        guard let values = try findings.valuesIfMeasured(lossCurve[step], of: run) else { return nil }
        let mean = Summary(values).mean
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
    _ name: String, _ title: String, _ methods: [(name: String, run: LossRun)], _ findings: Findings<LossRun>
  ) throws -> Plot {
    let well = DoubleWell(tilt: configuration.landscape.tilt, offset: 0)
    let ridge = well.stationary[1]
    let isLeft = well(well.minima.left) < well(well.minima.right)
    let rows = try methods.map { method in
      try (0..<configuration.well.batch).map { index -> Double in
        let ends = try findings.values(.end(ofStart: index), of: method.run)
        return Double(ends.count { ($0 < ridge) == isLeft }) / Double(max(ends.count, 1))
      }
    }
    return .heatMap(
      name: name, title: title, xLabel: "start, from -1.8 to 1.8", yLabel: "method",
      valueLabel: "share in the lower well", rows: rows, range: 0...1,
      rowNames: methods.map(\.name))
  }

  private func cost(_ findings: Findings<LossRun>) throws -> Report.Section {
    let costs = findings.events.first { $0.kind == "cost" }?.values ?? [:]
    let tasks = try sweep().tasks(findings).filter(findings.isFinished)
    let rows = try configuration.problems.compactMap { problem -> [String]? in
      guard let watched = costs[Measure.watchedSeconds(problem).tag],
        let bare = costs[Measure.bareSeconds(problem).tag]
      else { return nil }
      let own = tasks.filter { $0.arm.problem == problem }
      func total(_ part: Measure) throws -> Double {
        try own.reduce(0) { $0 + (try findings[$1.arm, $1.seed, part]) }
      }
      let (descents, measures) = (try total(.descentSeconds), try total(.measureSeconds))
      return [
        problem, Report.number(1000 * bare), Report.number(100 * (watched / bare - 1)), Report.number(descents),
        Report.number(measures), Report.number(measures / descents),
      ]
    }
    return .table(
      header: [
        "problem", "ms of an update (Adam, constant exponent)", "more with the measure of the effective rate, %",
        "seconds of the descents", "of losses and accuracies at both ends", "times the descents",
      ], rows: rows)
  }

  private func crossingTable(_ findings: Findings<LossRun>) throws -> Report.Section {
    .table(
      header: ["exponent", "% of starts stalled on a slope", "final loss above the lowest"],
      rows: try configuration.landscape.crossingExponents.map { n in
        func mean(_ measure: Measure) throws -> Double {
          Summary(try findings.values(measure, of: .crossing(n))).mean
        }
        return ["\(n)", Report.number(100 * (try mean(.stalled))), Report.number(try mean(.finalLoss))]
      })
  }
}
