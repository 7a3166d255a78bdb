/// Gradients scaled by how well they were foreseen: m / (sqrt(s) + epsilon), both corrected for their start at zero.
///
/// m <- b1 m + (1 - b1) g, s <- b2 s + (1 - b2) (g - m)^2 + epsilon. Where gradients are as their mean says, steps are long.
/// Zhuang et al., "AdaBelief optimizer", 2020, arXiv 2010.07468.
public struct AdaBelief: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean squared deviation that is kept.
  public let beta2: Double
  /// Added to the squared deviation and to the root.
  public let epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-16) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
  }

  public static let kind = TransformationKind(
    "adabelief", "divide the mean by the root of the squared deviations from it",
    TransformationOption(
      "beta1", .decay.doubtingRate(of: "adabelief"), standard: AdaBelief().beta1, "decay of the mean"
    ) { (t: AdaBelief) in t.beta1 },
    TransformationOption("beta2", .decay, standard: AdaBelief().beta2, "decay of the mean squared deviation") {
      (t: AdaBelief) in t.beta2
    },
    TransformationOption("epsilon", .epsilon, standard: AdaBelief().epsilon, "added to the deviation and the root") {
      (t: AdaBelief) in t.epsilon
    }, examples: ["adabelief | rate 0.01", "adabelief 0.8 0.99 1e-8 | decay 0.001 | rate 0.01"]
  ) { AdaBelief(beta1: $0, beta2: $1, epsilon: $2) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("first").merging(parameters.zeros("deviation"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let first = runningMean(beta1, state.subtree("first"), updates)
    let deviation = runningMean(beta2, state.subtree("deviation"), (updates - first).map(\.squared)).map {
      $0 + epsilon
    }
    let (scale, spread) = (context.counters.correction(beta1), context.counters.correction(beta2))
    let scaled = first.tree.zipped(with: deviation.tree) { m, s in
      m * scale.cast(to: m.elementType) / (root(s * spread.cast(to: s.elementType)) + epsilon)
    }
    return (Updates(scaled), first.tree.prefixed("first").merging(deviation.tree.prefixed("deviation")))
  }
}
