/// One result of a node.
public struct Value: Hashable, Sendable {
  package var node: Int
  package var output: Int

  package init(node: Int, output: Int = 0) {
    self.node = node
    self.output = output
  }

  static let poison = Value(node: -1)
}

/// A recorded operation.
package struct Node: Sendable {
  package var operation: Operation
  package var inputs: [Value]
  package var outputs: [TensorType]
  package var location: SourceLocation
}

/// What was traced: operations in the order in which they were recorded, each on results of earlier ones.
///
/// Equal operations on equal inputs are recorded once. A graph belongs to the thread that traces it.
public final class Graph {
  package private(set) var nodes: [Node] = []
  package private(set) var constants: [NDArray] = []
  package private(set) var inputCount = 0
  /// The first operation that could not be recorded.
  public private(set) var failure: ShapeError?
  /// What is computed again where a derivative needs it; apart from one another, rising.
  package var segments: [Range<Int>] = []
  /// The last place that a named operation reported; operators, which cannot report one, inherit it.
  package var location = SourceLocation(file: "unknown", line: 0)

  private struct Key: Hashable {
    var operation: Operation
    var inputs: [Value]
    var outputs: [TensorType]
  }
  private var known: [Key: Int] = [:]

  public init() {}

  /// A new argument of the program, the next in order.
  public func input(_ type: TensorType, file: String = #fileID, line: Int = #line) -> Tensor {
    location = SourceLocation(file: file, line: line)
    inputCount += 1
    return record(.source(.input(inputCount - 1)), [], type)
  }

  /// An array known while tracing.
  public func constant(_ array: NDArray) -> Tensor {
    let type = TensorType(of: array)
    if let position = constants.lastIndex(where: { $0.storage === array.storage && TensorType(of: $0) == type }) {
      return record(.source(.constant(position)), [], type)
    }
    constants.append(array)
    return record(.source(.constant(constants.count - 1)), [], type)
  }

  /// One value everywhere.
  public func fill(_ value: Double, _ type: TensorType) -> Tensor { record(.source(.fill(value)), [], type) }

  package func record(_ operation: Operation, _ inputs: [Tensor], _ output: TensorType) -> Tensor {
    record(operation, inputs, [output])[0]
  }

  package func record(_ operation: Operation, _ inputs: [Tensor], _ outputs: [TensorType]) -> [Tensor] {
    if inputs.contains(where: \.isPoisoned) { return outputs.map { Tensor(graph: self, value: .poison, type: $0) } }
    let key = Key(operation: operation, inputs: inputs.map(\.value), outputs: outputs)
    let index: Int
    if let existing = known[key] {
      index = existing
    } else {
      index = nodes.count
      nodes.append(Node(operation: operation, inputs: key.inputs, outputs: outputs, location: location))
      known[key] = index
    }
    return outputs.indices.map { Tensor(graph: self, value: Value(node: index, output: $0), type: outputs[$0]) }
  }

  /// Records an operation on one tensor, of its type, though an equal one may be there: nothing else is this value.
  func recordApart(_ operation: Operation, _ inputs: [Tensor]) -> Tensor {
    guard !inputs[0].isPoisoned else { return inputs[0] }
    nodes.append(
      Node(operation: operation, inputs: inputs.map(\.value), outputs: [inputs[0].type], location: location))
    return tensor(Value(node: nodes.count - 1))
  }

  /// Notes the first failure and returns a poisoned tensor, so that tracing goes on and compiling can throw.
  package func fail(_ operation: String, _ operands: [Tensor], _ reason: String) -> Tensor {
    if failure == nil, !operands.contains(where: \.isPoisoned) {
      failure = ShapeError(operation: operation, operands: operands.map(\.type), reason: reason, location: location)
    }
    return Tensor(graph: self, value: .poison, type: operands.first?.type ?? TensorType(.scalar))
  }

  /// What the outputs need, with successive rearrangements joined and double negations gone, and the outputs there.
  ///
  /// Done when all derivatives are taken, not while tracing: a derivative with respect to a reshaped tensor would miss
  /// what reads it through another reshape, if that reshape went past it to the tensor behind.
  package func simplified(outputs: [Tensor]) -> (graph: Graph, outputs: [Tensor]) {
    rewritten(outputs: outputs) { [nodes] result, index, moved in
      result.joined(nodes[index], nodes[index].inputs.map(moved))
    }
  }

  /// What the outputs need, recorded anew, with other tensors in the place of some.
  ///
  /// - Parameter replacement: what stands for an operation's result in the new graph, or nil for the operation itself; it
  ///   is given the new graph, the operation's position here, and what stands for values here. A value of a later position
  ///   is recorded early, with what it needs that is not there yet.
  package func rewritten(
    outputs: [Tensor], _ replacement: @escaping (_ result: Graph, _ index: Int, _ moved: (Value) -> Tensor) -> Tensor?
  ) -> (graph: Graph, outputs: [Tensor]) {
    let readers = readerCounts(outputs: outputs)
    let result = Graph()
    (result.constants, result.inputCount) = (constants, inputCount)
    var tensors = [[Tensor]](repeating: [], count: nodes.count)
    func moved(_ value: Value) -> Tensor {
      if tensors[value.node].isEmpty { move(value.node) }
      return tensors[value.node][value.output]
    }
    func move(_ index: Int) {
      let node = nodes[index]
      let inputs = node.inputs.map(moved)
      result.location = node.location
      tensors[index] =
        replacement(result, index, moved).map { [$0] } ?? result.record(node.operation, inputs, node.outputs)
    }
    for index in nodes.indices where readers[index] > 0 && tensors[index].isEmpty { move(index) }
    return (result, outputs.map { moved($0.value) })
  }

  /// How many operations that the outputs need, and outputs, read each operation's results.
  package func readerCounts(outputs: [Tensor]) -> [Int] {
    var readers = [Int](repeating: 0, count: nodes.count)
    for output in outputs { readers[output.value.node] += 1 }
    for index in nodes.indices.reversed() where readers[index] > 0 {
      for input in nodes[index].inputs { readers[input.node] += 1 }
    }
    return readers
  }

  /// An operation after one of its kind as a single one, or as none.
  private func joined(_ node: Node, _ inputs: [Tensor]) -> Tensor? {
    guard inputs.count == 1, let before = self.node(of: inputs[0]), let type = node.outputs.first else { return nil }
    func source() -> Tensor { tensor(before.inputs[0]) }
    switch (node.operation, before.operation) {
    case (.elementwise(.unary(.negate)), .elementwise(.unary(.negate))):
      return source()
    case (.rearrange(.broadcast), .rearrange(.broadcast)), (.rearrange(.reshape), .rearrange(.reshape)):
      return source().shape == type.shape ? source() : record(node.operation, [source()], type)
    case (.rearrange(.transpose(let outer)), .rearrange(.transpose(let inner))):
      let order = outer.map { inner[$0] }
      return order == Array(order.indices) ? source() : record(.rearrange(.transpose(order)), [source()], type)
    default: return nil
    }
  }

  /// The tensor of a recorded value.
  package func tensor(_ value: Value) -> Tensor {
    Tensor(graph: self, value: value, type: nodes[value.node].outputs[value.output])
  }

  package func node(of tensor: Tensor) -> Node? { tensor.isPoisoned ? nil : nodes[tensor.value.node] }
}
