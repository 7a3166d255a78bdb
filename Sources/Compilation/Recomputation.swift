import Graphs

/// Cheap results that every cluster computes for itself, from what is in memory anyway, rather than one cluster writing
/// them for others to read: element-wise work costs less than the traffic.
struct Recomputation {
  /// Nodes whose values are not written.
  private(set) var nodes: Set<Int> = []

  /// Most operations, over all readers, that may be spent on one value that is not written (measured: an operation on a
  /// tile costs about half of what writing it costs).
  private static let mostOperations = 2
  /// Smaller values stay in the cache between two clusters.
  static let smallestElementCount = 65536

  private let graph: Graph
  private let fusion: Fusion
  /// Full-size values that a recomputed node is made of, and how many operations it takes.
  private var recipes: [Int: (leaves: Set<Value>, length: Int)] = [:]
  private let readByKernel: Set<Value>
  /// The other clusters that read a node's value.
  private var readers: [Int: Set<Int>] = [:]

  /// - Parameter readByKernel: values that something other than a cluster reads, so that they are written anyway.
  init(of graph: Graph, live: [Bool], _ fusion: Fusion, readByKernel: Set<Value>) {
    self.graph = graph
    self.fusion = fusion
    self.readByKernel = readByKernel
    for index in graph.nodes.indices where live[index] && fusion.clusters[fusion.unit[index]] != nil {
      for input in graph.nodes[index].inputs {
        let source = Fusion.source(of: input, in: graph).node
        if fusion.unit[source] != fusion.unit[index] { readers[source, default: []].insert(fusion.unit[index]) }
      }
    }
    for index in graph.nodes.indices where live[index] {
      guard case .elementwise = graph.nodes[index].role, fusion.unit[index] >= 0,
        fusion.clusters[fusion.unit[index]] != nil, !readByKernel.contains(Value(node: index)),
        let readers = readers[index]?.count,
        graph.nodes[index].outputs[0].shape.count >= Self.smallestElementCount,
        let recipe = recipe(for: index)
      else { continue }
      let own = graph.nodes[index].outputs[0].elementType.byteCount
      let leaves = recipe.leaves.reduce(0) { $0 + elementType($1).byteCount }
      // Each reader reads the leaves instead of the value, and the value is not written.
      guard leaves * readers < own * (readers + 1), recipe.length * readers <= Self.mostOperations else { continue }
      nodes.insert(index)
      recipes[index] = recipe
    }
  }

  private func recipe(for index: Int) -> (leaves: Set<Value>, length: Int)? {
    let node = graph.nodes[index]
    guard case .elementwise(let operation) = node.operation, operation.isCheap else { return nil }
    var leaves: Set<Value> = []
    var length = 1
    for input in node.inputs {
      let source = Fusion.source(of: input, in: graph)
      if isSmall(source) { continue }
      if let known = recipes[source.node] {
        leaves.formUnion(known.leaves)
        length += known.length
      } else if isWritten(source) {
        leaves.insert(source)
      } else {
        return nil
      }
    }
    return leaves.isEmpty ? nil : (leaves, length)
  }

  /// Whether a value is a repeated vector or number.
  private func isSmall(_ value: Value) -> Bool {
    let node = graph.nodes[value.node]
    if case .source(.fill) = node.operation { return true }
    guard case .rearrange(.broadcast) = node.operation else { return false }
    let source = node.inputs[0]
    return graph.nodes[source.node].outputs[source.output].shape.count * 16 <= node.outputs[0].shape.count
  }

  /// Whether a value is in memory for reasons of its own: a kernel's result, or one that other clusters read. Arguments
  /// are left alone, since their memory may be given to a result.
  private func isWritten(_ value: Value) -> Bool {
    let unit = fusion.unit[value.node]
    guard unit >= 0 else { return false }
    if fusion.clusters[unit] == nil { return true }
    return readByKernel.contains(value) || (readers[value.node] != nil && !nodes.contains(value.node))
  }

  private func elementType(_ value: Value) -> ElementType {
    graph.nodes[value.node].outputs[value.output].elementType
  }
}

extension Operation.Elementwise {
  /// Whether computing it again costs less than reading it.
  fileprivate var isCheap: Bool {
    switch self {
    case .unary(let operation): operation.isCheap
    case .binary(let operation): operation.isCheap
    case .select: true
    case .compare, .cast: false
    }
  }
}

extension UnaryOperation {
  fileprivate var isCheap: Bool {
    switch self {
    case .negate, .square, .relu: true
    case .absolute, .sign, .exp, .log, .log1p, .expm1, .sqrt, .rsqrt, .reciprocal, .sin, .cos, .tanh, .sigmoid, .erf,
      .floor, .round, .isFinite, .not, .gelu, .geluSlope:
      false
    }
  }
}

extension BinaryOperation {
  fileprivate var isCheap: Bool {
    switch self {
    case .add, .subtract, .multiply: true
    case .divide, .power, .maximum, .minimum, .and, .or: false
    }
  }
}
