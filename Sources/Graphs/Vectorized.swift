/// The results of a function of one element for each element along the first axis of the inputs, computed together: `vmap`.
///
/// ```swift
/// // How long the gradient of each single example is.
/// let lengths = vectorized(over: [features, labels]) { one in
///   let loss = softmaxCrossEntropy(one[0].expanded(axis: 0).matmul(weights), labels: one[1].expanded(axis: 0)).sum()
///   return [gradients(of: loss, withRespectTo: [weights])[0].norm()]
/// }[0]
/// ```
///
/// The function is traced once, on tensors without the first axis. Tensors of outside that it reads, as `weights`, are the same
/// for all elements; derivatives with respect to them, taken inside, are each element's own. Derivatives may be taken inside
/// and outside, and bodies may contain others. (A derivative inside with respect to what the inputs themselves depend on takes
/// n² elements of memory.) Convolutions with weights that differ, and gradients of a convolution's weights,
/// are recorded element by element. What is recomputed to save memory goes around it, not into the body. (J. Bradbury et al.,
/// "JAX", 2018.)
///
/// - Parameters:
///   - inputs: at least one, of one graph; [n, ...] each, with the same n > 0.
///   - function: from tensors like the inputs without their first axis to results.
/// - Returns: like the function's results, with a first axis of n.
public func vectorized(
  over inputs: [Tensor], file: String = #fileID, line: Int = #line, _ function: ([Tensor]) throws -> [Tensor]
) rethrows -> [Tensor] {
  precondition(!inputs.isEmpty, "there is nothing to go over")
  let graph = inputs[0].at(file, line).graph
  precondition(inputs.allSatisfy { $0.graph === graph }, "vectorized: the inputs belong to different graphs")
  guard let count = inputs[0].shape.dimensions.first, count > 0,
    inputs.allSatisfy({ $0.shape.dimensions.first == count })
  else {
    _ = graph.fail("vectorized", inputs, "needs inputs with one first extent above 0")
    return try function(inputs.map { Tensor(graph: graph, value: .poison, type: $0.elementOfFirstAxis) })
  }
  // An element is what lies at its index, which is no other value: so derivatives that go on to what the inputs depend on know
  // whose they are.
  let index = graph.recordApart(.pass(.identity), [graph.iota([1], axis: 0)])
  let elements = inputs.map { $0.gathering(index).reshaped(to: $0.elementOfFirstAxis.shape) }
  let results = try function(elements)
  var vectorization = Vectorization(graph, count)
  vectorization.known[index.value] = graph.iota([count, 1], axis: 0)
  for (element, input) in zip(elements, inputs) { vectorization.known[element.value] = input }
  return vectorization.all(results)
}

extension Tensor {
  /// The type without the first axis.
  fileprivate var elementOfFirstAxis: TensorType { TensorType(Shape(Array(shape.dimensions.dropFirst())), elementType) }
}

/// What stands for values of one element where all elements are computed together.
struct Vectorization {
  let graph: Graph
  /// Elements.
  let count: Int
  /// With all elements along a new first axis.
  var known: [Value: Tensor] = [:]
  /// What is the same for all, and was recorded anew.
  private var same: [Value: Tensor] = [:]

  init(_ graph: Graph, _ count: Int) { (self.graph, self.count) = (graph, count) }

  /// The results for all elements; those that are the same for all are repeated.
  mutating func all(_ results: [Tensor]) -> [Tensor] {
    for index in dependent(results) {
      let node = graph.nodes[index]
      let values = node.outputs.indices.map { Value(node: index, output: $0) }
      // Of what waits for others only the first input is its value.
      let isLater = node.operation == .pass(.later)
      if (isLater ? Array(node.inputs.prefix(1)) : node.inputs).contains(where: { known[$0] != nil }) {
        let outputs = VectorizationRule(of: node, count: count, self).outputs()
        for (value, output) in zip(values, outputs) { known[value] = output }
      } else {
        let inputs = node.inputs.map { known[$0] ?? one($0) }
        for (value, output) in zip(values, graph.record(node.operation, inputs, node.outputs)) { same[value] = output }
      }
    }
    return results.map { $0.isPoisoned ? $0 : repeated($0.value) }
  }

  /// A value with all elements along a first axis.
  func repeated(_ value: Value) -> Tensor {
    if let tensor = known[value] { return tensor }
    let tensor = one(value)
    return tensor.broadcastIfNeeded(to: Shape([count] + tensor.shape.dimensions))
  }

  /// A value of one element, or what is the same for all.
  func one(_ value: Value) -> Tensor { same[value] ?? graph.tensor(value) }

  /// Operations that results need and that depend on what is known, in order.
  private func dependent(_ results: [Tensor]) -> [Int] {
    let ends = Set(known.keys.map(\.node))
    // Nothing recorded before depends on them.
    guard let first = ends.min() else { return [] }
    var needed = Set(results.filter { !$0.isPoisoned && $0.value.node >= first }.map(\.value.node))
    var pending = Array(needed)
    while let index = pending.popLast() {
      if ends.contains(index) { continue }
      for input in graph.nodes[index].inputs where input.node >= first && needed.insert(input.node).inserted {
        pending.append(input.node)
      }
    }
    var (order, members): ([Int], Set<Int>) = ([], ends)
    for index in needed.sorted() where !ends.contains(index) {
      guard graph.nodes[index].inputs.contains(where: { members.contains($0.node) }) else { continue }
      order.append(index)
      members.insert(index)
    }
    return order
  }
}
