import Graphs

/// Copies of recorded segments, made when a walk back comes to them, so that derivatives read the copies.
struct Recomputing {
  private let graph: Graph
  /// The segment that is being walked through.
  private var segment = 0..<0
  /// The copy of each of its nodes.
  private var copies: [Int] = []

  init(_ graph: Graph) { self.graph = graph }

  /// The node whose derivative rule serves for one: itself, or its copy where it is part of a segment.
  ///
  /// - Parameter incoming: what arrived at its outputs; the copies are not computed before that is there.
  mutating func node(_ index: Int, _ incoming: [Tensor?]) -> Int {
    if !segment.contains(index) {
      guard let found = graph.segment(of: index) else { return index }
      segment = found
      copy(after: incoming.compactMap { $0 })
    }
    return copies[index - segment.lowerBound]
  }

  private mutating func copy(after arrived: [Tensor]) {
    let place = graph.location
    defer { graph.location = place }
    copies = []
    var entries: [Value: Tensor] = [:]
    func moved(_ value: Value) -> Tensor {
      let original = graph.tensor(value)
      if segment.contains(value.node) {
        return graph.tensor(Value(node: copies[value.node - segment.lowerBound], output: value.output))
      }
      // What is known without computing is never kept.
      if case .source(let source) = graph.nodes[value.node].operation, source.isKnown { return original }
      if let known = entries[value] { return known }
      let entry = graph.record(.pass(.later), [original] + arrived, original.type)
      entries[value] = entry
      return entry
    }
    for index in segment {
      let node = graph.nodes[index]
      guard !node.inputs.isEmpty else {
        copies.append(index)
        continue
      }
      graph.location = node.location
      copies.append(graph.record(node.operation, node.inputs.map(moved), node.outputs)[0].value.node)
    }
  }
}

extension Operation.Source {
  /// Whether it takes no argument of the program.
  fileprivate var isKnown: Bool {
    switch self {
    case .input: false
    case .constant, .fill, .iota: true
    }
  }
}
