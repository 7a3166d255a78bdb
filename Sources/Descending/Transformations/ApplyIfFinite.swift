/// Applies the inner transformation only when all gradients and all steps it makes of them are finite; else the step is
/// zero, the inner state stays what it was, and the skip is counted.
///
/// The inner transformation counts only the updates that were made. Reads "optimizer/skipped", their number so far.
public struct ApplyIfFinite: NamedTransformation {
  /// What is applied or skipped.
  public let inner: Chain

  public init(_ inner: Chain) { self.inner = inner }
  /// Guards a chain of these stages.
  public init(@ChainBuilder _ stages: () -> [any GradientTransformation]) { inner = Chain(stages()) }

  public var requirements: Requirements { inner.requirements }
  public var makesStep: Bool { inner.makesStep }
  public var presumesItsSteps: Bool { inner.presumesItsSteps }
  public var bearsShorterSteps: Bool { inner.bearsShorterSteps }
  public var isDifferentiable: Bool { inner.isDifferentiable }

  public static let kind = TransformationKind(
    "finite", "skip updates that are not finite, and count them",
    TransformationOption("chain", .chain, standard: Chain([]), "what is applied else") { (t: ApplyIfFinite) in t.inner
    },
    examples: ["finite | rate 0.1", "finite (momentum 0.9 | rate 0.05)"]
  ) { ApplyIfFinite($0) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try inner.initialState(for: parameters).prefixed("inner").merging(Tree(["skipped": NDArray(Float(0))]))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var counters = context.counters
    counters.updates = counters.updates - state["skipped"]!
    let before = state.subtree("inner")
    let result = try context.run(inner, updates, before, counters: counters)
    let flags = (updates.tree.leaves + result.updates.tree.leaves).map { $0.isFinite.cast(to: .float32).minimum() }
    guard let first = flags.first else { return (updates, state) }
    let isFine = flags.dropFirst().reduce(first) { min($0, $1) } .> 0.5
    let skipped = state["skipped"]! + 1 - isFine.cast(to: .float32)
    context.record("optimizer/skipped", skipped)
    let next = before.zipped(with: result.state) { $1.where(isFine, else: $0) }.prefixed("inner")
    return (
      result.updates.map { $0.where(isFine, else: $0.filled(with: 0)) }, next.merging(Tree(["skipped": skipped]))
    )
  }
}
