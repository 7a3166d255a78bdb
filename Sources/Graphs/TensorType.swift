@_exported import Arrays

/// What is known of a tensor before anything runs: its shape and the type of its elements.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  /// Extents, outermost first.
  public var shape: Shape
  /// float32, float64, int32 or bool.
  public var elementType: ElementType

  public init(_ shape: Shape, _ elementType: ElementType = .float32) {
    self.shape = shape
    self.elementType = elementType
  }

  /// The type of an array in memory.
  public init(of array: NDArray) { self.init(array.shape, array.elementType) }

  public var description: String { "\(elementType)\(shape)" }
}
