import Graphs

/// One walk from outputs back to inputs, adding up what each node passes on.
struct ReverseSweep {
  let inputs: [Tensor]
  /// Whether inputs are leaves, so that a path through one does not reach another.
  let stopping: Bool

  init(to inputs: [Tensor], stopping: Bool) {
    self.inputs = inputs
    self.stopping = stopping
  }

  /// The accumulated cotangent of each input, or nil where nothing arrived.
  func run(_ outputs: [Tensor], _ cotangents: [Tensor?]) -> [Tensor?] {
    guard let graph = outputs.first?.graph, !(outputs + inputs).contains(where: \.isPoisoned) else {
      return inputs.map { $0.isPoisoned ? $0 : nil }
    }
    let leaves = Set(inputs.map(\.value))
    let last = outputs.map(\.value.node).max() ?? 0
    let active = activeNodes(in: graph, from: leaves, through: last)
    var arrived: [Value: Tensor] = [:]
    for (output, cotangent) in zip(outputs, cotangents) {
      guard let cotangent else { continue }
      arrived[output.value] = arrived[output.value].map { $0 + cotangent } ?? cotangent
    }
    var collected: [Value: Tensor] = [:]
    for index in stride(from: last, through: 0, by: -1) where active[index] {
      let node = graph.nodes[index]
      let values = node.outputs.indices.map { Value(node: index, output: $0) }
      var incoming = values.map { arrived.removeValue(forKey: $0) }
      for (position, value) in values.enumerated() where leaves.contains(value) {
        collected[value] = incoming[position]
        if stopping { incoming[position] = nil }
      }
      guard incoming.contains(where: { $0 != nil }), !node.inputs.isEmpty else { continue }
      let outgoing = DerivativeRule(graph: graph, node: node, index: index).pullback(incoming)
      for (input, cotangent) in zip(node.inputs, outgoing) where active[input.node] {
        guard let cotangent else { continue }
        arrived[input] = arrived[input].map { $0 + cotangent } ?? cotangent
      }
    }
    return inputs.map { collected[$0.value] }
  }

  /// Nodes whose results depend on a leaf.
  private func activeNodes(in graph: Graph, from leaves: Set<Value>, through last: Int) -> [Bool] {
    var active = [Bool](repeating: false, count: graph.nodes.count)
    for leaf in leaves { active[leaf.node] = true }
    let first = leaves.map(\.node).min() ?? 0
    guard first <= last else { return active }
    for index in first...last where !active[index] {
      active[index] = graph.nodes[index].inputs.contains { active[$0.node] }
    }
    return active
  }
}
