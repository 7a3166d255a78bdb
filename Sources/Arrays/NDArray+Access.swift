extension NDArray {
  /// Reads the elements in place; `S` must be the array's element type.
  public func withUnsafeElements<S: Scalar, R>(
    of type: S.Type = S.self, _ body: (UnsafeBufferPointer<S>) throws -> R
  ) rethrows -> R {
    precondition(S.elementType == elementType, "an array of \(elementType) cannot be read as \(S.elementType)")
    let start = storage.pointer.assumingMemoryBound(to: S.self)
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: start, count: count))
  }

  /// Changes the elements in place; other arrays that share the memory keep their values.
  public mutating func withUnsafeMutableElements<S: Scalar, R>(
    of type: S.Type = S.self, _ body: (UnsafeMutableBufferPointer<S>) throws -> R
  ) rethrows -> R {
    precondition(S.elementType == elementType, "an array of \(elementType) cannot be written as \(S.elementType)")
    makeUnique()
    let start = storage.pointer.assumingMemoryBound(to: S.self)
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: start, count: count))
  }

  /// Makes this array the only owner of its memory, copying if it is shared.
  public mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
  }

  /// The elements in row-major order, converted where the types differ.
  public func values<S: Scalar>(as type: S.Type = S.self) -> [S] {
    if S.elementType == elementType { return withUnsafeElements(of: S.self) { Array($0) } }
    switch elementType {
    case .float32: return withUnsafeElements(of: Float.self) { $0.map { S(rounding: Double($0)) } }
    case .float64: return withUnsafeElements(of: Double.self) { $0.map { S(rounding: $0) } }
    case .int32: return withUnsafeElements(of: Int32.self) { $0.map { S(rounding: Double($0)) } }
    case .bool: return withUnsafeElements(of: Bool.self) { $0.map { S(rounding: $0 ? 1 : 0) } }
    }
  }

  /// All elements, row-major, as the nearest float32.
  public var floats: [Float] { values(as: Float.self) }
  /// All elements, row-major, as float64, which holds each exactly.
  public var doubles: [Double] { values(as: Double.self) }
  /// All elements, row-major, as int32.
  public var integers: [Int32] { values(as: Int32.self) }
  /// All elements, row-major; of numbers, whether they are not 0.
  public var bools: [Bool] { values(as: Bool.self) }

  /// The only element, as a Double.
  public var item: Double {
    precondition(count == 1, "an array of shape \(shape) is not a single number")
    return self[flat: 0]
  }

  /// One element by its row-major position, as a Double.
  public subscript(flat index: Int) -> Double {
    precondition(index >= 0 && index < count, "position \(index) is outside an array of \(count) elements")
    defer { withExtendedLifetime(storage) {} }
    let start = UnsafeRawPointer(storage.pointer)
    switch elementType {
    case .float32: return Double(start.load(fromByteOffset: 4 * index, as: Float.self))
    case .float64: return start.load(fromByteOffset: 8 * index, as: Double.self)
    case .int32: return Double(start.load(fromByteOffset: 4 * index, as: Int32.self))
    case .bool: return start.load(fromByteOffset: index, as: UInt8.self) != 0 ? 1 : 0
    }
  }

  /// The same numbers in another element type.
  public func converted(to type: ElementType) -> NDArray {
    if type == elementType { return self }
    switch type {
    case .float32: return NDArray(floats, shape: shape)
    case .float64: return NDArray(doubles, shape: shape)
    case .int32: return NDArray(integers, shape: shape)
    case .bool: return NDArray(bools, shape: shape)
    }
  }

  /// Arrays of one shape and element type along a new first axis.
  public init(stacking parts: [NDArray]) {
    precondition(!parts.isEmpty, "nothing to stack")
    let (shape, type, size) = (parts[0].shape, parts[0].elementType, parts[0].byteCount)
    self.init(uninitialized: Shape([parts.count] + shape.dimensions), type)
    for (index, part) in parts.enumerated() {
      precondition(part.shape == shape && part.elementType == type, "\(part.shape) is stacked upon \(shape)")
      (storage.pointer + index * size).copyMemory(from: part.storage.pointer, byteCount: size)
    }
  }

  /// What lies at one position of the first axis, without that axis, copied.
  public func part(_ index: Int) -> NDArray {
    rows(index..<index + 1).reshaped(to: Shape(Array(shape.dimensions.dropFirst())))
  }

  /// Rows `range` along the first axis, copied.
  public func rows(_ range: Range<Int>) -> NDArray {
    precondition(shape.rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
    var dimensions = shape.dimensions
    dimensions[0] = range.count
    let result = NDArray(uninitialized: Shape(dimensions), elementType)
    let rowBytes = shape[0] == 0 ? 0 : byteCount / shape[0]
    result.storage.pointer.copyMemory(
      from: storage.pointer + range.lowerBound * rowBytes, byteCount: range.count * rowBytes)
    return result
  }

  /// The rows at `indices` along the first axis, in that order, copied.
  public func rows(at indices: [Int]) -> NDArray {
    precondition(shape.rank > 0, "a scalar has no rows")
    var dimensions = shape.dimensions
    dimensions[0] = indices.count
    let result = NDArray(uninitialized: Shape(dimensions), elementType)
    let rowBytes = shape[0] == 0 ? 0 : byteCount / shape[0]
    for (target, source) in indices.enumerated() {
      precondition(source >= 0 && source < shape[0], "row \(source) of \(shape)")
      (result.storage.pointer + target * rowBytes).copyMemory(
        from: storage.pointer + source * rowBytes, byteCount: rowBytes)
    }
    return result
  }
}

extension NDArray: Equatable {
  /// Equal shapes, types and bytes: a NaN equals itself, and 0.0 differs from -0.0.
  public static func == (a: NDArray, b: NDArray) -> Bool {
    guard a.shape == b.shape, a.elementType == b.elementType else { return false }
    return UnsafeRawBufferPointer(start: a.storage.pointer, count: a.byteCount)
      .elementsEqual(UnsafeRawBufferPointer(start: b.storage.pointer, count: b.byteCount))
  }
}

extension NDArray: CustomStringConvertible {
  public var description: String {
    let shown = (0..<Swift.min(count, 8)).map { "\(self[flat: $0])" }.joined(separator: ", ")
    return "NDArray\(shape) \(elementType) [\(shown)\(count > 8 ? ", ..." : "")]"
  }
}
