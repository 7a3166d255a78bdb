/// An accumulating velocity: v <- decay v + g, and v (or with Nesterov's correction g + decay v) goes on.
///
/// Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", 2013, in the
/// form without dampening that is common in libraries: the first velocity is the first gradient.
public struct Momentum: NamedTransformation {
  /// The share of the velocity that is kept from update to update.
  public let decay: Double
  /// Whether the step looks ahead: g + decay v in place of v.
  public let nesterov: Bool

  public init(_ decay: Double = 0.9, nesterov: Bool = false) {
    self.decay = decay
    self.nesterov = nesterov
  }

  public static let kind = TransformationKind(
    "momentum", "accumulate a velocity",
    TransformationOption("decay", .decay, standard: Momentum().decay, "what remains of the velocity") {
      (t: Momentum) in t.decay
    },
    TransformationOption("nesterov", .flag, standard: Momentum().nesterov, "look ahead") { (t: Momentum) in
      t.nesterov
    }, examples: ["momentum 0.9 | rate 0.05", "momentum 0.9 nesterov=true | rate 0.05"]
  ) { Momentum($0, nesterov: $1) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("velocity")
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let velocity = decay * Updates(state.subtree("velocity")) + updates
    return (nesterov ? updates + decay * velocity : velocity, velocity.tree.prefixed("velocity"))
  }
}
