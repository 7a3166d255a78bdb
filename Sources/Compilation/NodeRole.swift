import Graphs

/// How the compiler treats a node.
enum NodeRole: Equatable {
  /// Only another look at memory, or a value known while compiling: costs nothing by itself.
  case view
  /// Element by element: fused with its neighbours.
  case elementwise(Operation.Elementwise)
  /// Reduces axes of an element-wise result, fused with it.
  case reduction(Reduction, axes: [Int])
  /// A kernel of its own.
  case kernel
}

extension Node {
  var role: NodeRole {
    switch operation {
    case .source, .rearrange, .pass: .view
    case .elementwise(let operation): .elementwise(operation)
    case .reduce(let reduction, let axes): .reduction(reduction, axes: axes)
    case .random, .scan, .assemble, .index, .matmul, .convolve, .pool, .composite: .kernel
    }
  }

  var isElementwise: Bool {
    if case .elementwise = operation { return true }
    return false
  }

  /// Whether the value is the first input's, and only the derivative differs.
  var passesItsInput: Bool {
    if case .pass = operation { return true }
    return false
  }
}
