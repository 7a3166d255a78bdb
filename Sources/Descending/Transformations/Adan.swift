/// Adam with a running mean of gradients' differences, which looks ahead as Nesterov's step does.
///
/// With d = g - (the gradient before), 0 at first: m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) d,
/// n <- b3 n + (1 - b3) (g + b2 d)², and (m + b2 v) / (sqrt(n) + epsilon) goes on, all three corrected for their start at zero.
/// Betas are what is kept, as in the authors' code, where the paper's are what is added; optax 0.2.8 has 1 - b2 in place of b2 behind g and
/// m, which looks ahead by a twelfth of that. Xie et al., "Adan", 2022, arXiv 2208.06677, algorithm 1, without restarts.
public struct Adan: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean difference that is kept, and how far the step looks ahead.
  public let beta2: Double
  /// The share of the mean square that is kept.
  public let beta3: Double
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(beta1: Double = 0.98, beta2: Double = 0.92, beta3: Double = 0.99, epsilon: Double = 1e-8) {
    (self.beta1, self.beta2, self.beta3, self.epsilon) = (beta1, beta2, beta3, epsilon)
  }

  public static let kind = TransformationKind(
    "adan", "scale by running moments of gradients and of their differences",
    TransformationOption(
      "beta1", .decay.doubtingRate(of: "adan"), standard: Adan().beta1, "decay of the mean"
    ) { (t: Adan) in t.beta1 },
    TransformationOption("beta2", .decay, standard: Adan().beta2, "decay of the mean difference") { (t: Adan) in
      t.beta2
    },
    TransformationOption("beta3", .decay, standard: Adan().beta3, "decay of the mean square") { (t: Adan) in t.beta3 },
    TransformationOption("epsilon", .epsilon, standard: Adan().epsilon, "added to the root") { (t: Adan) in
      t.epsilon
    }, examples: ["adan | rate 0.01", "adan 0.9 0.8 0.95 1e-6 | decay 0.001 | rate 0.01"]
  ) { Adan(beta1: $0, beta2: $1, beta3: $2, epsilon: $3) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    ["first", "difference", "second", "before"].reduce(Tree()) { $0.merging(parameters.zeros($1)) }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let hasBefore = context.counters.updates .> 0
    let change = Updates(
      updates.tree.zipped(with: state.subtree("before")) { g, before in
        (g - before).where(hasBefore, else: g.filled(with: 0))
      })
    let first = runningMean(beta1, state.subtree("first"), updates)
    let difference = runningMean(beta2, state.subtree("difference"), change)
    let ahead = updates + beta2 * change
    let second = runningMean(beta3, state.subtree("second"), ahead.map(\.squared))
    let mean = context.counters.correction(beta1) * first
    let slope = context.counters.correction(beta2) * difference
    let spread = context.counters.correction(beta3)
    let scaled = (mean + beta2 * slope).tree.zipped(with: second.tree) { u, n in
      u / (root(n * spread.cast(to: n.elementType)) + epsilon)
    }
    let next = first.tree.prefixed("first").merging(difference.tree.prefixed("difference"))
      .merging(second.tree.prefixed("second")).merging(updates.tree.prefixed("before"))
    return (Updates(scaled), next)
  }
}
