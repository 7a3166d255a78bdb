/// A symbolic n-dimensional array in a graph that is being traced: arithmetic on it records operations.
///
/// An operation on wrong shapes does not trap: it poisons its result, and compiling throws the first error with its
/// place.
public struct Tensor {
  /// Where it is recorded; operands of one operation must share it.
  public let graph: Graph
  package let value: Value
  /// Shape and element type.
  public let type: TensorType

  package init(graph: Graph, value: Value, type: TensorType) {
    self.graph = graph
    self.value = value
    self.type = type
  }

  /// Its extents, outermost first.
  public var shape: Shape { type.shape }
  /// float32, float64, int32 or bool.
  public var elementType: ElementType { type.elementType }
  /// Number of dimensions; 0 for a scalar.
  public var rank: Int { type.shape.rank }
  /// Number of elements.
  public var count: Int { type.shape.count }

  package var isPoisoned: Bool { value.node < 0 }

  /// The value of a tensor that is the same number everywhere and known while tracing.
  package var fillValue: Double? {
    guard let node = graph.node(of: self) else { return nil }
    switch node.operation {
    case .source(.fill(let value)): return value
    case .rearrange(.broadcast), .rearrange(.reshape): return graph.tensor(node.inputs[0]).fillValue
    case .source, .random, .elementwise, .reduce, .scan, .rearrange, .assemble, .index, .matmul, .convolve, .pool,
      .pass,
      .composite:
      return nil
    }
  }

  /// One value everywhere, in this tensor's shape and type.
  public func filled(with value: Double) -> Tensor { graph.fill(value, type) }

  /// A scalar of this tensor's type.
  public func scalar(_ value: Double) -> Tensor { graph.fill(value, TensorType(.scalar, elementType)) }

  package func at(_ file: String, _ line: Int) -> Tensor {
    graph.location = SourceLocation(file: file, line: line)
    return self
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String { isPoisoned ? "Tensor(poisoned)" : "Tensor(\(type))" }
}
