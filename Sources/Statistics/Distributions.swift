import Foundation

/// A continuous probability distribution on the real line.
public protocol ContinuousDistribution: Sendable {
  /// The smallest value that the distribution can take.
  var lowest: Double { get }
  /// P(X <= x).
  func cdf(_ x: Double) -> Double
  /// P(X > x), precise where it is small.
  func upperTail(_ x: Double) -> Double
}

extension ContinuousDistribution {
  /// The x with P(X <= x) = p, for p in [0, 1]; found by bisection, to the last digits of a Double.
  public func quantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "A quantile needs a probability in [0, 1]; got \(p).")
    if p == 0 { return lowest }
    if p == 1 { return .infinity }
    // 1 - p would lose digits only if p did not have them already.
    return p <= 0.5 ? root { cdf($0) >= p } : root { upperTail($0) <= 1 - p }
  }

  /// The x with P(X > x) = p: precise for small p.
  public func upperQuantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "A quantile needs a probability in [0, 1]; got \(p).")
    if p == 0 { return .infinity }
    if p == 1 { return lowest }
    return p <= 0.5 ? root { upperTail($0) <= p } : root { cdf($0) >= 1 - p }
  }

  /// The point where a monotone condition turns true.
  private func root(_ reached: (Double) -> Bool) -> Double {
    var low = max(lowest, -1)
    var high = 1.0
    while !reached(high) { (low, high) = (high, high * 2) }
    while low > lowest, reached(low) { (low, high) = (low * 2, low) }
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high || high - low < 1e-300 { return high }
      if reached(middle) { high = middle } else { low = middle }
    }
  }
}

/// The standard normal distribution.
public struct NormalDistribution: ContinuousDistribution {
  public init() {}
  public var lowest: Double { -.infinity }
  public func cdf(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
  public func upperTail(_ x: Double) -> Double { cdf(-x) }
}

/// Student's t distribution.
public struct StudentT: ContinuousDistribution {
  /// ν > 0, whole or not.
  public var degreesOfFreedom: Double

  public init(degreesOfFreedom: Double) {
    precondition(
      degreesOfFreedom > 0,
      "Student's t needs positive degrees of freedom; got \(degreesOfFreedom).")
    self.degreesOfFreedom = degreesOfFreedom
  }

  public var lowest: Double { -.infinity }

  public func cdf(_ x: Double) -> Double { upperTail(-x) }

  public func upperTail(_ x: Double) -> Double {
    if x.isInfinite { return x > 0 ? 0 : 1 }
    let sum = degreesOfFreedom + x * x
    let tail =
      regularizedBeta(degreesOfFreedom / sum, complement: x * x / sum, degreesOfFreedom / 2, 0.5)
      / 2
    return x >= 0 ? tail : 1 - tail
  }

  /// P(|X| > |x|).
  public func twoSidedTail(_ x: Double) -> Double { min(1, 2 * upperTail(abs(x))) }
}

/// The chi-squared distribution.
public struct ChiSquared: ContinuousDistribution {
  /// ν > 0, whole or not.
  public var degreesOfFreedom: Double

  public init(degreesOfFreedom: Double) {
    precondition(
      degreesOfFreedom > 0,
      "Chi-squared needs positive degrees of freedom; got \(degreesOfFreedom).")
    self.degreesOfFreedom = degreesOfFreedom
  }

  public var lowest: Double { 0 }
  public func cdf(_ x: Double) -> Double {
    x <= 0 ? 0 : regularizedGamma(degreesOfFreedom / 2, x / 2)
  }
  public func upperTail(_ x: Double) -> Double {
    x <= 0 ? 1 : regularizedUpperGamma(degreesOfFreedom / 2, x / 2)
  }
}

/// Fisher's F distribution: the ratio of two independent mean squares.
public struct FDistribution: ContinuousDistribution {
  /// Degrees of freedom of the upper mean square, above 0.
  public var numerator: Double
  /// Degrees of freedom of the lower mean square, above 0.
  public var denominator: Double

  /// - Precondition: both are positive.
  public init(numeratorDegreesOfFreedom: Double, denominatorDegreesOfFreedom: Double) {
    precondition(
      numeratorDegreesOfFreedom > 0 && denominatorDegreesOfFreedom > 0,
      "F needs positive degrees of freedom.")
    numerator = numeratorDegreesOfFreedom
    denominator = denominatorDegreesOfFreedom
  }

  public var lowest: Double { 0 }

  public func cdf(_ x: Double) -> Double {
    if x <= 0 { return 0 }
    if x == .infinity { return 1 }
    let sum = numerator * x + denominator
    return regularizedBeta(
      numerator * x / sum, complement: denominator / sum, numerator / 2, denominator / 2)
  }

  public func upperTail(_ x: Double) -> Double {
    if x <= 0 { return 1 }
    if x == .infinity { return 0 }
    let sum = numerator * x + denominator
    return regularizedBeta(
      denominator / sum, complement: numerator * x / sum, denominator / 2, numerator / 2)
  }
}
