import Foundation

/// The logarithm of Γ(x) for x > 0, to about 15 digits.
///
/// Stirling's series after shifting x above 12; written out because the C library's version sets a global sign.
public func logGamma(_ x: Double) -> Double {
  precondition(x > 0, "logGamma needs a positive argument; got \(x).")
  var product = 1.0
  var z = x
  while z < 12 {
    product *= z
    z += 1
  }
  let w = 1 / (z * z)
  // The reciprocals of the series' coefficients B₂ₖ / (2k (2k - 1)).
  let reciprocals: [Double] = [12, -360, 1260, -1680, 1188, -360_360 / 691, 156]
  var series = 0.0
  for reciprocal in reciprocals.reversed() { series = series * w + 1 / reciprocal }
  series /= z
  return (z - 0.5) * log(z) - z + 0.5 * log(2 * .pi) + series - log(product)
}

/// The regularised incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1].
public func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  regularizedBeta(x, complement: 1 - x, a, b)
}

/// I_x(a, b) when 1 - x is known better than subtraction would give it: tails keep their relative precision.
func regularizedBeta(_ x: Double, complement y: Double, _ a: Double, _ b: Double) -> Double {
  precondition(
    a > 0 && b > 0, "The incomplete beta function needs positive parameters; got \(a) and \(b).")
  precondition(x >= 0 && y >= 0, "The incomplete beta function needs x in [0, 1]; got \(x).")
  if x == 0 || y == 0 { return x == 0 ? 0 : 1 }
  let front = exp(a * log(x) + b * log(y) + logGamma(a + b) - logGamma(a) - logGamma(b))
  // The fraction converges fast on this side of the mean; the other side is its mirror image.
  return x < (a + 1) / (a + b + 2)
    ? front * betaFraction(x, a, b) / a
    : 1 - front * betaFraction(y, b, a) / b
}

/// Continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions, by the modified Lentz method.
private func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
  let tiny = 1e-300
  func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / guarded(1 - (a + b) * x / (a + 1))
  var result = d
  for step in 1...10_000 {
    let m = Double(step)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / guarded(1 + even * d)
    c = guarded(1 + even / c)
    result *= c * d
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / guarded(1 + odd * d)
    c = guarded(1 + odd / c)
    result *= c * d
    if abs(c * d - 1) < 1e-16 { break }
  }
  return result
}

/// The regularised lower incomplete gamma function P(a, x), for a > 0 and x >= 0.
public func regularizedGamma(_ a: Double, _ x: Double) -> Double { incompleteGamma(a, x).lower }

/// The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x), precise in the far tail.
public func regularizedUpperGamma(_ a: Double, _ x: Double) -> Double {
  incompleteGamma(a, x).upper
}

private func incompleteGamma(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
  precondition(
    a > 0 && x >= 0, "The incomplete gamma function needs a > 0 and x >= 0; got \(a) and \(x).")
  if x == 0 { return (0, 1) }
  if x == .infinity { return (1, 0) }
  let front = exp(a * log(x) - x - logGamma(a))
  if x < a + 1 {  // the series 8.11.4
    var term = 1 / a
    var sum = term
    var n = a
    while term > sum * 1e-17 {
      n += 1
      term *= x / n
      sum += term
    }
    return (front * sum, 1 - front * sum)
  }
  let tiny = 1e-300  // the continued fraction 8.9.2
  var b = x + 1 - a
  var c = 1 / tiny
  var d = 1 / b
  var fraction = d
  for step in 1...100_000 {
    let i = Double(step)
    let numerator = -i * (i - a)
    b += 2
    d = numerator * d + b
    d = 1 / (abs(d) < tiny ? tiny : d)
    c = b + numerator / c
    c = abs(c) < tiny ? tiny : c
    fraction *= c * d
    if abs(c * d - 1) < 1e-16 { break }
  }
  return (1 - front * fraction, front * fraction)
}
