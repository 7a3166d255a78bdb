import Foundation
import Reports
import RunLogs

extension CalibrationExperiment {
  func table(_ evidence: CalibrationEvidence) -> Report.Section {
    let arms = [Self.baseline.name, Self.orthogonal.name] + ((try? network())?.ablations.map(\.name) ?? [])
    let present = arms.map { ($0, evidence.descents($0)) }.filter { !$0.1.isEmpty }
    let tags = [
      ("train/accuracy", "training accuracy %"), ("train/nll", "training loss"), ("test/accuracy", "accuracy %"),
      ("test/top5", "top-5 %"), ("test/nll", "loss"), ("test/ece", "calibration error"), ("test/entropy", "entropy"),
      ("test/maxSoftmax", "max softmax"), ("test/maxLogit", "max logit"), ("test/logitVariance", "logit variance"),
      ("test/brier", "Brier"), ("test/confidenceCorrelation", "confidence correlation"), ("temperature", "temperature"),
      ("scaled/nll", "scaled loss"), ("scaled/ece", "scaled calibration error"),
      ("head/length", "length of the head's weight"),
    ]
    let rows = tags.map { tag, label in
      [label]
        + present.map { _, descents in
          let summary = Summary(descents.compactMap { $0[tag] }.sorted())
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

  func curve(_ events: [RunEvent], _ tag: String, _ label: String) -> Plot {
    let length = Double(configuration.data.trainPerClass * 10 / configuration.descent.batchSize)
    let series = [Self.baseline.name, Self.orthogonal.name].map { arm -> Plot.Series in
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

  func reliability(_ evidence: CalibrationEvidence) -> Plot {
    let series = [Self.baseline.name, Self.orthogonal.name].map { arm -> Plot.Series in
      let all = evidence.descents(arm)
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

  func corruption(_ evidence: CalibrationEvidence, _ tag: String, _ label: String) -> Plot {
    let series = [Self.baseline.name, Self.orthogonal.name].map { arm -> Plot.Series in
      let all = evidence.descents(arm)
      let samples = (0...5).map { severity -> [Double] in
        all.compactMap {
          severity == 0 ? $0["test/" + tag] : CalibrationEvidence.damaged(tag, severity: severity)($0)
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

  func ablation(_ evidence: CalibrationEvidence) -> Plot? {
    let arms = [Self.orthogonal.name] + ((try? network())?.ablations.map(\.name) ?? [])
    let tests = arms.compactMap { arm -> (String, TTest)? in
      let samples = evidence.pairs(Self.baseline.name, arm) { $0["test/maxLogit"] }
      return TTest.paired(samples.first, samples.second).map { (arm == Self.orthogonal.name ? "all" : arm, $0) }
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
