import Foundation

/// A straight line through points by least squares, with the interval of its slope.
public struct LineFit: Hashable, Sendable, Codable {
  /// The number of points.
  public var count: Int
  /// y for one more of x.
  public var slope: Double
  /// y at x = 0.
  public var intercept: Double
  /// The standard error of the slope.
  public var slopeError: Double
  /// The share of the variance that the line explains, R²; 1 when y does not vary.
  public var determination: Double
  /// The standard deviation of the residuals (divisor n - 2).
  public var residualDeviation: Double
  private var meanX: Double
  private var sumOfSquaresX: Double

  /// Fits y = intercept + slope · x.
  ///
  /// - Throws: `StatisticsError` for lists of different lengths, fewer than three points, values that are not finite,
  ///   or x that are all the same.
  public init(_ x: [Double], _ y: [Double]) throws {
    try StatisticsError.requirePairs("A line fit", x, y)
    guard x.count >= 3 else {
      throw StatisticsError.tooFewValues(what: "A line fit", needed: 3, found: x.count)
    }
    try StatisticsError.requireFinite("A line fit", x + y)
    let (a, b) = (Summary(x), Summary(y))
    guard a.standardDeviation > 0 else {
      throw StatisticsError.noSpread(what: "The x of a line fit", count: x.count, value: x[0])
    }
    let n = Double(x.count)
    let sxx = a.variance * (n - 1)
    let sxy = zip(x, y).reduce(0) { $0 + ($1.0 - a.mean) * ($1.1 - b.mean) }
    count = x.count
    slope = sxy / sxx
    intercept = b.mean - sxy / sxx * a.mean
    (meanX, sumOfSquaresX) = (a.mean, sxx)
    let residual = zip(x, y).reduce(0) {
      let r = $1.1 - b.mean - sxy / sxx * ($1.0 - a.mean)
      return $0 + r * r
    }
    residualDeviation = (residual / (n - 2)).squareRoot()
    slopeError = residualDeviation / sxx.squareRoot()
    determination = b.standardDeviation > 0 ? 1 - residual / (b.variance * (n - 1)) : 1
  }

  /// The slope of the least-squares line alone, which two points have too; NaN for fewer.
  public static func slope(_ x: [Double], _ y: [Double]) -> Double {
    precondition(x.count == y.count, "A slope needs one y for each x.")
    guard x.count >= 2 else { return .nan }
    let n = Double(x.count)
    let (a, b) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    return zip(x, y).reduce(0) { $0 + ($1.0 - a) * ($1.1 - b) } / x.reduce(0) { $0 + ($1 - a) * ($1 - a) }
  }

  /// Fits a power law y = c · xᵏ on logarithmic axes: the slope is the exponent k, the intercept log c.
  ///
  /// - Throws: `StatisticsError.nonFinite` when an x or y is not positive, and as `init(_:_:)`.
  public static func powerLaw(_ x: [Double], _ y: [Double]) throws -> LineFit {
    let bad = (x + y).count { !($0 > 0 && $0.isFinite) }
    guard bad == 0 else {
      throw StatisticsError.nonFinite(
        what: "The logarithms of a power law", count: bad, total: x.count + y.count)
    }
    return try LineFit(x.map { log($0) }, y.map { log($0) })
  }

  /// The interval of the slope by Student's t with n - 2 degrees of freedom.
  public func slopeInterval(level: Double = 0.95) -> Interval {
    let half =
      StudentT(degreesOfFreedom: Double(count - 2)).upperQuantile((1 - level) / 2) * slopeError
    return Interval(low: slope - half, high: slope + half, level: level)
  }

  /// The line at x.
  public func value(at x: Double) -> Double { intercept + slope * x }

  /// The interval of the line (the mean of y) at x.
  public func interval(at x: Double, level: Double = 0.95) -> Interval {
    let spread = (1 / Double(count) + (x - meanX) * (x - meanX) / sumOfSquaresX).squareRoot()
    let t = StudentT(degreesOfFreedom: Double(count - 2)).upperQuantile((1 - level) / 2)
    let half = t * residualDeviation * spread
    return Interval(low: value(at: x) - half, high: value(at: x) + half, level: level)
  }

  /// The p-value of "the slope is `reference`", two-sided.
  public func pValue(slope reference: Double = 0) -> Double {
    if slopeError == 0 { return slope == reference ? 1 : 0 }
    return StudentT(degreesOfFreedom: Double(count - 2)).twoSidedTail(
      (slope - reference) / slopeError)
  }
}
