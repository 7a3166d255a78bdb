/// Adam whose gradients are divided by the root of what came before them, not of themselves, and only then averaged: it converges for any b2.
///
/// m <- b1 m + (1 - b1) clip(g / max(sqrt(v), epsilon), t^(1/4)) goes on, then v <- b2 v + (1 - b2) g². The first update only
/// sets v to g². Taniguchi et al., "ADOPT: modified Adam can converge with any beta2 with the optimal rate", 2024, arXiv 2411.02853,
/// algorithm 2 with the clip of its appendix.
public struct Adopt: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean square that is kept.
  public let beta2: Double
  /// The least root that divides.
  public let epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.9999, epsilon: Double = 1e-6) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
  }

  public static let kind = TransformationKind(
    "adopt", "adam that divides each gradient by those before it",
    TransformationOption("beta1", .decay.doubtingRate(of: "adopt"), standard: Adopt().beta1, "decay of the mean") {
      (t: Adopt) in t.beta1
    },
    TransformationOption("beta2", .decay, standard: Adopt().beta2, "decay of the mean square") { (t: Adopt) in
      t.beta2
    },
    TransformationOption("epsilon", .epsilon, standard: Adopt().epsilon, "least root that divides") { (t: Adopt) in
      t.epsilon
    }, examples: ["adopt | rate 0.01", "adopt 0.8 0.9 1e-5 | rate 0.01"]
  ) { Adopt(beta1: $0, beta2: $1, epsilon: $2) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("first").merging(parameters.zeros("second"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let time = context.counters.updates
    let isFirst = time .<= 0
    let (first, second) = (state.subtree("first"), state.subtree("second"))
    let limit = pow(max(time, 1), 0.25)
    let divided = updates.tree.zipped(with: second) { g, v -> Tensor in
      let most = limit.cast(to: g.elementType)
      // Before there is a mean square nothing is divided, and nothing kept.
      let u = min(max(g / max(root(v), epsilon), -most), most)
      return u.filled(with: 0).where(isFirst, else: u)
    }
    let mean = runningMean(beta1, first, Updates(divided))
    let next = runningMean(beta2, second, updates.map(\.squared)).tree.zipped(with: updates.tree) { v, g in
      g.squared.where(isFirst, else: v)
    }
    return (mean, mean.tree.prefixed("first").merging(next.prefixed("second")))
  }
}
