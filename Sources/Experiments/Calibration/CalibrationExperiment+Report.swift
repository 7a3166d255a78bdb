import Foundation
import Reports

extension CalibrationExperiment {
  private static let pair = [CalibrationArm.sgd, .orthogonal]

  public func frame(_ findings: Findings<CalibrationArm>) throws -> ReportFrame {
    var sections: [Report.Section] = [
      .heading("Measures"), try table(findings, Self.pair + ablations()), .heading("Descents"),
    ]
    for (measure, label) in [
      (Measure.test(.nll), "test loss (nats)"), (.test(.accuracy), "test accuracy (%)"),
      (.batchLoss, "training loss (nats)"), (.test(.maxSoftmax), "mean maximum softmax"),
    ] {
      sections.append(.plot(curve(findings, measure, label)))
    }
    sections += [
      .heading("Reliability"), .plot(try reliability(findings)), .heading("Damaged images"),
      .paragraph(
        "Our own corruptions (noise, blur, contrast, brightness, pixelate at five severities), not the files of CIFAR-10-C."
      ),
    ]
    for (quantity, label) in [
      (CalibrationQuantity.nll, "loss (nats)"), (.accuracy, "accuracy (%)"), (.entropy, "entropy (nats)"),
    ] {
      sections.append(.plot(try corruption(findings, quantity, label)))
    }
    if let ablation = try ablation(findings) {
      sections += [
        .heading("Which parameters matter"),
        .paragraph(
          "The projection applied to a part of the parameters only; differences to SGD with 95 % intervals over seeds."),
        .plot(ablation),
      ]
    }
    if !variants.isEmpty { sections += try others(findings) }
    return ReportFrame(
      title: "Orthogonal gradients and calibration",
      subtitle: "\(configuration.model.kind) on \(configuration.data.name), \(configuration.data.trainPerClass) images "
        + "a class, \(configuration.descent.epochs) epochs, n = \(findings.finished(.orthogonal).count) seeds",
      comparison:
        "Each claim is decided by a paired test over seeds: both arms of a seed start from the same weights and "
        + "see the same batches. Estimates are orthogonal minus SGD. What the authors claim is judged only where all "
        + "preconditions hold.",
      sections: sections,
      choices: "Our choices where the paper is silent: last epoch, not best; temperature fitted on held-out training "
        + "images; margins of the equivalence tests; guards of the projection; normalisation by the training images' own "
        + "statistics.")
  }

  /// Other bases, widths and lengths; the mechanism over the width; the plain form.
  private func others(_ findings: Findings<CalibrationArm>) throws -> [Report.Section] {
    var sections: [Report.Section] = [
      .heading("In place of the pair's base, width or length"),
      try table(findings, variants.filter { !$0.isPlain }),
    ]
    if !configuration.variants.widths.isEmpty {
      sections.append(.heading("Why the width decides"))
      for (measure, label) in [
        (Measure.test(.accuracy), "test accuracy (%)"), (.headLength, "length of the head's weight"),
        (.trainLoss, "training loss (nats)"), (.temperature, "temperature"),
      ] {
        sections.append(.plot(try overWidth(findings, measure, label)))
      }
    }
    if !findings.finished(.plain).isEmpty {
      func spread(_ measure: Measure) throws -> String { Report.spread(try findings.values(measure, of: .plain)) }
      sections += [
        .heading("The plain form"),
        .table(
          header: ["updates", "exponent of min ‖g⊥‖²", "share of ‖g‖² along parameters", "training loss"],
          rows: [
            [
              "\(configuration.variants.plainSteps)", try spread(.plainExponent), try spread(.radialShare),
              try spread(.trainLoss),
            ]
          ]),
      ]
    }
    return sections
  }

  private func overWidth(_ findings: Findings<CalibrationArm>, _ measure: Measure, _ label: String) throws -> Plot {
    let widths = (configuration.variants.widths + [configuration.model.width]).sorted()
    let seeds = findings.seeds.prefix(configuration.variants.seedCount)
    let series = try [0, 1].map { side -> Plot.Series in
      let samples = try widths.map { width -> [Double] in
        let arm = (width == configuration.model.width ? Self.pair : CalibrationArm.pair(width: width))[side]
        return try seeds.filter { findings.isFinished(arm, $0) }.map { try findings[arm, $0, measure] }
      }
      let present = widths.indices.filter { !samples[$0].isEmpty }
      return .mean("\(Self.pair[side])", x: present.map { Double(widths[$0]) }, of: present.map { samples[$0] })
    }
    var plot = Plot(
      name: "width-" + measure.tag.replacing("/", with: "-"),
      title: label + " by width, mean and 95 % interval over seeds",
      xLabel: "features of a hidden layer", yLabel: label, series: series)
    plot.isLogX = true
    return plot
  }

  private func table(
    _ findings: Findings<CalibrationArm>, _ arms: [CalibrationArm]
  ) throws -> Report.Section {
    let present = arms.filter { !findings.finished($0).isEmpty }
    let measures: [(Measure, String)] = [
      (.trainAccuracy, "training accuracy %"), (.trainLoss, "training loss"), (.test(.accuracy), "accuracy %"),
      (.test(.top5), "top-5 %"), (.test(.nll), "loss"), (.test(.ece), "calibration error"),
      (.test(.entropy), "entropy"), (.test(.maxSoftmax), "max softmax"), (.test(.maxLogit), "max logit"),
      (.test(.logitVariance), "logit variance"), (.test(.brier), "Brier"),
      (.test(.confidenceCorrelation), "confidence correlation"), (.temperature, "temperature"),
      (.scaled(.nll), "scaled loss"), (.scaled(.brier), "scaled Brier"), (.scaled(.ece), "scaled calibration error"),
      (.headLength, "length of the head's weight"), (.headCosine, "cosine of the head's gradient and weight"),
    ]
    let rows = try measures.map { measure, label in
      try [label] + present.map { Report.deviation(try findings.values(measure, of: $0)) }
    }
    return .table(
      header: ["mean ± sd"] + present.map { "\($0) (n = \(findings.finished($0).count))" }, rows: rows)
  }

  private func curve(_ findings: Findings<CalibrationArm>, _ measure: Measure, _ label: String) -> Plot {
    let length = Double(configuration.data.trainPerClass * 10 / configuration.descent.batchSize)
    let series = Self.pair.map { arm -> Plot.Series in
      var byStep: [Int: [Double]] = [:]
      for seed in findings.seeds {
        for (step, value) in findings.series(measure, of: arm, seed, kind: "epoch") {
          byStep[step, default: []].append(value)
        }
      }
      let steps = byStep.keys.sorted()
      return .mean("\(arm)", x: steps.map { Double($0) / length }, of: steps.map { byStep[$0]! })
    }
    return Plot(
      name: "curve-" + measure.tag.replacing("/", with: "-"), title: label + ", mean and 95 % interval over seeds",
      xLabel: "epoch", yLabel: label, series: series)
  }

  private func reliability(_ findings: Findings<CalibrationArm>) throws -> Plot {
    let series = try Self.pair.map { arm -> Plot.Series in
      let bins = try (0..<10).compactMap { index -> (Double, Double)? in
        let counts = try findings.values(.binCount(index), of: arm)
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        let right = zip(try findings.values(.binAccuracy(index), of: arm), counts).reduce(0) { $0 + $1.0 * $1.1 }
        return ((Double(index) + 0.5) / 10, right / total)
      }
      return .init(name: "\(arm)", x: bins.map(\.0), y: bins.map(\.1), style: .bars)
    }
    var plot = Plot(
      name: "reliability", title: "Reliability: accuracy of predictions by their confidence, all seeds together",
      xLabel: "confidence (middle of the bin)", yLabel: "accuracy", series: series)
    plot.hasDiagonal = true
    plot.barSpacing = 0.1
    return plot
  }

  private func corruption(
    _ findings: Findings<CalibrationArm>, _ quantity: CalibrationQuantity, _ label: String
  ) throws -> Plot {
    let series = try Self.pair.map { arm -> Plot.Series in
      let samples = try (0...5).map { severity -> [Double] in
        guard severity > 0 else { return try findings.values(.test(quantity), of: arm) }
        let mean = damaged(quantity, of: arm, severities: severity...severity)
        return try findings.finished(arm).map { try mean.value(findings, $0) }
      }
      return .mean("\(arm)", x: (0...5).map(Double.init), of: samples)
    }
    return Plot(
      name: "corruption-" + quantity.rawValue, title: label + " by severity, mean over kinds (0: undamaged)",
      xLabel: "severity", yLabel: label, series: series)
  }

  private func ablation(_ findings: Findings<CalibrationArm>) throws -> Plot? {
    let tests = try ([CalibrationArm.orthogonal] + ablations()).compactMap { arm -> (String, TTest)? in
      let both = findings.finished(arm).filter { findings.isFinished(.sgd, $0) }
      let logits = try [CalibrationArm.sgd, arm].map { arm in
        try both.map { try findings[arm, $0, .test(.maxLogit)] }
      }
      return TTest.paired(logits[0], logits[1]).map { (arm == .orthogonal ? "all" : "\(arm)", $0) }
    }
    guard tests.count > 1 else { return nil }
    var plot = Plot(
      name: "ablation", title: "Change of the mean maximum logit against SGD", xLabel: "projected parameters",
      yLabel: "difference of the mean maximum logit",
      series: [
        .init(
          name: "difference", x: tests.indices.map(Double.init), y: tests.map(\.1.estimate),
          low: tests.map(\.1.interval.low), high: tests.map(\.1.interval.high), style: .bars)
      ])
    plot.categories = tests.map(\.0)
    return plot
  }
}
