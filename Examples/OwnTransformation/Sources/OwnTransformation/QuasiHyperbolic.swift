import Descent

/// A mean of gradient and velocity: v <- k v + (1 - k) g, then (1 - s) g + s v goes on.
///
/// Ma and Yarats, "Quasi-hyperbolic momentum and Adam for deep learning", 2019.
struct QuasiHyperbolic: NamedTransformation {
  var share = 0.7
  var kept = 0.999

  static let kind = TransformationKind(
    "qhm", "a mean of gradient and velocity",
    TransformationOption("share", .decay, standard: QuasiHyperbolic().share, "the velocity's part") {
      (t: QuasiHyperbolic) in t.share
    },
    TransformationOption("kept", .decay, standard: QuasiHyperbolic().kept, "what remains of the velocity") {
      (t: QuasiHyperbolic) in t.kept
    },
    examples: ["qhm | rate 0.1"]
  ) { QuasiHyperbolic(share: $0, kept: $1) }

  func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.map { NDArray.zeros($0.shape, $0.elementType) }.prefixed("velocity")
  }

  func apply(
    to gradients: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let velocity = kept * Updates(state.subtree("velocity")) + (1 - kept) * gradients
    return ((1 - share) * gradients + share * velocity, velocity.tree.prefixed("velocity"))
  }
}
