import Graphs

/// The table of derivatives: what a node passes on to its inputs, given what arrived at its outputs.
///
/// Every rule is written in the primitives that it differentiates, so the table is closed under itself.
struct DerivativeRule {
  let graph: Graph
  let node: Node
  let position: Int

  init(graph: Graph, position: Int) {
    (self.graph, self.position, node) = (graph, position, graph.nodes[position])
  }

  func input(_ position: Int) -> Tensor { graph.tensor(node.inputs[position]) }
  func output(_ position: Int = 0) -> Tensor { graph.tensor(Value(node: self.position, output: position)) }

  /// One cotangent for each input; nil where the derivative is zero everywhere.
  func pullback(_ incoming: [Tensor?]) -> [Tensor?] {
    switch (node.operation, incoming[0]) {
    case (.composite(let composite), _): pullback(through: composite, incoming)
    case (_, nil), (.source, _), (.random, _): node.inputs.map { _ in nil }
    case (.elementwise(let operation), let g?): elementwise(operation, g)
    case (.reduce(let reduction, let axes), let g?): [reduce(reduction, axes, g)]
    case (.scan(let scan), let g?): [self.scan(scan, g)]
    case (.rearrange(let rearrangement), let g?): [rearrange(rearrangement, g)]
    case (.assemble(let assembly), let g?): assemble(assembly, g)
    case (.index(let indexing), let g?): [index(indexing, g), nil]
    case (.matmul, let g?): [g.matmul(input(1).transposed()), input(0).transposed().matmul(g)]
    case (.convolve(let convolution), let g?): convolve(convolution, g)
    case (.pool(let pooling), let g?): [pool(pooling, g)]
    case (.pass(let passing), let g?): pass(passing, g)
    }
  }

  private func scan(_ scan: Operation.Scan, _ g: Tensor) -> Tensor? {
    switch scan {
    case .argument, .argumentSort: nil
    case .cumulativeSum(let axis, let reverse): g.cumulativeSum(axis: axis, reverse: !reverse)
    }
  }

  /// What the indexed array gets; indices get nothing.
  private func index(_ indexing: Operation.Indexing, _ g: Tensor) -> Tensor {
    switch indexing {
    case .gather(let axis): g.scatterAdding(at: input(1), axis: axis, extent: input(0).shape[axis])
    case .scatterAdd(let axis, _): g.gathering(input(1), axis: axis)
    case .gatherElements(let axis): g.scatterAddingElements(at: input(1), axis: axis, extent: input(0).shape[axis])
    case .scatterAddElements(let axis, _): g.gatheringElements(input(1), axis: axis)
    }
  }

  private func pass(_ passing: Operation.Passing, _ g: Tensor) -> [Tensor?] {
    switch passing {
    case .identity: return [g]
    case .later: return [g] + node.inputs.dropFirst().map { _ in nil }
    case .stopGradient: return [nil]
    case .batchNormalization:
      let (x, scale, mean, rate) = (input(1), input(2), input(4), input(5))
      let axes = Array(0..<x.rank - 1)
      let count = Double(x.count / Swift.max(scale.count, 1))
      let (centered, gain) = (x - mean, scale * rate)
      let shiftGradient = g.sum(axes)
      let scaleGradient = (g * centered).sum(axes) * rate
      // Mean and deviation are functions of x too: their share leaves g without its mean and its slope along x. Numbers of a
      // channel are multiplied first: there are few.
      let slope = rate * scaleGradient * (-1 / count)
      let level = shiftGradient * (-1 / count)
      return [nil, (g + centered * slope + level) * gain, scaleGradient, shiftGradient, nil, nil]
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
    // Each input by itself: rearrangements of a rearrangement would go back to what was before the first, past the input.
    let leaves = inputs.map { graph.record(.pass(.identity), [$0], $0.type) }
    let arrived = ReverseSweep(to: leaves, stopping: true).run(composite.decomposed(leaves), incoming)
    // One tensor in several places is one leaf: what arrived there counts once.
    var seen: Set<Value> = []
    return zip(leaves, arrived).map { seen.insert($0.value).inserted ? $1 : nil }
  }
}
