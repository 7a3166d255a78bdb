import Foundation

/// What a linear classifier makes of features, with probabilities: multinomial logistic regression with a ridge of 1.
///
/// Each step ends where the quadratic bound of Böhning ("Multinomial logistic regression algorithm", 1992) is least; so one
/// matrix serves all of them. Momentum makes them fewer, and starts again where it would lead uphill (O'Donoghue and
/// Candès, "Adaptive restart for accelerated gradient schemes", 2015).
public struct LogisticRegression: Sendable {
  /// [features + 1, classes]; the last row belongs to a feature that is always 1.
  private let weights: NDArray

  /// Fits classes; nil where numbers are predicted, or there are more than 1000 features.
  ///
  /// - Parameters:
  ///   - train: of rank 2, standardised. Of a large one every k-th row is taken.
  ///   - classWeights: what rows of each class count.
  /// - Throws: `LinearAlgebraError` where features are not finite.
  public init?(_ train: Dataset, classWeights: [Double]? = nil) throws {
    let features = train.exampleShape.count
    guard let labels = train.labels, train.exampleShape.rank == 1, features <= 1000 else { return nil }
    let classes = max(train.classNames.count, 2)
    // A second or so: a hundred steps over so many products.
    let step = max(1, train.count * (features + 20) * classes / 10_000_000)
    let rows = Array(stride(from: 0, to: train.count, by: step))
    let (own, factors) = (rows.map { labels[$0] }, rows.map { classWeights?[Int(labels[$0])] ?? 1 })
    let (x, width) = (Baselines.design(train, rows), features + 1)
    let transposed = x.transposed()
    var scaled = x.doubles
    for index in scaled.indices { scaled[index] *= 0.5 * factors[index / width] }
    let ridge = (0..<width).map { $0 < features ? 1 : 1e-9 }
    var bound = try LinearAlgebra.product(transposed, NDArray(scaled, shape: x.shape)).doubles
    var identity = [Double](repeating: 0, count: width * width)
    for index in 0..<width {
      bound[index * width + index] += ridge[index]
      identity[index * width + index] = 1
    }
    let inverse = try LinearAlgebra.solve(
      NDArray(bound, shape: [width, width]), NDArray(identity, shape: [width, width]))

    var current = [Double](repeating: 0, count: width * classes)
    var (ahead, speed) = (current, 1.0)
    for _ in 0..<100 {
      let scores = try LinearAlgebra.product(x, NDArray(ahead, shape: [width, classes])).doubles
      let rest = Self.residuals(scores, own, factors, classes)
      var slope = try LinearAlgebra.product(transposed, NDArray(rest, shape: [rows.count, classes])).doubles
      for index in slope.indices { slope[index] -= ridge[index / classes] * ahead[index] }
      let move = try LinearAlgebra.product(inverse, NDArray(slope, shape: [width, classes])).doubles
      let next = zip(ahead, move).map { $0 + $1 }
      let gain = zip(slope, move).reduce(0) { $0 + $1.0 * $1.1 }
      // Half of this is what the bound promises.
      guard gain.isFinite, gain > 1e-8 * Double(rows.count) else { break }
      let leads = zip(slope, zip(next, current)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) } > 0
      let faster = leads ? (1 + (1 + 4 * speed * speed).squareRoot()) / 2 : 1
      let momentum = leads ? (speed - 1) / faster : 0
      ahead = zip(next, current).map { $0 + momentum * ($0 - $1) }
      (current, speed) = (next, faster)
    }
    weights = NDArray(current, shape: [width, classes])
  }

  /// The weight of each row times its indicator less its probabilities.
  private static func residuals(
    _ scores: [Double], _ labels: [Int32], _ factors: [Double], _ classes: Int
  ) -> [Double] {
    var result = scores
    for (row, label) in labels.enumerated() {
      let own = row * classes..<(row + 1) * classes
      let peak = scores[own].max()!
      var total = 0.0
      for index in own {
        result[index] = exp(scores[index] - peak)
        total += result[index]
      }
      for index in own { result[index] *= -factors[row] / total }
      result[own.lowerBound + Int(label)] += factors[row]
    }
    return result
  }

  /// Logits [count, classes] of examples with the same features.
  ///
  /// - Throws: `LinearAlgebraError` where the features are others.
  public func outputs(_ dataset: Dataset) throws -> NDArray {
    var parts: [Float] = []
    for start in stride(from: 0, to: dataset.count, by: 4096) {
      let part = Baselines.design(dataset, Array(start..<min(start + 4096, dataset.count)))
      parts += try LinearAlgebra.product(part, weights).floats
    }
    return NDArray(parts, shape: [dataset.count, weights.shape[1]])
  }
}
