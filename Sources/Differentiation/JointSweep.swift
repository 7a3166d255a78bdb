import Graphs

/// The gradients of several scalars in one walk back, handed on input by input as soon as they are complete: what is made of
/// them at once needs no more memory than one input's gradients.
///
/// - Parameters:
///   - outputs: one element each, of floating types.
///   - inputs: tensors of floating types.
///   - body: called once for each input, by its position, with the gradient of each output.
public func forEachGradient(
  of outputs: [Tensor], withRespectTo inputs: [Tensor], file: String = #fileID, line: Int = #line,
  _ body: (_ position: Int, _ gradients: [Tensor]) -> Void
) {
  for output in outputs where output.count != 1 || !output.elementType.isFloatingPoint {
    _ = output.at(file, line).graph.fail("gradients", [output], "only a floating scalar has a gradient")
    return
  }
  guard let graph = outputs.first?.graph, !(outputs + inputs).contains(where: \.isPoisoned) else { return }
  let leaves = Set(inputs.map(\.value))
  let paths = outputs.map { ReverseSweep(to: inputs, stopping: false).nodes(in: graph, from: leaves, to: [$0]) }
  let order = Set(paths.flatMap(\.order)).sorted()
  // An input is complete behind the first of its readers, counted from the start.
  var waiting: [Int: [Int]] = [:]
  let positions = Dictionary(grouping: inputs.indices) { inputs[$0].value }
  var unread = Set(inputs.indices)
  for index in order {
    for value in Set(graph.nodes[index].inputs) {
      for position in positions[value] ?? [] where unread.remove(position) != nil {
        waiting[index, default: []].append(position)
      }
    }
  }
  var arrived = outputs.map { [$0.value: $0.filled(with: 1)] }
  func hand(_ position: Int) {
    let input = inputs[position]
    body(position, arrived.map { $0[input.value] ?? input.filled(with: 0) })
  }
  var recomputing = Recomputing(graph)
  for index in order.reversed() {
    let node = graph.nodes[index]
    for (s, path) in paths.enumerated() where path.members.contains(index) && !node.inputs.isEmpty {
      let incoming = node.outputs.indices.map { output -> Tensor? in
        let value = Value(node: index, output: output)
        return leaves.contains(value) ? arrived[s][value] : arrived[s].removeValue(forKey: value)
      }
      guard incoming.contains(where: { $0 != nil }) else { continue }
      let outgoing = DerivativeRule(graph: graph, position: recomputing.node(index, incoming)).pullback(incoming)
      for (input, cotangent) in zip(node.inputs, outgoing) where path.members.contains(input.node) {
        guard let cotangent else { continue }
        arrived[s][input] = arrived[s][input].map { $0 + cotangent } ?? cotangent
      }
    }
    for position in waiting[index] ?? [] { hand(position) }
  }
  for position in unread.sorted() { hand(position) }
}
