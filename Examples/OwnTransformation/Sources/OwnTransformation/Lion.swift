import Descent

/// The sign of a mean of gradient and average: u = sign(i a + (1 - i) g), then a <- k a + (1 - k) g.
///
/// Chen et al., "Symbolic discovery of optimization algorithms", 2023. Weight decay is a stage of its own.
struct Lion: GradientTransformation {
  var interpolation = 0.9
  var kept = 0.99

  var description: String { "lion \(interpolation) \(kept)" }

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
