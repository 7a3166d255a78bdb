import Descent

/// The whole gradient brought to length 1, so that the rate alone is the length of a step: g / (‖g‖ + ε).
struct Normalized: NamedTransformation {
  var epsilon = 1e-8

  static let kind = TransformationKind(
    "normalized", "the gradient brought to length 1",
    TransformationOption("epsilon", .epsilon, standard: Normalized().epsilon, "against division by 0") {
      (t: Normalized) in t.epsilon
    },
    examples: ["normalized | rate 0.1"]
  ) { Normalized(epsilon: $0) }

  func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> { Tree() }

  func apply(
    to gradients: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    ((1 / (gradients.norm + epsilon)) * gradients, state)
  }
}
