import Descending

/// Measures a chain by the steps it makes: reads "optimizer/relativeStep", the length of its step over that of a
/// reference chain given the same gradients, and passes the chain's step on.
///
/// The reference keeps its own state along the way but moves nothing. So the effective rate of any method is known, also
/// of one that forgets the scale of gradients.
package struct RelativeStep: GradientTransformation {
  package let chain: Chain
  package let reference: Chain

  package init(_ chain: Chain, against reference: Chain) {
    self.chain = chain
    self.reference = reference
  }

  package var requirements: Requirements { chain.requirements.union(reference.requirements) }
  package var makesStep: Bool { chain.makesStep }
  package var description: String { "(\(chain)) against (\(reference))" }

  package func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try chain.initialState(for: parameters).prefixed("chain")
      .merging(try reference.initialState(for: parameters).prefixed("reference"))
  }

  package func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var aside = context
    let other = try aside.run(reference, updates, state.subtree("reference"))
    let own = try context.run(chain, updates, state.subtree("chain"))
    // Where the gradient is zero both steps are, and the ratio says nothing: 0.
    context.record("optimizer/relativeStep", own.updates.norm / max(other.updates.norm, 1e-30))
    return (own.updates, own.state.prefixed("chain").merging(other.state.prefixed("reference")))
  }
}
