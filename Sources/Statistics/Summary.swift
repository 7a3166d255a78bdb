import Foundation

/// An interval of plausible values at a confidence level.
public struct Interval: Hashable, Sendable, Codable {
  public var low: Double
  public var high: Double
  public var level: Double

  public init(low: Double, high: Double, level: Double = 0.95) {
    self.low = low
    self.high = high
    self.level = level
  }
}

/// Mean and spread of a sample.
public struct Summary: Hashable, Sendable {
  public var count: Int
  public var mean: Double
  /// With n - 1; NaN for fewer than two values.
  public var standardDeviation: Double

  public init(_ values: [Double]) {
    count = values.count
    let average = values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
    mean = average
    standardDeviation =
      values.count < 2
      ? .nan : (values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(values.count - 1)).squareRoot()
  }

  public var standardError: Double { standardDeviation / Double(count).squareRoot() }

  /// Student's interval of the mean; NaN bounds for fewer than two values.
  public func interval(level: Double = 0.95) -> Interval {
    guard count > 1 else { return Interval(low: .nan, high: .nan, level: level) }
    let t = Distributions.studentTQuantile(0.5 + level / 2, degreesOfFreedom: Double(count - 1))
    return Interval(low: mean - t * standardError, high: mean + t * standardError, level: level)
  }
}

/// Wilson's interval of a proportion (Wilson 1927).
public func wilsonInterval(successes: Int, of n: Int, level: Double = 0.95) -> Interval {
  guard n > 0 else { return Interval(low: 0, high: 1, level: level) }
  let (z, count) = (Distributions.normalQuantile(0.5 + level / 2), Double(n))
  let p = Double(successes) / count
  let center = (p + z * z / (2 * count)) / (1 + z * z / count)
  let half = z / (1 + z * z / count) * (p * (1 - p) / count + z * z / (4 * count * count)).squareRoot()
  return Interval(low: max(0, center - half), high: min(1, center + half), level: level)
}

/// A straight line through points by least squares, with the interval of its slope.
public struct LineFit: Hashable, Sendable {
  public var slope: Double
  public var intercept: Double
  public var slopeInterval: Interval
  public var count: Int

  /// - Returns: nil for fewer than three points or where all x are equal.
  public init?(x: [Double], y: [Double], level: Double = 0.95) {
    guard x.count == y.count, x.count > 2 else { return nil }
    let (mx, my, n) = (Summary(x).mean, Summary(y).mean, Double(x.count))
    let sxx = x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }
    guard sxx > 0 else { return nil }
    slope = zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) } / sxx
    intercept = my - slope * mx
    var residual = 0.0
    for (a, b) in zip(x, y) { residual += (b - intercept - slope * a) * (b - intercept - slope * a) }
    let error = (residual / (n - 2) / sxx).squareRoot()
    let t = Distributions.studentTQuantile(0.5 + level / 2, degreesOfFreedom: n - 2)
    slopeInterval = Interval(low: slope - t * error, high: slope + t * error, level: level)
    count = x.count
  }
}
