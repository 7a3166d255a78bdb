import Graphs

/// Gradients that only the update of an argument reads, by a multiple: argument + scale * (product + ...).
///
/// Such a product is made of a factor that is scaled already, so that it can be added where the argument lies: the gradient
/// of a large matrix is then never written and read again.
struct TakenUpGradients {
  /// By the product or scatter-add that is scaled on the way, its scale as a number or a value of one element.
  private(set) var scales: [Int: Value] = [:]
  /// By the node that adds a gradient to an argument, that argument and the gradient's terms.
  private(set) var updates: [Int: (argument: Value, terms: [Value])] = [:]
  private let graph: Graph
  /// Most operations of a scale that may have to be computed earlier than they were recorded.
  private static let longestScale = 64

  init(of graph: Graph, outputs: [Tensor]) {
    self.graph = graph
    let readers = graph.readerCounts(outputs: outputs)
    for index in graph.nodes.indices where readers[index] > 0 { consider(index, readers) }
  }

  private mutating func consider(_ index: Int, _ readers: [Int]) {
    let node = graph.nodes[index]
    guard case .elementwise(.binary(.add)) = node.operation, node.outputs[0].elementType == .float32,
      node.outputs[0].shape.count >= Absorption.smallestAccumulation
    else { return }
    for (argument, step) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard case .source(.input) = graph.nodes[argument.node].operation, readers[step.node] == 1,
        case .elementwise(.binary(.multiply)) = graph.nodes[step.node].operation
      else { continue }
      let factors = graph.nodes[step.node].inputs
      for (factor, gradient) in [(factors[0], factors[1]), (factors[1], factors[0])] {
        guard let scale = single(factor), let terms = terms(of: gradient, readers),
          terms.contains(where: isProduct), isReady(scale, before: terms.map(\.node).min()!)
        else { continue }
        for term in terms { scales[term.node] = scale }
        // Products first: what is scattered is then added where they lie.
        updates[index] = (argument, terms.filter(isProduct) + terms.filter { !isProduct($0) })
        return
      }
    }
  }

  private func isProduct(_ value: Value) -> Bool {
    switch graph.nodes[value.node].operation {
    case .matmul, .rearrange(.transpose): true
    default: false
    }
  }

  /// The number, or the value of one element, that a value repeats.
  private func single(_ value: Value) -> Value? {
    let node = graph.nodes[value.node]
    switch node.operation {
    case .source(.fill): return value
    case .rearrange(.broadcast):
      let source = graph.nodes[node.inputs[0].node]
      return source.outputs[node.inputs[0].output].shape.count == 1 ? node.inputs[0] : nil
    default: return nil
    }
  }

  /// The products, perhaps turned, and scatter-adds of which a value is the sum, where nobody else reads any of it.
  private func terms(of value: Value, _ readers: [Int]) -> [Value]? {
    guard readers[value.node] == 1 else { return nil }
    let node = graph.nodes[value.node]
    switch node.operation {
    case .matmul:
      let inner = graph.nodes[node.inputs[0].node].outputs[node.inputs[0].output].shape[-1]
      let fits = node.outputs[0].shape.rank == 2 && inner > 0 && inner <= Absorption.deepestAccumulation
      return fits ? [value] : nil
    case .rearrange(.transpose([1, 0])):
      guard case .matmul = graph.nodes[node.inputs[0].node].operation else { return nil }
      return terms(of: node.inputs[0], readers) == nil ? nil : [value]
    case .index(.scatterAdd(axis: 0, _)): return node.outputs[0].shape.rank == 2 ? [value] : nil
    case .elementwise(.binary(.add)):
      guard let left = terms(of: node.inputs[0], readers), let right = terms(of: node.inputs[1], readers) else {
        return nil
      }
      return left + right
    default: return nil
    }
  }

  /// Whether little of a value was recorded after an operation, so that it can be computed before.
  private func isReady(_ value: Value, before index: Int) -> Bool {
    var late: Set<Int> = []
    var pending = [value.node]
    while let node = pending.popLast() {
      guard node >= index, late.insert(node).inserted else { continue }
      if late.count > Self.longestScale { return false }
      pending += graph.nodes[node].inputs.map(\.node)
    }
    return true
  }

  /// The graph with scaled factors in the place of scaled products.
  func rewritten(outputs: [Tensor]) -> (graph: Graph, outputs: [Tensor]) {
    guard !updates.isEmpty else { return (graph, outputs) }
    return graph.rewritten(outputs: outputs) { _, index, moved in
      if let scale = scales[index] { return scaled(graph.nodes[index], moved(scale), moved) }
      return updates[index].map { update in update.terms.reduce(moved(update.argument)) { $0 + moved($1) } }
    }
  }

  private func scaled(_ node: Node, _ scale: Tensor, _ moved: (Value) -> Tensor) -> Tensor {
    var (a, b): (Tensor, Tensor)
    switch node.operation {
    case .index(.scatterAdd(let axis, let extent)):
      return times(moved(node.inputs[0]), scale).scatterAdding(at: moved(node.inputs[1]), axis: axis, extent: extent)
    case .rearrange:
      // A turned product is that of the turned factors in the other order.
      let factors = graph.nodes[node.inputs[0].node].inputs
      (a, b) = (turned(moved(factors[1])), turned(moved(factors[0])))
    default: (a, b) = (moved(node.inputs[0]), moved(node.inputs[1]))
    }
    if a.count < b.count { a = times(a, scale) } else { b = times(b, scale) }
    return a.matmul(b)
  }

  private func turned(_ x: Tensor) -> Tensor {
    if let node = x.graph.node(of: x), case .rearrange(.transpose([1, 0])) = node.operation {
      return x.graph.tensor(node.inputs[0])
    }
    return x.transposed()
  }

  /// A multiple, made where the numbers lie as they were written.
  private func times(_ x: Tensor, _ scale: Tensor) -> Tensor {
    let graph = x.graph
    if let node = graph.node(of: x), case .rearrange(let rearrangement) = node.operation {
      switch rearrangement {
      case .transpose, .reshape:
        return graph.record(node.operation, [times(graph.tensor(node.inputs[0]), scale)], x.type)
      case .broadcast, .slice, .reverse: break
      }
    }
    if let number = scale.fillValue { return x * number }
    return x * (scale.rank == 0 ? scale : scale.reshaped(to: .scalar))
  }
}
