import Reports

extension Report {
  /// "mean ± standard deviation", or with another function of the numbers, as exp for means of logarithms.
  static func deviation(_ values: [Double]) -> String {
    let summary = Summary(values)
    return "\(number(summary.mean)) ± \(number(summary.standardDeviation))"
  }

  /// "mean [low, high]", the 95 % t-interval of the mean; `transform` is applied to all three, as exp where the values are
  /// logarithms. A single value stands alone.
  static func spread(_ values: [Double], _ transform: (Double) -> Double = { $0 }) -> String {
    guard values.count != 1 else { return number(transform(values[0])) }
    let summary = Summary(values)
    return text(transform(summary.mean), summary.interval(), transform)
  }

  /// "estimate [low, high]".
  static func text(
    _ estimate: Double, _ interval: Interval, _ transform: (Double) -> Double = { $0 }
  ) -> String {
    "\(number(estimate)) [\(number(transform(interval.low))), \(number(transform(interval.high)))]"
  }
}

extension Plot.Series {
  /// The mean of samples at each place, with the 95 % t-interval as a band; `transform` is applied to all, as exp where the
  /// values are logarithms. Where a place has one value only there is no band.
  static func mean(
    _ name: String, x: [Double], of samples: [[Double]], style: Style = .line,
    _ transform: (Double) -> Double = { $0 }
  ) -> Plot.Series {
    let summaries = samples.map { Summary($0) }
    let intervals = summaries.map { $0.interval() }
    return .init(
      name: name, x: x, y: summaries.map { transform($0.mean) },
      low: zip(intervals, summaries).map { transform($0.low.isNaN ? $1.mean : $0.low) },
      high: zip(intervals, summaries).map { transform($0.high.isNaN ? $1.mean : $0.high) }, style: style)
  }
}
