/// How far gradients of single examples lie from their mean, beside how long the mean is.
///
/// S. McCandlish, J. Kaplan, D. Amodei et al., "An Empirical Model of Large-Batch Training", 2018, arXiv 1812.06162: the simple
/// noise scale, tr Σ / |G|² (equation 2.9), G being the mean of all gradients and Σ their covariance. A batch of so many examples
/// has a gradient whose noise is as long as itself.
///
/// ```swift
/// let noise = try probe.noise(at: parameters, on: examples, parts: 20, of: 50_000)
/// print(noise.scale ?? .infinity, noise.low, noise.high ?? .infinity)
/// ```
public struct GradientNoise: Sendable {
  /// tr Σ, in units of the loss squared over squared parameters; estimated without bias.
  public let trace: Double
  /// |G|², in the same units; estimated without bias, so that it may come out below 0 where noise hides it.
  public let squaredLength: Double
  /// |G|² / tr Σ, the inverse of the scale, and its standard error by a jackknife over parts.
  public let signal: (estimate: Double, error: Double)

  /// - Parameters:
  ///   - squares: squared lengths of the gradients of parts of `size` examples each, drawn at random without replacement; at
  ///     least 3.
  ///   - products: their products with the mean of all parts' gradients.
  ///   - population: all examples, of which these were drawn: the mean's own noise is less where they are few.
  init(squares: [Double], products: [Double], size: Int, population: Int) {
    precondition(squares.count > 2 && squares.count == products.count, "a spread without one part takes three")
    let m = Double(squares.count)
    let unseen = 1 - m * Double(size) / Double(population)
    func moments(_ sum: Double, _ square: Double, _ count: Double) -> (trace: Double, squaredLength: Double) {
      let trace = Double(size) * (sum - count * square) / (count - 1)
      return (trace, square - trace / (count * Double(size)) * max(unseen, 0))
    }
    let sum = squares.reduce(0, +)
    let square = products.reduce(0, +) / m
    (trace, squaredLength) = moments(sum, square, m)
    let without = squares.indices.map { i in
      // Of the mean without one part.
      let rest = (m * m * square - 2 * m * products[i] + squares[i]) / ((m - 1) * (m - 1))
      let found = moments(sum - squares[i], rest, m - 1)
      return found.squaredLength / found.trace
    }
    let mean = without.reduce(0, +) / m
    let scatter = without.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    signal = (squaredLength / trace, ((m - 1) / m * scatter).squareRoot())
  }

  /// tr Σ / |G|², in examples; nil where |G|² is not above 0.
  public var scale: Double? { Self.inverse(signal.estimate) }
  /// Two standard errors of the signal below and above, in examples: nil is beyond all bounds.
  public var low: Double? { Self.inverse(signal.estimate + 2 * signal.error) }
  /// See `low`.
  public var high: Double? { Self.inverse(signal.estimate - 2 * signal.error) }

  private static func inverse(_ signal: Double) -> Double? { signal > 0 ? 1 / signal : nil }
}

extension HessianProbe {
  /// The noise of gradients, from random parts of examples; each gradient is taken twice, and none is kept.
  ///
  /// - Parameters:
  ///   - examples: in random order; those that fill no part are left out.
  ///   - parts: at least 3, and at most as many as there are examples.
  ///   - population: all examples, of which these were drawn without replacement.
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func noise(
    at parameters: Tree<NDArray>, on examples: ExampleArrays, parts: Int, of population: Int
  ) throws -> GradientNoise {
    precondition(parts >= 3 && parts <= examples.count && population >= examples.count, "3 to \(examples.count) parts")
    let size = examples.count / parts
    func partGradient(_ part: Int) throws -> [[Double]] {
      try gradient(at: parameters, on: examples.rows(part * size..<(part + 1) * size)).leaves.map(\.doubles)
    }
    func dot(_ a: [[Double]], _ b: [[Double]]) -> Double {
      zip(a, b).reduce(0) { sum, pair in zip(pair.0, pair.1).reduce(sum) { $0 + $1.0 * $1.1 } }
    }
    var mean = parameters.leaves.map { [Double](repeating: 0, count: $0.count) }
    var squares: [Double] = []
    for part in 0..<parts {
      let found = try partGradient(part)
      squares.append(dot(found, found))
      for leaf in mean.indices {
        for i in mean[leaf].indices { mean[leaf][i] += found[leaf][i] / Double(parts) }
      }
    }
    let products = try (0..<parts).map { dot(try partGradient($0), mean) }
    return GradientNoise(squares: squares, products: products, size: size, population: population)
  }
}
