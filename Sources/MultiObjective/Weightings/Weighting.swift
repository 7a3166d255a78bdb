import Parameters

/// How several objectives share a step: weights from the inner products of their gradients alone.
///
/// The step goes along Σ_i w_i g_i. Since only the Gramian is seen, S x S numbers, a weighting serves vectors in memory and
/// networks alike.
public protocol Weighting: Sendable, CustomStringConvertible {
  /// - Parameters:
  ///   - gramian: G_ij = <g_i, g_j>, row by row; symmetric, positive semidefinite, finite.
  ///   - previous: the weights of the step before; nil at the first.
  ///   - key: the randomness of the step.
  /// - Returns: one weight for each objective.
  func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double]
}

/// Fixed weights: descent of one mean objective.
public struct Scalarization: Weighting {
  /// Equal ones where nil.
  public let fixed: [Double]?

  public init(_ fixed: [Double]? = nil) { self.fixed = fixed }

  public var description: String { "scalarisation" + (fixed.map { " \($0)" } ?? "") }

  public func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double] {
    precondition(fixed == nil || fixed!.count == gramian.count, "one weight for each objective")
    return fixed ?? [Double](repeating: 1 / Double(gramian.count), count: gramian.count)
  }
}

/// The shortest vector in the gradients' convex hull: no objective rises to first order, and none can fall where it is zero
/// (Désidéri, "Multiple-gradient descent algorithm", 2012).
public struct MinimumNormWeighting: Weighting {
  public init() {}
  public var description: String { "minimum norm" }

  public func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double] {
    MinimumNorm(gram: gramian).weights
  }
}

/// Another weighting's weights, smoothed over the steps: w_t = a w_{t-1} + (1 - a) ŵ_t. Around `MinimumNormWeighting` it is
/// CR-MOGM (Zhou et al., "On the convergence of stochastic multi-objective gradient manipulation and beyond", 2022).
public struct SmoothedWeighting: Weighting {
  /// Whose weights are smoothed.
  public let inner: any Weighting
  /// a, what remains of the weights before.
  public let share: Double

  public init(_ inner: any Weighting, keeping share: Double = 0.9) {
    precondition((0..<1).contains(share), "a share that remains is in 0..<1")
    (self.inner, self.share) = (inner, share)
  }

  public var description: String { "\(inner), smoothed by \(share)" }

  public func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double] {
    let new = inner.weights(gramian, previous: previous, key: key)
    return previous.map { zip($0, new).map { share * $0 + (1 - share) * $1 } } ?? new
  }
}

/// One projected step towards the minimum-norm weights: w ← Π(w - γ (G + ρ I) w), Π onto the simplex (MoCo: Fernando et al.,
/// "Mitigating gradient bias in multi-objective learning", 2023).
public struct ProjectedWeighting: Weighting {
  /// γ.
  public let rate: Double
  /// ρ.
  public let regularization: Double

  public init(rate: Double = 0.1, regularization: Double = 1e-3) {
    (self.rate, self.regularization) = (rate, regularization)
  }

  public var description: String { "projected, rate \(rate)" }

  public func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double] {
    let w = previous ?? [Double](repeating: 1 / Double(gramian.count), count: gramian.count)
    let slope = w.indices.map { i in
      w.indices.reduce(regularization * w[i]) { $0 + gramian[i][$1] * w[$1] }
    }
    return projectedOntoSimplex(zip(w, slope).map { $0 - rate * $1 })
  }
}
