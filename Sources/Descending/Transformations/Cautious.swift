/// Keeps of what a chain makes of the gradient only the elements that go the gradient's way: a memory may not climb.
///
/// With u the chain's update and g the gradient that it was given, u times [u g > 0] / max(the share of such elements, 0.001)
/// goes on, tensor by tensor. Liang et al., "Cautious optimizers: improving training with one line of code", 2024, arXiv 2411.16085, as in the
/// authors' code; in float32 u g is a product, and 0 below 1.2e-38. Where the chain holds a rate its steps are judged. Reads "optimizer/agreeingFraction", the share of all elements.
public struct Cautious: NamedTransformation {
  /// What is judged.
  public let inner: Chain

  public init(_ inner: Chain) { self.inner = inner }

  public var requirements: Requirements { inner.requirements }
  public var makesStep: Bool { inner.makesStep }
  public var isDifferentiable: Bool { inner.isDifferentiable }

  public static let kind = TransformationKind(
    "cautious", "keep only what goes the gradient's way, over its share, which counts as 0.001 at least",
    TransformationOption("chain", .chain, "what is judged") { (t: Cautious) in t.inner },
    examples: ["cautious (momentum 0.9) | rate 0.05", "cautious (adam | rate 0.02)"]
  ) { Cautious($0) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try inner.checkMayBeChanged(by: "cautious")
    return try inner.initialState(for: parameters)
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    guard !context.hasStepped else {
      throw DescentError("cautious stands behind a rate, where no gradient is left: put the rate into its parentheses")
    }
    let (made, next) = try context.run(inner, updates, state)
    // Steps go against the gradient.
    let way: Double = inner.makesStep ? -1 : 1
    // A product of small numbers is 0. Signs are not, but would be felt in networks, whose steps are seldom below 1e-19.
    let agrees = made.tree.zipped(with: updates.tree) { u, g in
      let product = u.elementType == .float32 ? way * u * g : way * sign(u) * sign(g)
      return (product .> 0).cast(to: u.elementType)
    }
    let kept = made.tree.zipped(with: agrees) { u, mask in u * mask / max(mask.mean(), 0.001) }
    let count = agrees.leaves.map { $0.sum().cast(to: .float64) }
    let elements = Double(Swift.max(agrees.leaves.reduce(0) { $0 + $1.count }, 1))
    if let first = count.first {
      context.record("optimizer/agreeingFraction", count.dropFirst().reduce(first, +) / elements)
    }
    return (Updates(kept), next)
  }
}
