/// Concrete numbers in memory: a dense, row-major, n-dimensional array with value semantics.
public struct NDArray: Sendable {
  /// Extents, outermost first.
  public let shape: Shape
  /// float32, float64, int32 or bool.
  public let elementType: ElementType
  /// The memory, shared with copies until one is written.
  public internal(set) var storage: Storage

  /// An array around existing memory, which must hold `shape.count` elements.
  public init(shape: Shape, elementType: ElementType, storage: Storage) {
    precondition(
      storage.byteCount >= shape.count * elementType.byteCount,
      "the storage holds \(storage.byteCount) bytes, too few for \(shape) of \(elementType)")
    self.shape = shape
    self.elementType = elementType
    self.storage = storage
  }

  /// An array whose elements have no defined value yet.
  public init(uninitialized shape: Shape, _ elementType: ElementType) {
    self.init(
      shape: shape, elementType: elementType, storage: Storage(byteCount: shape.count * elementType.byteCount))
  }

  /// The given values in row-major order; their number must be the shape's count.
  public init<S: Scalar>(_ values: [S], shape: Shape) {
    precondition(values.count == shape.count, "\(values.count) values cannot fill the shape \(shape)")
    self.init(uninitialized: shape, S.elementType)
    values.withUnsafeBytes {
      storage.pointer.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(storage.pointer), byteCount: $0.count)
    }
  }

  /// A vector.
  public init<S: Scalar>(_ values: [S]) { self.init(values, shape: [values.count]) }

  /// A scalar array.
  public init<S: Scalar>(_ value: S) { self.init([value], shape: .scalar) }

  /// Every element the same.
  public init(repeating value: Double, shape: Shape, elementType: ElementType = .float32) {
    self.init(uninitialized: shape, elementType)
    switch elementType {
    case .float32: fill(Float(value))
    case .float64: fill(value)
    case .int32: fill(Int32(rounding: value))
    case .bool: fill(value != 0)
    }
  }

  private func fill<S: Scalar>(_ value: S) {
    storage.pointer.bindMemory(to: S.self, capacity: shape.count).initialize(repeating: value, count: shape.count)
  }

  /// All elements zero.
  public static func zeros(_ shape: Shape, _ elementType: ElementType = .float32) -> NDArray {
    NDArray(repeating: 0, shape: shape, elementType: elementType)
  }

  /// All elements one.
  public static func ones(_ shape: Shape, _ elementType: ElementType = .float32) -> NDArray {
    NDArray(repeating: 1, shape: shape, elementType: elementType)
  }

  /// Whether no other array shares its memory.
  package mutating func isAlone() -> Bool { isKnownUniquelyReferenced(&storage) }

  /// Number of elements.
  public var count: Int { shape.count }
  /// Bytes of all elements.
  public var byteCount: Int { shape.count * elementType.byteCount }

  /// The same elements under another shape of equal count.
  public func reshaped(to shape: Shape) -> NDArray {
    precondition(shape.count == count, "\(self.shape) cannot be reshaped to \(shape)")
    return NDArray(shape: shape, elementType: elementType, storage: storage)
  }
}
