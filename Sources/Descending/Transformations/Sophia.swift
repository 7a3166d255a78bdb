/// A mean of gradients divided by a mean of the Hessian's diagonal, each element limited to 1: long steps where the loss is flat, at most the
/// rate's length where it bends downwards.
///
/// Every `period` updates h <- b2 h + (1 - b2) z · (H z), with z normal: Hutchinson's estimate, which asks for one product with the Hessian
/// (Sophia-H). m <- b1 m + (1 - b1) g, and m / max(gamma h, epsilon) within ±1 goes on. Weights decay behind it, decoupled. Reads
/// "optimizer/unlimitedFraction", the share of elements below the limit, which the authors tune gamma by: 0.1 to 0.5.
/// Liu et al., "Sophia: a scalable stochastic second-order optimizer for language model pre-training", 2023, arXiv 2305.14342, algorithm 3.
public struct Sophia: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the diagonal that is kept from estimate to estimate.
  public let beta2: Double
  /// Times the diagonal: the smaller, the more elements are limited.
  public let gamma: Double
  /// Updates from one estimate to the next.
  public let period: Int
  /// The least that divides.
  public let epsilon: Double

  public init(
    beta1: Double = 0.965, beta2: Double = 0.99, gamma: Double = 0.01, period: Int = 10, epsilon: Double = 1e-12
  ) {
    precondition(period > 0, "estimates are some updates apart")
    (self.beta1, self.beta2, self.gamma) = (beta1, beta2, gamma)
    (self.period, self.epsilon) = (period, epsilon)
  }

  public var requirements: Requirements { [.randomness, .curvature] }

  public static let kind = TransformationKind(
    "sophia", "divide a mean of gradients by the Hessian's diagonal, each element limited to 1",
    TransformationOption("beta1", .decay.doubtingRate(of: "sophia"), standard: Sophia().beta1, "decay of the mean") {
      (t: Sophia) in t.beta1
    },
    TransformationOption("beta2", .decay, standard: Sophia().beta2, "decay of the diagonal") { (t: Sophia) in
      t.beta2
    },
    TransformationOption("gamma", .positive, standard: Sophia().gamma, "times the diagonal") { (t: Sophia) in t.gamma },
    TransformationOption("period", .count(atMost: 1000), standard: Sophia().period, "updates between estimates") {
      (t: Sophia) in t.period
    },
    TransformationOption("epsilon", .epsilon, standard: Sophia().epsilon, "least that divides") { (t: Sophia) in
      t.epsilon
    },
    examples: [
      "sophia | rate cosine(0.02, 2500updates)", "sophia 0.9 gamma=1 period=1 | rate cosine(0.05, 2500updates)",
    ]
  ) { Sophia(beta1: $0, beta2: $1, gamma: $2, period: $3, epsilon: $4) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("first").merging(parameters.zeros("diagonal"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let before = state.subtree("diagonal")
    let (counters, key) = (context.counters, try context.key())
    let diagonal = try counters.renewing(before, every: period) {
      runningMean(beta2, before, try HessianDiagonal.estimate(.normal, key: key, of: updates, in: &context)).tree
    }
    let mean = runningMean(beta1, state.subtree("first"), updates)
    let ratio = mean.tree.zipped(with: diagonal) { m, h in m / max(gamma * h, epsilon) }
    let below = ratio.leaves.map { (abs($0) .< 1).cast(to: .float64).sum() }
    if let first = below.first {
      let elements = Double(ratio.leaves.reduce(0) { $0 + $1.count })
      context.record("optimizer/unlimitedFraction", below.dropFirst().reduce(first, +) / Swift.max(elements, 1))
    }
    return (
      Updates(ratio.map { min(max($0, -1), 1) }), mean.tree.prefixed("first").merging(diagonal.prefixed("diagonal"))
    )
  }
}
