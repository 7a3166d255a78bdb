import Foundation

/// Student's test that a mean, or a difference of means, is zero.
public struct TTest: Hashable, Sendable {
  /// "paired t-test", "Welch's t-test" ...
  public var name: String
  /// Values, or pairs.
  public var count: Int
  public var estimate: Double
  public var interval: Interval
  public var statistic: Double
  public var degreesOfFreedom: Double
  /// Two-sided.
  public var pValue: Double
  /// Estimate over the standard deviation of the differences (paired) or the pooled one.
  public var effectSize: Double

  private init(
    name: String, count: Int, estimate: Double, error: Double, degreesOfFreedom: Double, effectSize: Double,
    level: Double
  ) {
    self.name = name
    self.count = count
    self.estimate = estimate
    self.degreesOfFreedom = degreesOfFreedom
    self.effectSize = effectSize
    statistic = error > 0 ? estimate / error : estimate == 0 ? 0 : estimate > 0 ? .infinity : -.infinity
    pValue =
      statistic.isInfinite ? 0 : 2 * Distributions.studentT(-abs(statistic), degreesOfFreedom: degreesOfFreedom)
    let t = Distributions.studentTQuantile(0.5 + level / 2, degreesOfFreedom: degreesOfFreedom)
    interval = Interval(low: estimate - t * error, high: estimate + t * error, level: level)
  }

  /// The mean of second minus first over pairs; nil for fewer than two.
  public static func paired(_ first: [Double], _ second: [Double], level: Double = 0.95) -> TTest? {
    guard first.count == second.count, first.count > 1 else { return nil }
    let summary = Summary(zip(first, second).map { $1 - $0 })
    guard summary.mean.isFinite else { return nil }
    return TTest(
      name: "paired t-test", count: summary.count, estimate: summary.mean, error: summary.standardError,
      degreesOfFreedom: Double(summary.count - 1),
      effectSize: summary.standardDeviation > 0 ? summary.mean / summary.standardDeviation : .nan, level: level)
  }

  /// The difference of the means of two independent samples with variances of their own; nil for fewer than two each.
  public static func welch(_ first: [Double], _ second: [Double], level: Double = 0.95) -> TTest? {
    guard first.count > 1, second.count > 1 else { return nil }
    let (a, b) = (Summary(first), Summary(second))
    let (va, vb) = (a.standardError * a.standardError, b.standardError * b.standardError)
    let pooled =
      ((Double(a.count - 1) * a.standardDeviation * a.standardDeviation
      + Double(b.count - 1) * b.standardDeviation * b.standardDeviation) / Double(a.count + b.count - 2)).squareRoot()
    let freedom = (va + vb) * (va + vb) / (va * va / Double(a.count - 1) + vb * vb / Double(b.count - 1))
    return TTest(
      name: "Welch's t-test", count: a.count + b.count, estimate: b.mean - a.mean, error: (va + vb).squareRoot(),
      degreesOfFreedom: freedom.isNaN ? Double(a.count + b.count - 2) : freedom,
      effectSize: pooled > 0 ? (b.mean - a.mean) / pooled : .nan, level: level)
  }
}
