/// Gradients divided by the root of their running mean square: v <- d v + (1 - d) g^2, g / (sqrt(v) + epsilon).
///
/// Tieleman and Hinton, "Lecture 6.5: rmsprop", Neural networks for machine learning, 2012.
public struct RMSProp: NamedTransformation {
  /// The share of the mean square that is kept from update to update.
  public let decay: Double
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(decay: Double = 0.99, epsilon: Double = 1e-8) {
    self.decay = decay
    self.epsilon = epsilon
  }

  public static let kind = TransformationKind(
    "rmsprop", "divide by the root of the running mean square",
    TransformationOption(
      "decay", .decay.doubtingRate(of: "rmsprop"), standard: RMSProp().decay, "of the mean square"
    ) { (t: RMSProp) in t.decay },
    TransformationOption("epsilon", .epsilon, standard: RMSProp().epsilon, "added to the root") { (t: RMSProp) in
      t.epsilon
    }, examples: ["rmsprop | rate 0.005"]
  ) { RMSProp(decay: $0, epsilon: $1) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("square")
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let square = runningMean(decay, state.subtree("square"), updates.map(\.squared))
    let scaled = updates.tree.zipped(with: square.tree) { g, v in g / (root(v) + epsilon) }
    return (Updates(scaled), square.tree.prefixed("square"))
  }
}
