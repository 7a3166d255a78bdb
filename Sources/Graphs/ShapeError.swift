/// A place in the source that recorded an operation.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
  /// The file as the compiler names it, module first.
  public var file: String
  /// Counted from 1.
  public var line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  public var description: String { "\(file):\(line)" }
}

/// An operation met operands that it cannot take. Found while tracing, thrown when the graph is compiled.
public struct ShapeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operation's name, as in the API.
  public var operation: String
  /// The operands' types, in order.
  public var operands: [TensorType]
  /// What does not fit, in words.
  public var reason: String
  /// Where the operation was recorded; for an operator, where its operands were last named.
  public var location: SourceLocation

  public var description: String {
    let types = operands.map(\.description).joined(separator: ", ")
    return "\(operation)(\(types)): \(reason) (\(location))"
  }
}
