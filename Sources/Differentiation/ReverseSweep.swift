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
    let path = nodes(in: graph, from: leaves, to: outputs)
    var arrived: [Value: Tensor] = [:]
    for (output, cotangent) in zip(outputs, cotangents) {
      guard let cotangent else { continue }
      arrived[output.value] = arrived[output.value].map { $0 + cotangent } ?? cotangent
    }
    var collected: [Value: Tensor] = [:]
    var recomputing = Recomputing(graph)
    for index in path.order.reversed() {
      let node = graph.nodes[index]
      let values = node.outputs.indices.map { Value(node: index, output: $0) }
      var incoming = values.map { arrived.removeValue(forKey: $0) }
      for (position, value) in values.enumerated() where leaves.contains(value) {
        collected[value] = incoming[position]
        if stopping { incoming[position] = nil }
      }
      guard incoming.contains(where: { $0 != nil }), !node.inputs.isEmpty else { continue }
      let outgoing = DerivativeRule(graph: graph, position: recomputing.node(index, incoming)).pullback(incoming)
      for (input, cotangent) in zip(node.inputs, outgoing) where path.members.contains(input.node) {
        guard let cotangent else { continue }
        arrived[input] = arrived[input].map { $0 + cotangent } ?? cotangent
      }
    }
    return inputs.map { collected[$0.value] }
  }

  /// Nodes between leaves and outputs, in order: what an output needs and what depends on a leaf. The time goes with
  /// their number, not with the graph's.
  func nodes(in graph: Graph, from leaves: Set<Value>, to outputs: [Tensor]) -> (
    order: [Int], members: Set<Int>
  ) {
    let ends = Set(leaves.map(\.node))
    var needed: Set<Int> = Set(outputs.map(\.value.node))
    var pending = Array(needed)
    while let index = pending.popLast() {
      if stopping && ends.contains(index) { continue }
      for input in graph.nodes[index].inputs where needed.insert(input.node).inserted { pending.append(input.node) }
    }
    var (order, members): ([Int], Set<Int>) = ([], [])
    for index in needed.sorted()
    where ends.contains(index) || graph.nodes[index].inputs.contains(where: { members.contains($0.node) }) {
      order.append(index)
      members.insert(index)
    }
    return (order, members)
  }
}
