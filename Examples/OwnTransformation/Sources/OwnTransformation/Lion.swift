import Descent

/// The sign of a mean of gradient and average: u = sign(i a + (1 - i) g), then a <- k a + (1 - k) g.
///
/// Chen et al., "Symbolic discovery of optimization algorithms", 2023. Weight decay is a stage of its own.
struct Lion: NamedTransformation {
  var interpolation = 0.9
  var kept = 0.99

  static let kind = TransformationKind(
    "lion", "the sign of a mean of gradient and average",
    TransformationOption("interpolation", .decay, standard: Lion().interpolation, "the average's part in the sign") {
      (t: Lion) in t.interpolation
    },
    TransformationOption("kept", .decay, standard: Lion().kept, "what remains of the average") { (t: Lion) in t.kept },
    examples: ["lion | rate 0.005"]
  ) { Lion(interpolation: $0, kept: $1) }

  func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.map { NDArray.zeros($0.shape, $0.elementType) }.prefixed("average")
  }

  func apply(
    to gradients: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let average = Updates(state.subtree("average"))
    let mean = interpolation * average + (1 - interpolation) * gradients
    let next = kept * average + (1 - kept) * gradients
    return (mean.map { sign($0) }, next.tree.prefixed("average"))
  }
}
