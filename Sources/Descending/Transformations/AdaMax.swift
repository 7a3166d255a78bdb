/// The mean of gradients over their largest size, which fades: m / u, m corrected for its start at zero.
///
/// m <- b1 m + (1 - b1) g, u <- max(b2 u, |g| + epsilon). Kingma and Ba, "Adam: a method for stochastic optimization", 2015,
/// section 7.1, with epsilon as in PyTorch.
public struct AdaMax: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the largest size that is kept.
  public let beta2: Double
  /// Added to the size, against division by 0.
  public let epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
  }

  public static let kind = TransformationKind(
    "adamax", "divide the mean by the largest gradient, which fades",
    TransformationOption(
      "beta1", .decay.doubtingRate(of: "adamax"), standard: AdaMax().beta1, "decay of the mean"
    ) { (t: AdaMax) in t.beta1 },
    TransformationOption("beta2", .decay, standard: AdaMax().beta2, "decay of the largest size") { (t: AdaMax) in
      t.beta2
    },
    TransformationOption("epsilon", .epsilon, standard: AdaMax().epsilon, "added to the size") { (t: AdaMax) in
      t.epsilon
    }, examples: ["adamax | rate 0.02", "adamax 0.8 0.99 1e-6 | rate 0.02"]
  ) { AdaMax(beta1: $0, beta2: $1, epsilon: $2) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("first").merging(parameters.zeros("largest"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let first = runningMean(beta1, state.subtree("first"), updates)
    let largest = state.subtree("largest").zipped(with: updates.tree) { u, g in max(beta2 * u, abs(g) + epsilon) }
    let scale = context.counters.correction(beta1)
    let scaled = first.tree.zipped(with: largest) { m, u in m * scale.cast(to: m.elementType) / u }
    return (Updates(scaled), first.tree.prefixed("first").merging(largest.prefixed("largest")))
  }
}
