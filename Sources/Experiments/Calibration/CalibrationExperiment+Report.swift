import Foundation
import Reports
import RunLogs

extension CalibrationExperiment {
  private static let source = "Hedges, arXiv 2506.04487"

  public static let claims: [Claim] = [
    Claim(id: "same-accuracy", statement: "The projection keeps the accuracy of SGD.", source: source),
    Claim(id: "lower-loss", statement: "It lowers the test loss.", source: source),
    Claim(id: "lower-confidence", statement: "It lowers the mean maximum softmax.", source: source),
    Claim(id: "higher-entropy", statement: "It raises the entropy of predictions.", source: source),
    Claim(id: "smaller-logits", statement: "It lowers the mean maximum logit.", source: source),
    Claim(id: "lower-logit-variance", statement: "It lowers the variance of logits.", source: source),
    Claim(
      id: "lower-calibration-error", statement: "It lowers the expected calibration error.",
      source: source + " (there: not significant, p = 0.14)"),
    Claim(
      id: "corruption-loss", statement: "On damaged images, over all kinds and severities, its loss is lower.",
      source: source + "; our own corruptions"),
    Claim(
      id: "corruption-accuracy", statement: "On damaged images it keeps the accuracy of SGD.",
      source: source + "; our own corruptions"),
    Claim(
      id: "lower-temperature", statement: "The temperature that fits held-out images is lower.", source: source),
    Claim(
      id: "scaled-calibration-error", statement: "After temperature scaling the calibration errors do not differ.",
      source: source),
    Claim(
      id: "convolutions-do-not-matter",
      statement: "Projecting only weights followed by batch normalisation changes nothing: accuracy stays that of SGD.",
      source: "derived: such weights are scale-invariant"),
  ]

  /// The final measures of an arm by seed.
  private func results(_ events: [RunEvent], _ arm: String) -> [Int: [String: Double]] {
    var found: [Int: [String: Double]] = [:]
    for event in events where event.kind == "result" {
      let parts = event.task.components(separatedBy: "/seed ")
      if parts.count == 2, parts[0] == arm, let seed = Int(parts[1]) { found[seed] = event.values }
    }
    return found
  }

  /// Values of a measure in two arms over the seeds that both have.
  private func pairs(
    _ a: [Int: [String: Double]], _ b: [Int: [String: Double]], _ measure: ([String: Double]) -> Double?
  ) -> (first: [Double], second: [Double]) {
    let seeds = Set(a.keys).intersection(b.keys).sorted()
    let both = seeds.compactMap { seed -> (Double, Double)? in
      guard let x = measure(a[seed]!), let y = measure(b[seed]!) else { return nil }
      return (x, y)
    }
    return (both.map(\.0), both.map(\.1))
  }

  private func corruptedMean(_ tag: String, severity: Int? = nil) -> ([String: Double]) -> Double? {
    { values in
      let chosen = values.filter { key, _ in
        let parts = key.split(separator: "/")
        return parts.count == 4 && parts[0] == "corrupted" && parts[3] == tag
          && (severity == nil || Int(parts[2]) == severity)
      }
      return chosen.isEmpty ? nil : chosen.values.sorted().reduce(0, +) / Double(chosen.count)
    }
  }

  private func decide(_ events: [RunEvent]) -> [Decision] {
    let (sgd, orthogonal) = (results(events, "sgd"), results(events, "orthogonal"))
    let rule = configuration.decision
    func value(_ tag: String) -> ([String: Double]) -> Double? { { $0[tag] } }
    func difference(_ id: String, _ direction: Claim.Direction, _ measure: ([String: Double]) -> Double?) -> Decision {
      let samples = pairs(sgd, orthogonal, measure)
      return claim(id).decideDifference(direction, from: samples.first, to: samples.second, alpha: rule.alpha)
    }
    func equivalence(
      _ id: String, within margin: Double, _ measure: ([String: Double]) -> Double?,
      to other: [Int: [String: Double]]? = nil
    ) -> Decision {
      let samples = pairs(sgd, other ?? orthogonal, measure)
      return claim(id).decideEquivalence(within: margin, from: samples.first, to: samples.second, alpha: rule.alpha)
    }
    var decisions = [
      equivalence("same-accuracy", within: rule.accuracyMargin, value("test/accuracy")),
      difference("lower-loss", .lower, value("test/nll")),
      difference("lower-confidence", .lower, value("test/maxSoftmax")),
      difference("higher-entropy", .higher, value("test/entropy")),
      difference("smaller-logits", .lower, value("test/maxLogit")),
      difference("lower-logit-variance", .lower, value("test/logitVariance")),
      difference("lower-calibration-error", .lower, value("test/ece")),
      difference("corruption-loss", .lower, corruptedMean("nll")),
      equivalence("corruption-accuracy", within: rule.accuracyMargin, corruptedMean("accuracy")),
      difference("lower-temperature", .lower, value("temperature")),
      equivalence("scaled-calibration-error", within: rule.calibrationMargin, value("scaled/ece")),
    ]
    let convolutions = results(events, "convolutions only")
    if !convolutions.isEmpty, configuration.model.kind != "cnn" {
      decisions.append(
        equivalence(
          "convolutions-do-not-matter", within: rule.accuracyMargin, value("test/accuracy"), to: convolutions))
    }
    return decisions
  }

  public func report(
    _ events: [RunEvent], context: ReportContext
  ) throws -> (decisions: [Decision], report: Report) {
    let decisions = decide(events)
    let peak = events.compactMap { $0.values["peakMemoryBytes"] }.max() ?? 0
    let seconds = events.map(\.time).max() ?? 0
    var sections: [Report.Section] = [
      .heading("Claims"),
      .paragraph(
        "Each claim is decided by a paired test over seeds: both arms of a seed start from the same weights and see the same "
          + "batches. Estimates are orthogonal minus SGD. \(decisions.count) claims are tested, each at its own level; no "
          + "correction for their number is made."),
      .decisions(decisions), .heading("Measures"), table(events), .heading("Descents"),
    ]
    for (tag, label) in [
      ("test/nll", "test loss (nats)"), ("test/accuracy", "test accuracy (%)"), ("loss/train", "training loss (nats)"),
      ("test/maxSoftmax", "mean maximum softmax"),
    ] {
      sections.append(.plot(curve(events, tag, label)))
    }
    sections += [.heading("Reliability"), .plot(reliability(events)), .heading("Damaged images")]
    sections.append(
      .paragraph(
        "Our own corruptions (noise, blur, contrast, brightness, pixelate at five severities), not the files of CIFAR-10-C."
      ))
    for (tag, label) in [("nll", "loss (nats)"), ("accuracy", "accuracy (%)"), ("entropy", "entropy (nats)")] {
      sections.append(.plot(corruption(events, tag, label)))
    }
    if let ablation = ablation(events) {
      sections += [
        .heading("Which parameters matter"),
        .paragraph(
          "The projection applied to a part of the parameters only; differences to SGD with 95 % intervals over seeds."),
        .plot(ablation),
      ]
    }
    sections += [
      .heading("How it was made"),
      .paragraph(
        "Time \(ProgressBar.duration(seconds)), peak memory \(Int(peak / 1_048_576)) MB. Our choices where the paper is silent: last epoch, "
          + "not best; temperature fitted on held-out training images; margins of the equivalence tests; guards of the "
          + "projection; normalisation by the training images' own statistics."),
      .code(context.command), .code(context.configuration), .code(context.environment),
    ]
    let title = "Orthogonal gradients and calibration"
    let subtitle =
      "\(configuration.model.kind) on \(configuration.data.name), \(configuration.data.trainPerClass) images a class, "
      + "\(configuration.descent.epochs) epochs, n = \(results(events, "orthogonal").count) seeds"
    return (decisions, Report(title: title, subtitle: subtitle, sections: sections))
  }

  // MARK: Tables and plots

  private func table(_ events: [RunEvent]) -> Report.Section {
    let arms = ["sgd", "orthogonal"] + CalibrationConfiguration.ablations.map(\.name)
    let present = arms.map { ($0, results(events, $0)) }.filter { !$0.1.isEmpty }
    let tags = [
      ("test/accuracy", "accuracy %"), ("test/top5", "top-5 %"), ("test/nll", "loss"),
      ("test/ece", "calibration error"), ("test/entropy", "entropy"),
      ("test/maxSoftmax", "max softmax"), ("test/maxLogit", "max logit"), ("test/logitVariance", "logit variance"),
      ("test/brier", "Brier"), ("test/confidenceCorrelation", "confidence correlation"), ("temperature", "temperature"),
      ("scaled/nll", "scaled loss"), ("scaled/ece", "scaled calibration error"),
    ]
    let rows = tags.map { tag, label in
      [label]
        + present.map { _, values in
          let summary = Summary(values.values.compactMap { $0[tag] }.sorted())
          return "\(Report.number(summary.mean)) ± \(Report.number(summary.standardDeviation))"
        }
    }
    return .table(header: ["mean ± sd"] + present.map { "\($0.0) (n = \($0.1.count))" }, rows: rows)
  }

  private func band(_ samples: [[Double]]) -> (mean: [Double], low: [Double], high: [Double]) {
    let summaries = samples.map { Summary($0) }
    let intervals = summaries.map { $0.interval() }
    return (
      summaries.map(\.mean), zip(intervals, summaries).map { $0.low.isNaN ? $1.mean : $0.low },
      zip(intervals, summaries).map { $0.high.isNaN ? $1.mean : $0.high }
    )
  }

  private func curve(_ events: [RunEvent], _ tag: String, _ label: String) -> Plot {
    let length = Double(configuration.data.trainPerClass * 10 / configuration.descent.batchSize)
    let series = ["sgd", "orthogonal"].map { arm -> Plot.Series in
      var byStep: [Int: [Double]] = [:]
      for event in events where event.kind == "epoch" && event.task.hasPrefix(arm + "/") {
        if let value = event.values[tag] { byStep[event.step, default: []].append(value) }
      }
      let steps = byStep.keys.sorted()
      // Sorted: workers log in any order, and the report's bytes must not tell.
      let band = band(steps.map { byStep[$0]!.sorted() })
      return .init(name: arm, x: steps.map { Double($0) / length }, y: band.mean, low: band.low, high: band.high)
    }
    return Plot(
      name: "curve-" + tag.replacing("/", with: "-"), title: label + ", mean and 95 % interval over seeds",
      xLabel: "epoch",
      yLabel: label, series: series)
  }

  private func reliability(_ events: [RunEvent]) -> Plot {
    let series = ["sgd", "orthogonal"].map { arm -> Plot.Series in
      let found = results(events, arm)
      let all = found.keys.sorted().map { found[$0]! }
      let bins = (0..<10).compactMap { index -> (Double, Double)? in
        let counts = all.map { $0["bin/\(index)/count"] ?? 0 }
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        let right = zip(all, counts).reduce(0) { $0 + ($1.0["bin/\(index)/accuracy"] ?? 0) * $1.1 }
        return ((Double(index) + 0.5) / 10, right / total)
      }
      return .init(name: arm, x: bins.map(\.0), y: bins.map(\.1), style: .bars)
    }
    var plot = Plot(
      name: "reliability", title: "Reliability: accuracy of predictions by their confidence, all seeds together",
      xLabel: "confidence (middle of the bin)", yLabel: "accuracy", series: series)
    plot.hasDiagonal = true
    plot.barSpacing = 0.1
    return plot
  }

  private func corruption(_ events: [RunEvent], _ tag: String, _ label: String) -> Plot {
    let series = ["sgd", "orthogonal"].map { arm -> Plot.Series in
      let all = results(events, arm)
      let samples = (0...5).map { severity -> [Double] in
        all.keys.sorted().compactMap {
          severity == 0 ? all[$0]!["test/" + tag] : corruptedMean(tag, severity: severity)(all[$0]!)
        }
      }
      let band = band(samples)
      return .init(name: arm, x: (0...5).map(Double.init), y: band.mean, low: band.low, high: band.high)
    }
    return Plot(
      name: "corruption-" + tag, title: label + " by severity, mean over kinds (0: undamaged)", xLabel: "severity",
      yLabel: label,
      series: series)
  }

  private func ablation(_ events: [RunEvent]) -> Plot? {
    let sgd = results(events, "sgd")
    let arms = ["orthogonal"] + CalibrationConfiguration.ablations.map(\.name)
    let tests = arms.compactMap { arm -> (String, TTest)? in
      let samples = pairs(sgd, results(events, arm)) { $0["test/maxLogit"] }
      return TTest.paired(samples.first, samples.second).map { (arm == "orthogonal" ? "all" : arm, $0) }
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
