import Graphs

/// How the compiler treats a node.
enum NodeRole: Equatable {
  /// Only another look at memory, or a value known while compiling: costs nothing by itself.
  case view
  /// Element by element: fused with its neighbours.
  case elementwise
  /// Reduces axes of an element-wise result, fused with it.
  case reduction([Int])
  /// A kernel of its own.
  case kernel
}

extension Node {
  var role: NodeRole {
    switch operation {
    case .input, .constant, .fill, .iota, .broadcast, .reshape, .transpose, .slice, .reverse, .stopGradient,
      .composite(.batchNormalization):
      .view
    case .unary, .binary, .compare, .select, .cast: .elementwise
    case .reduce(_, let axes): .reduction(axes)
    default: .kernel
    }
  }

  var isElementwise: Bool { role == .elementwise }

  /// Whether the value is the first input's, and only the derivative differs.
  var passesItsInput: Bool { operation == .stopGradient || operation == .composite(.batchNormalization) }
}
