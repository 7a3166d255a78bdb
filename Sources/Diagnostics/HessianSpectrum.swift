import Foundation

/// All of a Hessian's spectrum, as Lanczos' iterations from several random directions see it.
///
/// Z. Yao, A. Gholami, K. Keutzer, M. Mahoney, "PyHessian: Neural Networks Through the Lens of the Hessian", 2020, arXiv
/// 1912.07145; B. Ghorbani, S. Krishnan, Y. Xiao, "An Investigation into Neural Net Optimization via Hessian Eigenvalue
/// Density", 2019, arXiv 1901.10159.
public struct HessianSpectrum: Sendable {
  /// The largest eigenvalues, the largest first; each is an estimate from below, and some eigenvalue is at most `error`
  /// away. An eigenvalue that the Hessian has twice is found once. Empty where the Hessian is not finite.
  public let largest: [(value: Double, error: Double)]
  /// The sum of all eigenvalues, estimated without bias from v·Hv of each direction, and its standard error over directions
  /// (M. Hutchinson 1990), of one degree of freedom fewer than there are directions. A direction is off by some √2 of the root of
  /// the eigenvalues' sum of squares.
  public let trace: (estimate: Double, error: Double)
  /// Where eigenvalues lie: values in rising order with their weights, of sum 1. The mean of f over all eigenvalues is about
  /// Σ weight f(value), exactly so for polynomials up to degree 2 products - 1 along the directions (stochastic Lanczos
  /// quadrature).
  public let nodes: [(value: Double, weight: Double)]
  /// Products of the Hessian with a vector that were computed.
  public let products: Int

  init(
    largest: [(value: Double, error: Double)], trace: (estimate: Double, error: Double),
    nodes: [(value: Double, weight: Double)], products: Int
  ) { (self.largest, self.trace, self.nodes, self.products) = (largest, trace, nodes, products) }

  /// That of eigenvalues that are known one and all, in rising order, but for rounding.
  fileprivate init(all: [Double], top: Int, error: Double, products: Int) {
    self.init(
      largest: all.suffix(top).reversed().map { ($0, error) }, trace: (all.reduce(0, +), error * Double(all.count)),
      nodes: all.map { ($0, 1 / Double(all.count)) }, products: products)
  }

  /// The share of Σ |eigenvalue| that is of eigenvalues below 0: how much the loss bends down; not a number where it bends
  /// nowhere.
  public var negativeShare: Double {
    let all = nodes.reduce(0) { $0 + $1.weight * abs($1.value) }
    return nodes.reduce(0) { $0 + ($1.value < 0 ? -$1.weight * $1.value : 0) } / all
  }
}

extension HessianProbe {
  /// The Hessian's largest eigenvalues, its trace, and how its eigenvalues are spread.
  ///
  /// ```swift
  /// let spectrum = try probe.spectrum(at: parameters, on: examples, key: RandomKey(seed: 0), top: 10)
  /// print(spectrum.trace.estimate, "±", spectrum.trace.error, spectrum.largest.map(\.value))
  /// ```
  ///
  /// Each direction is made orthogonal to all that came before in its iteration, which are kept meanwhile: `products`
  /// times the parameters' memory. Where one iteration has as many products as there are parameters it has found all eigenvalues, and
  /// no further direction is asked.
  ///
  /// - Parameters:
  ///   - key: decides the directions.
  ///   - top: how many of the largest eigenvalues, at most; there are no more than `products`.
  ///   - directions: at least 2, without which the trace has no error.
  ///   - products: the most products for each direction, at least 1, and never more than there are parameters; each takes
  ///     as long as some two gradients, and the k-th as k sums of vectors of all parameters beside it.
  /// - Returns: where the Hessian is not finite a trace that is not a number, and nothing else.
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func spectrum(
    at parameters: Tree<NDArray>, on examples: ExampleArrays, key: RandomKey, top: Int = 5, directions: Int = 4,
    products: Int = 40
  ) throws -> HessianSpectrum {
    precondition(top > 0 && products > 0, "an eigenvalue takes at least one product")
    precondition(directions > 1, "a standard error takes at least two directions")
    var used = 0
    var runs: [(first: Double, estimates: [(value: Double, error: Double, weight: Double)])] = []
    for index in 0..<directions {
      var lanczos = try lanczos(from: parameters, key: key.split(index), keepsAll: true)
      let most = min(products, lanczos.dimension)
      var size = 0.0
      for _ in 0..<most {
        try lanczos.take(product(with: lanczos.direction, at: parameters, on: examples))
        used += 1
        guard lanczos.isFinite else {
          return HessianSpectrum(largest: [], trace: (.nan, .nan), nodes: [], products: used)
        }
        // Some eigenvalue is at least as large; a further direction would be made of rounding alone.
        size = max(size, abs(lanczos.diagonal.last!), lanczos.next)
        if lanczos.next <= lanczos.precision * size { break }
      }
      // Estimates are no nearer than rounding.
      let hidden = lanczos.precision * size
      // All of them, and not only from where one direction looks.
      if lanczos.diagonal.count == lanczos.dimension {
        return HessianSpectrum(all: try lanczos.estimates().map(\.value), top: top, error: hidden, products: used)
      }
      runs.append((lanczos.diagonal[0], try lanczos.estimates().map { ($0.value, max($0.error, hidden), $0.weight) }))
    }
    let dimension = Double(parameters.leaves.reduce(0) { $0 + $1.count })
    let traces = runs.map { dimension * $0.first }
    let mean = traces.reduce(0, +) / Double(directions)
    let scatter = traces.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(directions - 1)
    let largest = (0..<top).compactMap { rank in
      // An iteration's estimate of some rank is never above the eigenvalue of that rank: the highest is the nearest.
      runs.compactMap { run in run.estimates.dropLast(rank).last.map { ($0.value, $0.error) } }.max { $0.0 < $1.0 }
    }
    return HessianSpectrum(
      largest: largest.map { (value: $0.0, error: $0.1) },
      trace: (mean, (scatter / Double(directions)).squareRoot()),
      nodes: runs.flatMap { $0.estimates.map { (value: $0.value, weight: $0.weight / Double(directions)) } }
        .sorted { $0.value < $1.value },
      products: used)
  }
}
