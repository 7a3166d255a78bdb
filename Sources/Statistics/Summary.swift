import Foundation

/// Count, mean and spread of a list of numbers.
public struct Summary: Hashable, Sendable, Codable {
  /// The number of values, n.
  public var count: Int
  /// The mean; NaN when there are no values.
  public var mean: Double
  /// The sample standard deviation (divisor n - 1); NaN for fewer than two values.
  public var standardDeviation: Double
  /// The smallest value.
  public var minimum: Double
  /// The largest value.
  public var maximum: Double

  /// Summarises the values in two passes, so that a large mean does not eat the spread.
  public init(_ values: [Double]) {
    count = values.count
    let n = Double(values.count)
    let first = values.reduce(0, +) / n
    // The second pass corrects the rounding of the first: equal values then have no spread at all.
    let center = first + values.reduce(0) { $0 + ($1 - first) } / n
    mean = center
    standardDeviation =
      values.count < 2
      ? .nan : (values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / (n - 1)).squareRoot()
    minimum = values.min() ?? .nan
    maximum = values.max() ?? .nan
    if values.count > 1, minimum == maximum {
      mean = minimum
      standardDeviation = 0
    }
  }

  /// The standard error of the mean, s / √n.
  public var standardError: Double { standardDeviation / Double(count).squareRoot() }

  /// The variance, s².
  public var variance: Double { standardDeviation * standardDeviation }

  /// The interval of the mean by Student's t with n - 1 degrees of freedom; NaN bounds for fewer than two values.
  public func interval(level: Double = 0.95) -> Interval {
    guard count >= 2, standardError.isFinite else { return .undefined(level: level) }
    let half = StudentT(degreesOfFreedom: Double(count - 1)).upperQuantile((1 - level) / 2) * standardError
    return Interval(low: mean - half, high: mean + half, level: level)
  }
}

/// The quantile of a sample, with linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996).
public func quantile(of values: [Double], at p: Double) -> Double {
  quantiles(of: values, at: [p])[0]
}

/// Several quantiles of a sample, sorted once; see `quantile(of:at:)`.
public func quantiles(of values: [Double], at probabilities: [Double]) -> [Double] {
  precondition(!values.isEmpty, "A quantile of no values is not defined.")
  let sorted = values.sorted()
  return probabilities.map { p in
    precondition(p >= 0 && p <= 1, "A quantile needs a probability in [0, 1]; got \(p).")
    let position = p * Double(sorted.count - 1)
    let below = Int(position.rounded(.down))
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
  }
}
