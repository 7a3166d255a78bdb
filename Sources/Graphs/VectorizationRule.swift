/// The table of vectorized operations: what an operation of one element is for all elements, which lie along a new first axis
/// of at least one of its inputs.
struct VectorizationRule {
  private let node: Node
  private let count: Int
  private let vectorization: Vectorization
  /// Those of the outputs, with the new axis.
  private let types: [TensorType]

  init(of node: Node, count: Int, _ vectorization: Vectorization) {
    (self.node, self.count, self.vectorization) = (node, count, vectorization)
    types = node.outputs.map { TensorType(Shape([count] + $0.shape.dimensions), $0.elementType) }
    graph.location = node.location
  }

  private var graph: Graph { vectorization.graph }
  /// An input as it was recorded, of one element.
  private func one(_ position: Int) -> Tensor { vectorization.one(node.inputs[position]) }
  /// An input with the new axis.
  private func all(_ position: Int) -> Tensor { vectorization.repeated(node.inputs[position]) }
  private var all: [Tensor] { node.inputs.indices.map(all) }
  /// Whether elements differ in an input.
  private func varies(_ position: Int) -> Bool { vectorization.known[node.inputs[position]] != nil }
  private func record(_ operation: Operation) -> [Tensor] { graph.record(operation, all, types) }

  func outputs() -> [Tensor] {
    switch node.operation {
    case .source: preconditionFailure("a source depends on no element")
    case .random: graph.record(node.operation, [all(0).reshaped(to: [all(0).count / 2, 2])], types)
    case .elementwise: record(node.operation)
    case .reduce(let reduction, let axes): record(.reduce(reduction, axes: axes.map { $0 + 1 }))
    case .scan(let scan): record(.scan(behind(scan)))
    case .rearrange(let rearrangement): [rearrange(rearrangement)]
    case .assemble(let assembly): record(.assemble(behind(assembly)))
    case .index(let indexing): [index(indexing)]
    case .matmul: [matmul()]
    case .convolve(let convolution): convolve(convolution)
    case .pool(let pooling): [pool(pooling)]
    case .pass(let passing): [pass(passing)]
    case .composite(let composite): self.composite(composite)
    }
  }

  private func behind(_ scan: Operation.Scan) -> Operation.Scan {
    switch scan {
    case .argument(let axis, let largest): .argument(axis: axis + 1, largest: largest)
    case .argumentSort: scan
    case .cumulativeSum(let axis, let reverse): .cumulativeSum(axis: axis + 1, reverse: reverse)
    }
  }

  private func behind(_ assembly: Operation.Assembly) -> Operation.Assembly {
    switch assembly {
    case .pad(let low, let high, let interior): .pad(low: [0] + low, high: [0] + high, interior: [0] + interior)
    case .concatenate(let axis): .concatenate(axis: axis + 1)
    }
  }

  private func rearrange(_ rearrangement: Operation.Rearrangement) -> Tensor {
    let x = all(0)
    switch rearrangement {
    case .broadcast:
      // Axes are aligned at the end: new ones stand behind the elements'.
      let missing = [Int](repeating: 1, count: node.outputs[0].shape.rank - one(0).rank)
      return x.reshaped(to: Shape([count] + missing + one(0).shape.dimensions)).broadcastIfNeeded(to: types[0].shape)
    case .reshape: return x.reshaped(to: types[0].shape)
    case .transpose(let order): return x.transposed([0] + order.map { $0 + 1 })
    case .slice(let starts, let strides):
      return record(.rearrange(.slice(starts: [0] + starts, strides: [1] + strides)))[0]
    case .reverse(let axes): return record(.rearrange(.reverse(axes: axes.map { $0 + 1 })))[0]
    }
  }

  private func matmul() -> Tensor {
    // Many matrices times one are one larger product.
    guard !varies(1), one(1).rank == 2 else { return record(.matmul)[0] }
    return all(0).matmul(one(1))
  }

  // MARK: Elements as more of the first axis

  /// [n, m, ...] as [n m, ...].
  private func folded(_ x: Tensor) -> Tensor {
    x.reshaped(to: Shape([count * x.shape[1]] + x.shape.dimensions.dropFirst(2)))
  }

  /// The operation on all inputs, whose rows or images do not see each other.
  private func fold(_ operation: Operation, _ inputs: [Tensor]) -> [Tensor] {
    let outputs = node.outputs.map {
      TensorType(Shape([count * $0.shape[0]] + $0.shape.dimensions.dropFirst()), $0.elementType)
    }
    return zip(graph.record(operation, inputs, outputs), types).map { $0.reshaped(to: $1.shape) }
  }

  private func convolve(_ convolution: Operation.Convolution) -> [Tensor] {
    switch convolution {
    case .forward where !varies(1): fold(node.operation, [folded(all(0)), one(1)])
    case .dataGradient(let window, let shape) where !varies(1):
      fold(.convolve(.dataGradient(window, sourceShape: more(shape))), [folded(all(0)), one(1)])
    case .forward, .dataGradient, .weightGradient: apart()
    }
  }

  private func pool(_ pooling: Operation.Pooling) -> Tensor {
    switch pooling {
    case .argument, .sum: fold(node.operation, [folded(all(0))])[0]
    case .sumGradient(let window, let shape):
      fold(.pool(.sumGradient(window, sourceShape: more(shape))), [folded(all(0))])[0]
    }
  }

  private func more(_ shape: Shape) -> Shape { Shape([count * shape[0]] + shape.dimensions.dropFirst()) }

  private func composite(_ composite: Composite) -> [Tensor] {
    switch composite {
    case .softmaxCrossEntropy, .softmaxCrossEntropyGradient, .attention, .attentionGradient, .groupedAttention,
      .groupedAttentionGradient, .orthonormalBasis:
      return fold(node.operation, all.map(folded))
    case .layerNormalization where !varies(1) && !varies(2):
      return fold(node.operation, [folded(all(0)), one(1), one(2)])
    case .rootMeanSquareNormalization where !varies(1): return fold(node.operation, [folded(all(0)), one(1)])
    case .layerNormalization, .layerNormalizationGradient, .rootMeanSquareNormalization,
      .rootMeanSquareNormalizationGradient:
      var inner = vectorization
      return inner.all(composite.decomposed(node.inputs.indices.map(one)))
    }
  }

  // MARK: Positions

  private func index(_ indexing: Operation.Indexing) -> Tensor {
    switch indexing {
    case .gather(let axis):
      if !varies(1) { return recordAtSame(.gather(axis: axis + 1)) }
      let extent = one(0).shape[axis]
      guard varies(0) else {
        // Each element's parts are parts of the same tensor.
        return spread(one(0).gathering(all(1).reshaped(to: [count * one(1).count]), axis: axis), axis)
      }
      return spread(merged(all(0), axis).gathering(positions(extent), axis: axis), axis)
    case .scatterAdd(let axis, let extent):
      if !varies(1) { return recordAtSame(.scatterAdd(axis: axis + 1, extent: extent)) }
      let sums = merged(all(0), axis).scatterAdding(at: positions(extent), axis: axis, extent: count * extent)
      return spread(sums, axis)
    case .gatherElements(let axis): return record(.index(.gatherElements(axis: axis + 1)))[0]
    case .scatterAddElements(let axis, let extent):
      return record(.index(.scatterAddElements(axis: axis + 1, extent: extent)))[0]
    }
  }

  /// At the same positions for all elements.
  private func recordAtSame(_ indexing: Operation.Indexing) -> Tensor {
    graph.record(.index(indexing), [all(0), one(1)], types[0])
  }

  /// [n, ..., m, ...] as [..., n m, ...]: the elements' parts of an axis one after another.
  private func merged(_ x: Tensor, _ axis: Int) -> Tensor {
    let order = Array(1..<axis + 1) + [0] + Array(axis + 1..<x.rank)
    var shape = Array(x.shape.dimensions.dropFirst())
    shape[axis] *= count
    return x.transposed(order).reshaped(to: Shape(shape))
  }

  /// The reverse of `merged`.
  private func spread(_ x: Tensor, _ axis: Int) -> Tensor {
    var shape = x.shape.dimensions
    shape.replaceSubrange(axis...axis, with: [count, shape[axis] / count])
    let order = [axis] + Array(0..<axis) + Array(axis + 1..<shape.count)
    return x.reshaped(to: Shape(shape)).transposed(order)
  }

  /// Where each element's positions lie on a merged axis; one that is outside stays outside.
  private func positions(_ extent: Int) -> Tensor {
    let own = all(1)
    guard count * extent <= Int32.max else {
      return graph.fail(
        "vectorized", [own], "\(count) elements with \(extent) positions each are more than int32 counts")
    }
    let isInside = (own .>= 0) .& (own .< Double(extent))
    let first = graph.iota(own.shape, axis: 0) * Double(extent)
    return select(isInside, own + first, -1).reshaped(to: [own.count])
  }

  // MARK: Others

  private func pass(_ passing: Operation.Passing) -> Tensor {
    switch passing {
    // The closed form of its derivative is that of one batch; that of the primitives is right for many.
    case .identity, .batchNormalization: graph.record(.pass(.identity), [all(0)], types[0])
    case .stopGradient: graph.record(.pass(.stopGradient), [all(0)], types[0])
    case .later:
      graph.record(
        .pass(.later), [all(0)] + node.inputs.dropFirst().map { vectorization.known[$0] ?? vectorization.one($0) },
        types[0])
    }
  }

  /// Element by element.
  private func apart() -> [Tensor] {
    let each = (0..<count).map { element in
      graph.record(
        node.operation, node.inputs.indices.map { varies($0) ? all($0).part(element) : one($0) }, node.outputs)
    }
    return node.outputs.indices.map { output in stack(each.map { $0[output] }) }
  }
}
