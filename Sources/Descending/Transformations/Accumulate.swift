/// Means gradients over several micro-batches before the inner transformation sees them: k micro-batches equal one
/// batch of their union. Steps in between are zero.
///
/// The inner transformation counts its own updates, and its loss is the mean over the micro-batches too.
public struct Accumulate: NamedTransformation {
  /// Micro-batches that make one update, at least 1.
  public let count: Int
  /// What sees their mean.
  public let inner: any GradientTransformation

  public init(_ count: Int, then inner: any GradientTransformation) {
    precondition(count > 0, "gradients of at least one micro-batch make an update")
    self.count = count
    self.inner = inner
  }

  public var requirements: Requirements { inner.requirements }
  public var makesStep: Bool { inner.makesStep }
  public var presumesItsSteps: Bool { inner.presumesItsSteps }
  public var bearsShorterSteps: Bool { inner.bearsShorterSteps }
  public var isDifferentiable: Bool { inner.isDifferentiable }

  public static let kind = TransformationKind(
    "accumulate", "mean gradients over micro-batches before an update",
    TransformationOption("count", .count, "micro-batches of one update") { (t: Accumulate) in t.count },
    TransformationOption("chain", .chain, "what sees their mean") { (t: Accumulate) in
      t.inner as? Chain ?? Chain([t.inner])
    },
    examples: [
      "accumulate 2 (momentum 0.9 | rate 0.05)", "accumulate 2 (losspower 0.8 through=rate | adam) | rate 0.02",
    ]
  ) { Accumulate($0, then: $1) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    var own = Tree(["count": NDArray(Float(0)), "updates": NDArray(Float(0))])
    if requirements.contains(.loss) { own["loss"] = NDArray(0.0) }
    return parameters.map { NDArray.zeros($0.shape, $0.elementType) }.prefixed("sum")
      .merging(try inner.initialState(for: parameters).prefixed("inner")).merging(own)
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let sum = Updates(state.subtree("sum")) + updates
    let seen = state["count"]! + 1
    let full = seen .>= Double(count)
    var own = Tree(["count": seen, "updates": state["updates"]! + full.cast(to: .float32)])
    var meanLoss: Tensor?
    if let lossSum = state["loss"] {
      let loss = try context.loss()
      own["loss"] = lossSum + loss.cast(to: .float64)
      meanLoss = (own["loss"]! / Double(count)).cast(to: loss.elementType)
    }
    var counters = context.counters
    counters.updates = state["updates"]!
    let before = state.subtree("inner")
    let result = try context.run(
      inner, (1 / Double(count)) * sum, before, loss: meanLoss, counters: counters)
    // Between updates it is 0: what stands behind cannot know.
    context.rate = nil
    // An update empties the sums.
    for path in ["count", "loss"] { own[path] = own[path].map { $0.filled(with: 0).where(full, else: $0) } }
    let next = before.zipped(with: result.state) { $1.where(full, else: $0) }.prefixed("inner")
      .merging(sum.tree.map { $0.filled(with: 0).where(full, else: $0) }.prefixed("sum")).merging(own)
    return (result.updates.map { $0.where(full, else: $0.filled(with: 0)) }, next)
  }
}

extension Tensor {
  /// This tensor where a scalar condition holds, else another of the same type.
  func `where`(_ condition: Tensor, else other: Tensor) -> Tensor {
    select(condition.broadcast(to: shape), self, other)
  }
}
