import Foundation
import Reports

extension GeneralizationBoundsExperiment {
  public func frame(_ findings: Findings<BoundsSpot>) throws -> ReportFrame {
    let evidence = try BoundsEvidence(findings, self)
    var sections: [Report.Section] = [
      .heading("Bounds and gaps"),
      .paragraph(
        "Training descends cross-entropy; bounds and gaps are about \(evidence.loss), of range \(evidence.loss.range)."),
      .paragraph(
        "Each bound at its own σ*, the noise that is optimal by the formula for small noise, trajectory / σ + curvature · "
          + "σ²:"),
      try table(evidence, by: .formula),
      .paragraph(
        "Each bound with the best noise of the grid. As the noise grows a bounded loss saturates: the risks under noise "
          + "become equal, the trajectory term vanishes and the flatness term becomes the gap itself. So no finite noise "
          + "is best, and a bound whose best noise is the largest of the grid measures the gap instead of explaining it."
      ),
      try table(evidence, by: .grid),
    ]
    for line in evidence.lines {
      for choice in BoundsEvidence.Choice.allCases {
        sections.append(.plot(try boundPlot(evidence, line, choice)))
      }
    }
    sections += [
      .heading("Rates"),
      .paragraph(
        "Exponents in n with 95 % intervals: of the line through the means (residuals), and by the jackknife over seeds. "
          + "At a fixed number of epochs the number of updates grows with n, which hides in the constant of a 1/n rate. Over "
          + "one pass what is measured of visited samples counts by their share of the training set."
      ),
      try rates(evidence),
    ]
    for line in evidence.lines {
      let spots = evidence.spots(line)
      sections.append(
        .plot(
          .powerLaw(
            name: "distance-\(line.tag)", title: "Distance of twins, \(line)",
            xLabel: "training samples n", yLabel: "E D", series: "mean over seeds and twins",
            x: spots.map { Double($0.samples) }, y: try spots.map { try evidence.distance($0) })))
    }
    sections += [
      .heading("Over the iterations"), .plot(try flatnessPlot(evidence)),
      .plot(try distancePlot(evidence)),
      .heading("The choice of the noise"),
    ]
    for line in evidence.lines { sections.append(.plot(try noisePlot(evidence, line))) }
    sections += [.heading("Cost"), try cost(findings)]
    return ReportFrame(
      title: "Bounds on the generalisation gap of SGD",
      subtitle:
        "\(configuration.data.names.joined(separator: ", ")), \(configuration.single.steps) updates of one pass, "
        + "\(configuration.descent.steps) of several, n = \(evidence.seeds.count) seeds with \(configuration.descent.twins) twins each",
      comparison:
        "Estimates are made of means over seeds; their intervals come from the jackknife over seeds. The noise "
        + "of each bound is chosen on \(tuningSeeds.count) other seeds.", sections: sections,
      choices: "Published: both pseudo-iterates, the parts of the bound, the rates 1/n and n^(-2/3). Ours, and perhaps "
        + "not the paper's: every constant, the estimate of E D by twins on visited samples, the clipped loss, networks, rates and numbers "
        + "of updates, the choice of the noise on other seeds. The earlier bounds are our reading of their papers; their "
        + "sums over steps come from a few looks (trapezoid).")
  }

  private func interval(_ e: BoundsEvidence, _ statistic: ([Int]) throws -> Double) -> Interval {
    guard let values = try? e.pseudovalues(statistic) else { return .undefined(level: 0.95) }
    return Summary(values).interval()
  }

  private func table(_ e: BoundsEvidence, by choice: BoundsEvidence.Choice) throws -> Report.Section {
    let kinds = BoundsEvidence.Kind.allCases
    let rows = try e.spots.map { spot -> [String] in
      let margin = interval(e) {
        try e.bound(.typeTwo, spot, by: choice, seeds: $0).total - e.gap(spot, seeds: $0)
      }
      let two = try e.bound(.typeTwo, spot, by: choice)
      let index = try e.noiseIndex(.typeTwo, spot, by: choice)
      let isEdge = index == 0 || index == configuration.deviations.count - 1
      return try ["\(spot)", Report.number(e.gap(spot))]
        + kinds.map { Report.number(try e.bound($0, spot, by: choice).total) }
        + [
          "\(Report.number(two.trajectory)) + \(Report.number(two.flatness))",
          "[\(Report.number(margin.low)), \(Report.number(margin.high))]",
          Report.number(configuration.deviations[index]) + (isEdge ? " (edge)" : ""),
        ]
    }
    return .table(
      header: ["point", "gap"] + kinds.map(\.rawValue)
        + [
          "type II: trajectory + flatness", "type II less gap, 95 %",
          choice == .formula ? "σ* of type II" : "best σ of type II",
        ], rows: rows)
  }

  private func rates(_ e: BoundsEvidence) throws -> Report.Section {
    let largest = configuration.data.sampleCounts.max() ?? 1
    var quantities: [(name: String, value: (BoundsSpot, [Int]) throws -> Double)] = []
    quantities.append(("E D, fixed updates", { try e.distance($0, seeds: $1) }))
    quantities.append(
      (
        "E D, fixed epochs",
        { spot, seeds in
          guard spot.regime == .several else { return .nan }
          return try e.distance(spot, seeds: seeds, step: max(1, spot.steps * spot.samples / largest))
        }
      ))
    quantities.append(("gap", { try e.gap($0, seeds: $1) }))
    for kind in BoundsEvidence.Kind.allCases {
      quantities.append((kind.rawValue + ", each σ*", { try e.bound(kind, $0, by: .formula, seeds: $1).total }))
    }
    quantities.append(("type II, best of the grid", { try e.bound(.typeTwo, $0, seeds: $1).total }))
    quantities.append(("B of the flatness term, small noise", { try e.curvature($0, seeds: $1) }))
    quantities.append(("flatness term at σ*", { try e.bound(.typeTwo, $0, by: .formula, seeds: $1).flatness }))
    quantities.append(
      ("trajectory of Neu et al. at the least noise", { try e.bound(.neu, $0, seeds: $1, noise: 0).trajectory }))
    let rows = try quantities.flatMap { name, value in
      try e.lines.compactMap { line -> [String]? in
        let spots = e.spots(line)
        let x = spots.map { Double($0.samples) }
        let means = try spots.map { try value($0, e.seeds) }
        guard !means.contains(where: \.isNaN) else { return nil }
        let fit = try? LineFit.powerLaw(x, means)
        let jackknife = interval(e) { seeds in BoundsEvidence.exponent(x, try spots.map { try value($0, seeds) }) }
        let slopes = fit?.slopeInterval() ?? .undefined(level: 0.95)
        return [
          name, "\(line)", fit.map { Report.number($0.slope) } ?? "–",
          "[\(Report.number(slopes.low)), \(Report.number(slopes.high))]",
          "[\(Report.number(jackknife.low)), \(Report.number(jackknife.high))]",
        ]
      }
    }
    return .table(header: ["quantity", "line", "exponent in n", "of the line", "over seeds"], rows: rows)
  }

  private func boundPlot(
    _ e: BoundsEvidence, _ line: BoundsEvidence.Line, _ choice: BoundsEvidence.Choice
  ) throws -> Plot {
    let spots = e.spots(line)
    let x = spots.map { Double($0.samples) }
    var series = try BoundsEvidence.Kind.allCases.map { kind in
      Plot.Series(name: kind.rawValue, x: x, y: try spots.map { try e.bound(kind, $0, by: choice).total })
    }
    series.append(.init(name: "measured gap", x: x, y: try spots.map { try e.gap($0) }, style: .points))
    var plot = Plot(
      name: "bounds-\(choice)-\(line.tag)",
      title: (choice == .formula ? "Bounds at their own σ*" : "Bounds with the best noise of the grid")
        + ", \(line)",
      xLabel: "training samples n", yLabel: "\(e.loss), gap", series: series)
    (plot.isLogX, plot.isLogY) = (true, true)
    return plot
  }

  private func flatnessPlot(_ e: BoundsEvidence) throws -> Plot {
    let steps = e.plateaus.first.map(configuration.probes) ?? []
    let series = try [(FlatnessType.two, "type II"), (.one, "type I")].map { type, name in
      Plot.Series(
        name: name, x: steps.map(Double.init),
        y: try steps.map { step in e.average(try e.plateaus.map { try e.flatness($0, type, step: step) }) })
    }
    var plot = Plot(
      name: "flatness", title: "Flatness term with the same noise at each step, along the plateau",
      xLabel: "update", yLabel: "flatness term", series: series)
    (plot.isLogX, plot.isLogY) = (true, true)
    return plot
  }

  private func distancePlot(_ e: BoundsEvidence) throws -> Plot {
    // Twins are one until the replaced sample is met; a logarithmic axis has no place for that.
    let series = try e.spots.map { spot -> Plot.Series in
      let points = try configuration.probes(spot).map { (Double($0), try e.distance(spot, step: $0)) }.filter {
        $0.1 > 0
      }
      return .init(name: "\(spot)", x: points.map(\.0), y: points.map(\.1))
    }
    var plot = Plot(
      name: "distances", title: "Distance of twins", xLabel: "update", yLabel: "E D", series: series)
    (plot.isLogX, plot.isLogY) = (true, true)
    return plot
  }

  private func noisePlot(_ e: BoundsEvidence, _ line: BoundsEvidence.Line) throws -> Plot {
    let series = try e.spots(line).map { spot in
      Plot.Series(
        name: "n \(spot.samples)", x: configuration.deviations,
        y: try configuration.deviations.indices.map { try e.bound(.typeTwo, spot, noise: $0).total })
    }
    // Where they all end: the gaps.
    let gaps = try e.spots(line).enumerated().map { index, spot in
      Plot.Series(
        name: "gap, n \(spot.samples)", x: [configuration.deviations.last! * 1.2], y: [try e.gap(spot)], style: .points,
        color: index)
    }
    var plot = Plot(
      name: "noise-\(line.tag)", title: "Bound of type II by its noise, \(line)",
      xLabel: "deviation σ of the noise", yLabel: "bound", series: series + gaps)
    (plot.isLogX, plot.isLogY) = (true, true)
    return plot
  }

  private func cost(_ findings: Findings<BoundsSpot>) throws -> Report.Section {
    let tasks = try sweep().tasks(findings).filter(findings.isFinished)
    func total(_ part: Measure) throws -> Double { try tasks.reduce(0) { $0 + (try findings[$1.arm, $1.seed, part]) } }
    let descent = try total(.descentSeconds)
    let parts: [(String, Measure)] = [
      ("the descents themselves", .descentSeconds), ("twins and their distance", .twinSeconds),
      ("flatness terms", .flatnessSeconds), ("gradient noise (earlier bounds)", .gradientSeconds),
    ]
    return .table(
      header: ["what", "seconds of one core", "times the descents"],
      rows: try parts.map { label, part in
        let seconds = try total(part)
        return [label, Report.number(seconds), Report.number(seconds / descent)]
      })
  }
}
