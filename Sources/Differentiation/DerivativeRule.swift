import Graphs

/// The table of derivatives: what a node passes on to its inputs, given what arrived at its outputs.
///
/// Every rule is written in the primitives that it differentiates, so the table is closed under itself.
struct DerivativeRule {
  let graph: Graph
  let node: Node
  let index: Int

  func input(_ position: Int) -> Tensor { graph.tensor(node.inputs[position]) }
  func output(_ position: Int = 0) -> Tensor { graph.tensor(Value(node: index, output: position)) }

  /// One cotangent for each input; nil where the derivative is zero everywhere.
  func pullback(_ incoming: [Tensor?]) -> [Tensor?] {
    if case .composite(let composite) = node.operation { return pullback(through: composite, incoming) }
    guard let g = incoming[0] else { return node.inputs.map { _ in nil } }
    switch node.operation {
    case .input, .constant, .fill, .iota, .random, .argument, .argumentSort, .poolArgument, .stopGradient, .compare:
      return node.inputs.map { _ in nil }
    case .unary(let operation): return [unary(operation, g)]
    case .binary(let operation): return binary(operation, g)
    case .select:
      let zero = g.filled(with: 0)
      return [nil, Graphs.select(input(0), g, zero), Graphs.select(input(0), zero, g)]
    case .cast:
      return [input(0).elementType.isFloatingPoint ? g.cast(to: input(0).elementType) : nil]
    case .reduce(let reduction, let axes): return [reduce(reduction, axes, g)]
    case .cumulativeSum(let axis, let reverse): return [g.cumulativeSum(axis: axis, reverse: !reverse)]
    case .matmul, .convolution, .convolutionDataGradient, .convolutionWeightGradient, .sumPool, .sumPoolGradient:
      return product(g)
    case .gather(let axis): return [g.scatterAdding(at: input(1), axis: axis, extent: input(0).shape[axis]), nil]
    case .scatterAdd(let axis, _): return [g.gathering(input(1), axis: axis), nil]
    case .gatherElements(let axis):
      return [g.scatterAddingElements(at: input(1), axis: axis, extent: input(0).shape[axis]), nil]
    case .scatterAddElements(let axis, _): return [g.gatheringElements(input(1), axis: axis), nil]
    default: return rearrangement(g)
    }
  }

  private func reduce(_ reduction: Reduction, _ axes: [Int], _ g: Tensor) -> Tensor {
    let x = input(0)
    let kept = Shape((0..<x.rank).map { axes.contains($0) ? 1 : x.shape[$0] })
    let spread = g.reshaped(to: kept).broadcast(to: x.shape)
    if reduction == .sum { return spread }
    // Of equals, each gets an equal share.
    let chosen = (x .== output().reshaped(to: kept).broadcast(to: x.shape)).cast(to: x.elementType)
    return spread * (chosen / chosen.sum(axes, keepingAxes: true))
  }

  private func pullback(through composite: Composite, _ incoming: [Tensor?]) -> [Tensor?] {
    let inputs = node.inputs.map(graph.tensor)
    if let fast = composite.pullback(inputs, node.outputs.indices.map { output($0) }, incoming) { return fast }
    let outputs = composite.decomposed(inputs)
    return ReverseSweep(to: inputs, stopping: true).run(outputs, incoming)
  }
}
