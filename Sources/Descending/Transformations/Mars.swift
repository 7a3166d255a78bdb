/// Adam of gradients that are corrected by their change since the update before, for less variance: MARS-AdamW in its approximate form.
///
/// c = g + gamma b1 / (1 - b1) (g - the gradient before), scaled down to the norm `clip` tensor by tensor where it is longer, takes the place of g in
/// both of Adam's moments. The first update has no gradient before it, and c = g; the authors' code takes 0 for it, so that its first c is
/// 1 + gamma b1 / (1 - b1) times ours. The gradient before is that of another batch: the exact form would ask for a second gradient, of this batch at the
/// point before. A decay behind it is AdamW's. The authors' code leaves vectors to Adam; here `groups` can.
///
/// Yuan, Liu, Wu, Zhou, Gu, "MARS: unleashing the power of variance reduction for training large models", 2024, arXiv 2411.10438.
public struct Mars: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean square that is kept.
  public let beta2: Double
  /// How much of the correction is made: at 1 the mean is that of STORM, at 0 it is Adam's of clipped gradients.
  public let gamma: Double
  /// The largest norm of a tensor's corrected gradient.
  public let clip: Double
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(
    beta1: Double = 0.95, beta2: Double = 0.99, gamma: Double = 0.025, clip: Double = 1, epsilon: Double = 1e-8
  ) {
    (self.beta1, self.beta2, self.gamma, self.clip, self.epsilon) = (beta1, beta2, gamma, clip, epsilon)
  }

  public static let kind = TransformationKind(
    "mars", "adam of gradients that their change corrects",
    TransformationOption("beta1", .decay.doubtingRate(of: "mars"), standard: Mars().beta1, "decay of the mean") {
      (t: Mars) in t.beta1
    },
    TransformationOption("beta2", .decay, standard: Mars().beta2, "decay of the mean square") { (t: Mars) in t.beta2 },
    TransformationOption("gamma", .notNegative, standard: Mars().gamma, "how much is corrected") { (t: Mars) in
      t.gamma
    },
    TransformationOption("clip", .positive, standard: Mars().clip, "largest norm of a corrected gradient") {
      (t: Mars) in t.clip
    },
    TransformationOption("epsilon", .epsilon, standard: Mars().epsilon, "added to the root") { (t: Mars) in
      t.epsilon
    }, examples: ["mars | rate 0.01", "mars 0.9 0.99 gamma=0.05 | decay 0.001 | rate 0.01"]
  ) { Mars(beta1: $0, beta2: $1, gamma: $2, clip: $3, epsilon: $4) }

  private var adam: Adam { Adam(beta1: beta1, beta2: beta2, epsilon: epsilon) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try adam.initialState(for: parameters).merging(parameters.zeros("before"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let hasBefore = context.counters.updates .> 0
    let share = gamma * beta1 / (1 - beta1)
    let corrected = updates.tree.zipped(with: state.subtree("before")) { g, before -> Tensor in
      let c = g + share * (g - before).where(hasBefore, else: g.filled(with: 0))
      return clip / max(c.length, Swift.max(clip, c.elementType.leastNumber)) * c
    }
    let (scaled, moments) = try adam.apply(to: Updates(corrected), state: state, in: &context)
    return (scaled, moments.merging(updates.tree.prefixed("before")))
  }
}
