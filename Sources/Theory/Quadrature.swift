import Foundation
@_exported import Preconditions

/// Gauss-Legendre quadrature: exact for polynomials of degree below twice the number of nodes.
public struct GaussLegendre: Sendable {
  /// Places in (-1, 1), rising.
  public let nodes: [Double]
  /// Their weights, which sum to 2.
  public let weights: [Double]

  /// The rule of `count` nodes: roots of the Legendre polynomial by Newton's method.
  public init(_ count: Int) {
    precondition(count > 0, "A quadrature rule has a node; got \(count).")
    var (nodes, weights) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    for i in 0..<count {
      var x = -cos(.pi * (Double(i) + 0.75) / (Double(count) + 0.5))
      var slope = 1.0
      for _ in 0..<100 {
        var (p, previous) = (1.0, 0.0)
        for k in 1...count {
          (p, previous) = ((Double(2 * k - 1) * x * p - Double(k - 1) * previous) / Double(k), p)
        }
        slope = Double(count) * (x * p - previous) / (x * x - 1)
        let step = p / slope
        x -= step
        if abs(step) < 1e-16 { break }
      }
      nodes[i] = x
      weights[i] = 2 / ((1 - x * x) * slope * slope)
    }
    self.nodes = nodes
    self.weights = weights
  }

  /// Nodes and weights moved to an interval.
  public func on(_ range: ClosedRange<Double>) -> [(node: Double, weight: Double)] {
    let (half, middle) = ((range.upperBound - range.lowerBound) / 2, (range.upperBound + range.lowerBound) / 2)
    return zip(nodes, weights).map { (middle + half * $0, half * $1) }
  }

  /// The integral of a smooth function.
  public func integral(over range: ClosedRange<Double>, _ f: (Double) -> Double) -> Double {
    on(range).reduce(0) { $0 + $1.weight * f($1.node) }
  }
}

/// (z/2)^(-ν) I_ν(z) e^(-z), the modified Bessel function without its branch at 0 and without its growth, for z >= 0
/// and ν >= -1/2.
func scaledBessel(_ order: Double, _ z: Double) -> Double {
  // The asymptotic series, whose error at 60 is far below that of a Double for the orders in use.
  if z > max(60, 4 * order * order) {
    let mu = 4 * order * order
    var (term, sum) = (1.0, 1.0)
    for k in 1...20 {
      let odd = Double(2 * k - 1)
      let next = term * -(mu - odd * odd) / (Double(k) * 8 * z)
      if abs(next) >= abs(term) || next == 0 { break }
      term = next
      sum += term
    }
    return sum / (2 * .pi * z).squareRoot() * pow(z / 2, -order)
  }
  // The power series has positive terms only; the exponential is taken in first, so that nothing overflows.
  let quarter = z * z / 4
  var term = exp(-z) / tgamma(order + 1)
  var sum = term
  var k = 1.0
  while term > sum * 1e-17 {
    term *= quarter / (k * (k + order))
    sum += term
    k += 1
  }
  return sum
}

/// The least place of a function that falls and then rises in a range, by golden sections.
func goldenMinimum(_ range: ClosedRange<Double>, steps: Int = 60, _ f: (Double) -> Double) -> Double {
  let share = (5.0.squareRoot() - 1) / 2
  var (low, high) = (range.lowerBound, range.upperBound)
  var (a, b) = (high - share * (high - low), low + share * (high - low))
  var (fa, fb) = (f(a), f(b))
  for _ in 0..<steps {
    if fa < fb {
      (high, b, fb) = (b, a, fa)
      a = high - share * (high - low)
      fa = f(a)
    } else {
      (low, a, fa) = (a, b, fb)
      b = low + share * (high - low)
      fb = f(b)
    }
  }
  return (low + high) / 2
}

/// Where a condition that fails below and holds above begins to hold.
func bisection(_ range: ClosedRange<Double>, steps: Int = 40, holds: (Double) -> Bool) -> Double {
  var (low, high) = (range.lowerBound, range.upperBound)
  for _ in 0..<steps {
    let middle = (low + high) / 2
    if holds(middle) { high = middle } else { low = middle }
  }
  return (low + high) / 2
}
