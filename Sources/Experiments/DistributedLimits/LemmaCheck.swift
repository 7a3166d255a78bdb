import Arrays
import Distributed
import Foundation

/// What the lemmas say of the worst-case function, at random points.
enum LemmaCheck {
  /// - Returns: the least gradient, the largest shares of the published constants, violations of the support, errors.
  static func measure(_ f: WorstCaseFunction, points: Int, _ key: RandomKey) -> [Measure: Double] {
    let start = [Double](repeating: 0, count: f.length)
    var least = Double.infinity
    var (violations, gap, smoothness, slope, error) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for point in 0..<points {
      let key = key.split(point)
      let x = self.point(f.length, key)
      let (gradient, progress) = (f.gradient(at: x), f.progress(x))
      for i in x.indices where i > progress && x[i] == 0 && gradient[i] != 0 { violations += 1 }
      if progress < f.length { least = min(least, norm(gradient)) }
      gap = max(gap, (f.value(at: start) - f.value(at: x)) / (f.gapPerCoordinate * Double(f.length)))
      slope = max(slope, gradient.map(abs).max()! / f.largestSlope)
      let other = zip(x, key.split("other").normal(count: x.count)).map { $0 + 0.05 * $1 }
      let change = norm(zip(f.gradient(at: other), gradient).map { $0 - $1 })
      smoothness = max(smoothness, change / (f.smoothness * norm(zip(other, x).map { $0 - $1 })))
      let (i, h) = (point % f.length, 1e-5)
      var (up, down) = (x, x)
      up[i] += h
      down[i] -= h
      error = max(error, abs((f.value(at: up) - f.value(at: down)) / (2 * h) - gradient[i]) / f.largestSlope)
    }
    return [
      .leastGradient: least, .violations: violations, .gapShare: gap, .smoothnessShare: smoothness, .slopeShare: slope,
      .lemmaError: error,
    ]
  }

  /// A random number of leading coordinates around and above 1/2, where the chain wakes, some of them 0.
  private static func point(_ length: Int, _ key: RandomKey) -> [Double] {
    let known = key.split("known").integers(count: 1, below: length)[0]
    let isZero = key.split("zero").uniform(count: length).map { $0 < 0.15 }
    return key.normal(count: length).enumerated().map { i, value in
      i >= known || isZero[i] ? 0 : (i % 3 == 1 ? 3 : 1) * value + 0.7
    }
  }

  private static func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
