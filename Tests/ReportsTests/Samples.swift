import Foundation
import Reports
import Statistics

/// One report with every kind of section and plot.
func sampleReport() -> Report {
  let claim = Claim(
    id: "lower-error", statement: "Projection lowers the calibration error & keeps <accuracy>", source: "Paper, table 2"
  )
  let other = Claim(id: "same-accuracy", statement: "Accuracy is the same within one point", source: "Paper, table 3")
  let first = [4.1, 4.4, 3.9, 4.6, 4.2]
  let second = [3.1, 3.2, 3.0, 3.6, 3.3]
  return Report(
    title: "Orthogonal gradients <sample>", subtitle: "5 seeds, smoke preset",
    sections: [
      .code("descent run calibration --preset smoke --seeds 5"),
      .heading("Claims"),
      .decisions([
        claim.decideDifference(.lower, from: first, to: second),
        claim.decideDifference(.higher, from: first, to: second),
        other.decideEquivalence(within: 0.01, from: first, to: [4.0, 4.5, 3.8, 4.7, 4.2]),
        other.decideDifference(.lower, from: [1], to: [2]),
      ]),
      .paragraph("Means over seeds; bands are 95 % intervals."),
      .table(header: ["measure", "SGD", "orthogonal"], rows: [["ECE", "4.24 ± 0.27", "3.24 ± 0.23"]]),
    ] + samplePlots().map(Report.Section.plot))
}

func samplePlots() -> [Plot] {
  let steps = (0...40).map(Double.init)
  func curve(_ name: String, _ rate: Double) -> Plot.Series {
    let mean = steps.map { 2.3 * exp(-rate * $0) + 0.05 }
    return .init(
      name: name, x: steps, y: mean, low: mean.map { $0 * 0.85 }, high: mean.map { $0 * 1.15 }, style: .line)
  }
  var loss = Plot(
    name: "loss", title: "Loss on the test set", xLabel: "epoch", yLabel: "cross-entropy (nats)",
    series: [curve("SGD", 0.08), curve("orthogonal", 0.15)])
  loss.isLogY = true

  let confidence = (0..<10).map { (Double($0) + 0.5) / 10 }
  let reliability = Plot.reliability(
    name: "reliability", title: "Reliability of SGD", confidence: confidence,
    accuracy: confidence.map { $0 * 0.85 + 0.02 }, counts: [3, 8, 20, 40, 55, 80, 120, 210, 400, 1800])

  var bars = Plot(
    name: "ablation", title: "Change of the calibration error by what is projected", xLabel: "projected parameters",
    yLabel: "difference of ECE (points)",
    series: [
      .init(
        name: "d'accord", x: [0, 1, 2], y: [-1, -0.6, -0.2], low: [-1.3, -0.9, -0.6], high: [-0.7, -0.3, 0.2],
        style: .bars),
      .init(
        name: "quick", x: [0, 1, 2], y: [-0.8, -0.5, 0.1], low: [-1.2, -1, -0.5], high: [-0.4, 0, 0.7], style: .bars),
    ])
  bars.categories = ["all", "convolutions", "last_layer only"]

  let cost = [10.0, 20, 40, 80, 160, 320]
  let error = zip(cost, [1.1, 0.93, 1.05, 0.9, 1.08, 1.02]).map { 3 * pow($0, -0.5) * $1 }
  let fit = Plot.powerLaw(
    name: "rate", title: "Error against cost", xLabel: "gradients", yLabel: "error", series: "measured", x: cost,
    y: error)

  let heat = Plot.heatMap(
    name: "cosine", title: "Cosine of the gradients of eight tasks", xLabel: "task", yLabel: "task",
    valueLabel: "cosine",
    rows: (0..<8).map { i in (0..<8).map { j in cos(Double(i - j) * 0.6) } }, range: -1...1)

  let histogram = Plot.histogram(
    name: "spectrum", title: "Eigenvalues of the Hessian", xLabel: "eigenvalue",
    Histogram((0..<500).map { i in sin(Double(i)) * 2 + cos(Double(i * i)) }, binCount: 24))

  let ranking = Plot.ranking(
    name: "ranking", title: "Sixteen arms by their loss", xLabel: "loss",
    rows: (0..<16).map { arm in
      let value = 0.1 + 0.05 * sin(Double(7 * arm))
      return (name: "arm \(arm)", value: value, low: value - 0.01, high: value + 0.02)
    } + [(name: "diverged", value: .nan, low: .nan, high: .nan), (name: "alone", value: 0.1, low: .nan, high: .nan)],
    highlighted: "arm 3")
  let many = Plot(
    name: "many-lines", title: "More lines than colours", xLabel: "step", yLabel: "loss",
    series: (0..<30).map {
      .init(name: "line \($0)", x: [0, 1], y: [0, Double($0)], style: $0 % 2 == 0 ? .line : .points)
    })
  return [loss, reliability, bars, fit, heat, histogram, ranking, many]
}
