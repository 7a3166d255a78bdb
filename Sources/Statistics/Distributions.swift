import Foundation

/// Distribution functions in double precision.
public enum Distributions {
  /// The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's method; DLMF 8.17.22).
  public static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    // The fraction converges fast on this side only.
    if x > (a + 1) / (a + b + 2) { return 1 - regularizedBeta(1 - x, b, a) }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var result = d
    for m in 1...500 {
      let n = Double(m)
      for term in [
        n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)), -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1)),
      ] {
        d = 1 + term * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + term / c
        c = abs(c) < tiny ? tiny : c
        result *= d * c
      }
      if abs(d * c - 1) < 1e-15 { break }
    }
    return front * result
  }

  /// P(T <= t) of Student's distribution.
  public static func studentT(_ t: Double, degreesOfFreedom n: Double) -> Double {
    let tail = 0.5 * regularizedBeta(n / (n + t * t), n / 2, 0.5)
    return t > 0 ? 1 - tail : tail
  }

  public static func normal(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// The value that a monotone distribution function exceeds with probability 1 - p, by bisection.
  static func quantile(_ p: Double, _ low: Double, _ high: Double, _ cumulative: (Double) -> Double) -> Double {
    var (low, high) = (low, high)
    for _ in 0..<200 where high - low > 1e-14 * max(1, abs(low)) {
      let middle = (low + high) / 2
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  public static func studentTQuantile(_ p: Double, degreesOfFreedom n: Double) -> Double {
    quantile(p, -1e6, 1e6) { studentT($0, degreesOfFreedom: n) }
  }

  public static func normalQuantile(_ p: Double) -> Double { quantile(p, -40, 40, normal) }

  public static func betaQuantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
    quantile(p, 0, 1) { regularizedBeta($0, a, b) }
  }
}
