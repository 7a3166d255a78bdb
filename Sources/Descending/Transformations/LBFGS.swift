/// The gradient times an estimate of the Hessian's inverse, from the last moves and what they changed in the gradient.
///
/// Of moves s and what they changed in the gradient, y, with r = 1 / (s·y): from the newest a = r s·q, q <- q - a y; then q <- q s·y / y·y
/// of the newest; then from the oldest q <- q + (a - r y·q) s. Before the first change the gradient itself goes on, at most 1 long.
/// A move with s·y <= 1e-8 |s| |y| is left out, so that the estimate stays positive definite, and so is one whose
/// s·y is too small for its inverse, or, in float32, |y| <= 1e-15. For gradients of all examples, with a step
/// that is checked: `linesearch trials=20 (lbfgs | rate 1)`. A memory of m moves holds 2 m copies of the parameters.
///
/// Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989; Nocedal and Wright, "Numerical optimization", 2006,
/// algorithm 7.4; Li and Fukushima, "On the global convergence of the BFGS method for nonconvex unconstrained optimization problems", 2001.
public struct LBFGS: NamedTransformation {
  /// Moves that are remembered.
  public let memory: Int

  public init(memory: Int = 10) {
    precondition(memory > 0, "an estimate needs one move at least")
    self.memory = memory
  }

  public var requirements: Requirements { .parameters }

  public static let kind = TransformationKind(
    "lbfgs",
    "times an estimate of the inverse Hessian, from the last moves s and changes y but where s·y <= 1e-8 |s| |y|; in a linesearch",
    TransformationOption("memory", .count(atMost: 100), standard: LBFGS().memory, "moves that are remembered") {
      (t: LBFGS) in t.memory
    }, examples: ["lbfgs | rate 0.5", "lbfgs 3 | rate 0.3"]
  ) { LBFGS(memory: $0) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    let histories = parameters.map { NDArray.zeros(Shape([memory] + $0.shape.dimensions), $0.elementType) }
    return histories.prefixed("moves").merging(histories.prefixed("changes"))
      .merging(parameters.zeros("point")).merging(parameters.zeros("gradient"))
      .merging(Tree(["weights": .zeros([memory], .float64), "scale": NDArray(1.0)]))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let here = Updates(try context.parameters().tree)
    let (move, change) = (here - Updates(state.subtree("point")), updates - Updates(state.subtree("gradient")))
    func product(_ a: Updates, _ b: Updates) -> Tensor { dot(a, b).cast(to: .float64) }
    func share(_ product: InnerProduct) -> Tensor { product.share.cast(to: .float64) }
    let (along, ofChange) = (InnerProduct(move, change), InnerProduct(change, change))
    let (curvature, square) = (share(along), share(ofChange))
    // Below, squares of float32 are lost to underflow.
    let least = updates.tree.leaves.contains { $0.elementType == .float32 } ? 1e-30 : 0
    let isUsed =
      (context.counters.updates .> 0) .& (square .> least)
      .& (curvature .> 1e-8 * root(share(InnerProduct(move, move))) * root(square))
      .& (along.times(1).cast(to: .float64) .> 1e-290)
    let safe = select(isUsed, curvature, 1)

    // The oldest goes, the newest comes last.
    func next(_ old: Tensor, _ new: Tensor) -> Tensor {
      let kept = memory > 1 ? [old.slice(1..<memory, axis: 0)] : []
      return concatenate(kept + [new.expanded(axis: 0)], axis: 0).where(isUsed, else: old)
    }
    let moves = state.subtree("moves").zipped(with: move.tree, next)
    let changes = state.subtree("changes").zipped(with: change.tree, next)
    let (size, changeSize) = (along.left.cast(to: .float64), along.right.cast(to: .float64))
    let weights = next(state["weights"]!, 1 / safe / size / changeSize)
    let scale = select(isUsed, safe / select(isUsed, square, 1) * (size / changeSize), state["scale"]!)

    func part(_ history: Tree<Tensor>, _ index: Int) -> Updates { Updates(history.map { $0.part(index) }) }
    var direction = updates
    var shares: [Tensor] = []
    // A place that is not used yet has the weight 0, and changes nothing.
    for index in (0..<memory).reversed() {
      let share = weights.part(index) * product(part(moves, index), direction)
      direction = direction - share * part(changes, index)
      shares.append(share)
    }
    let hasMoves = weights.part(memory - 1) .> 0
    let length = updates.wideLength
    direction = select(hasMoves, scale, 1 / max(length, 1)) * direction
    for index in 0..<memory {
      let share = weights.part(index) * product(part(changes, index), direction)
      direction = direction + (shares[memory - 1 - index] - share) * part(moves, index)
    }
    let own = Tree(["weights": weights, "scale": scale])
    return (
      direction,
      moves.prefixed("moves").merging(changes.prefixed("changes")).merging(here.tree.prefixed("point"))
        .merging(updates.tree.prefixed("gradient")).merging(own)
    )
  }
}
