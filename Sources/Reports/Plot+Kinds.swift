import Foundation
import Statistics

extension Plot {
  /// A reliability diagram (DeGroot and Fienberg 1983): the accuracy of predictions by their confidence, beside the
  /// diagonal of a calibrated model, with the number of predictions above each bar.
  ///
  /// - Parameters:
  ///   - confidence: the middles of equally wide bins, in [0, 1].
  ///   - accuracy: the share of right predictions in each bin.
  ///   - counts: the predictions in each bin.
  public static func reliability(
    name: String, title: String, confidence: [Double], accuracy: [Double], counts: [Int]
  ) -> Plot {
    precondition(confidence.count == counts.count, "A reliability diagram has one count for each bin.")
    let series = Series(name: "accuracy", x: confidence, y: accuracy, style: .bars)
    var plot = Plot(name: name, title: title, xLabel: "confidence", yLabel: "accuracy", series: [series])
    plot.barSpacing = confidence.count > 1 ? confidence[1] - confidence[0] : 1
    plot.hasDiagonal = true
    plot.counts = counts
    plot.xRange = 0...1
    plot.yRange = 0...1.1  // room for the counts
    return plot
  }

  /// Points on logarithmic axes with the power law through them and its 95 % band; the legend tells the exponent with
  /// its interval. Without a line where the data allow none.
  public static func powerLaw(
    name: String, title: String, xLabel: String, yLabel: String, series label: String, x: [Double], y: [Double]
  ) -> Plot {
    var plot = Plot(
      name: name, title: title, xLabel: xLabel, yLabel: yLabel,
      series: [Series(name: label, x: x, y: y, style: .points)])
    plot.isLogX = true
    plot.isLogY = true
    guard let fit = try? LineFit.powerLaw(x, y), let low = x.min(), let high = x.max() else { return plot }
    plot.xRange = low / 1.2...high * 1.2
    let interval = fit.slopeInterval()
    let places = (0...40).map { log(low) + (log(high) - log(low)) * Double($0) / 40 }
    let bands = places.map { fit.interval(at: $0) }
    let exponent = String(format: "exponent %.2f [%.2f, %.2f]", fit.slope, interval.low, interval.high)
    plot.series.append(
      Series(
        name: exponent, x: places.map { exp($0) }, y: places.map { exp(fit.value(at: $0)) },
        low: bands.map { exp($0.low) }, high: bands.map { exp($0.high) }, style: .line))
    return plot
  }

  /// A row for each name, with a point and its interval, from the least value down to the largest.
  ///
  /// - Parameters:
  ///   - rows: the value and the ends of its interval, where it has one; those without a finite value are left out.
  ///   - highlighted: the name that has a colour of its own.
  public static func ranking(
    name: String, title: String, xLabel: String, rows: [(name: String, value: Double, low: Double, high: Double)],
    highlighted: String? = nil
  ) -> Plot {
    let shown = rows.filter(\.value.isFinite).sorted { $0.value < $1.value }
    let series = shown.enumerated().map { row, item in
      Series(
        name: item.name, x: [item.value], y: [Double(row)], low: [item.low.isFinite ? item.low : item.value],
        high: [item.high.isFinite ? item.high : item.value], style: .spans,
        color: item.name == highlighted ? 1 : 0)
    }
    var plot = Plot(name: name, title: title, xLabel: xLabel, yLabel: "", series: series)
    plot.rowNames = shown.map(\.name)
    return plot
  }

  /// A histogram of counts.
  public static func histogram(name: String, title: String, xLabel: String, _ histogram: Histogram) -> Plot {
    let middles = zip(histogram.edges, histogram.edges.dropFirst()).map { ($0 + $1) / 2 }
    var plot = Plot(
      name: name, title: title, xLabel: xLabel, yLabel: "count",
      series: [Series(name: "count", x: middles, y: histogram.counts.map(Double.init), style: .steps)])
    plot.barSpacing = histogram.edges[1] - histogram.edges[0]
    plot.xRange = histogram.edges.first!...histogram.edges.last!
    return plot
  }

  /// A matrix as colours, the first row on top.
  public static func heatMap(
    name: String, title: String, xLabel: String, yLabel: String, valueLabel: String, rows: [[Double]],
    range: ClosedRange<Double>? = nil, rowNames: [String] = []
  ) -> Plot {
    precondition(rowNames.isEmpty || rowNames.count == rows.count, "one name for each row")
    precondition(
      rows.allSatisfy { $0.count == rows[0].count && !$0.isEmpty } && !rows.isEmpty,
      "A heat map needs rows of one length.")
    var plot = Plot(name: name, title: title, xLabel: xLabel, yLabel: yLabel, series: [])
    plot.cells = Cells(rows: rows, label: valueLabel, range: range, rowNames: rowNames)
    return plot
  }
}
