/// What one part of a batch gives, or the mean over parts: arrays of float32 or float64.
public struct ShardResult: Sendable {
  /// One array for each parameter.
  public var gradient: [NDArray]
  /// The loss, then running values and readings.
  public var rest: [NDArray]

  public init(gradient: [NDArray], rest: [NDArray]) { (self.gradient, self.rest) = (gradient, rest) }

  /// Adds another part's arrays of the same types.
  public mutating func add(_ other: ShardResult) {
    for index in gradient.indices { gradient[index].add(other.gradient[index]) }
    for index in rest.indices { rest[index].add(other.rest[index]) }
  }

  /// Turns a sum over parts into their mean.
  public mutating func divide(by count: Int) {
    for index in gradient.indices { gradient[index].divide(by: count) }
    for index in rest.indices { rest[index].divide(by: count) }
  }

  /// All numbers as they lie in memory, array after array.
  public var bytes: [UInt8] { bytes(after: []) }

  /// The same behind a head.
  public func bytes(after head: [UInt8]) -> [UInt8] {
    let arrays = gradient + rest
    let total = arrays.reduce(head.count) { $0 + $1.byteCount }
    return [UInt8](unsafeUninitializedCapacity: total) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(buffer)
      target.copyBytes(from: head)
      count = head.count
      for array in arrays where array.byteCount > 0 {
        (target.baseAddress! + count).copyMemory(from: array.storage.pointer, byteCount: array.byteCount)
        count += array.byteCount
      }
    }
  }

  /// Adds what such bytes say, without arrays of their own in between.
  ///
  /// - Returns: false, and nothing is added, where they are of another length.
  public mutating func add(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.count == (gradient + rest).reduce(0, { $0 + $1.byteCount }) else { return false }
    bytes.withUnsafeBytes { source in
      var place = 0
      func next(_ array: inout NDArray) {
        array.add(UnsafeRawBufferPointer(rebasing: source[place..<place + array.byteCount]))
        place += array.byteCount
      }
      for index in gradient.indices { next(&gradient[index]) }
      for index in rest.indices { next(&rest[index]) }
    }
    return true
  }

  /// What such bytes say, in arrays of the types of another part; nil where they are of another length.
  public init?(_ bytes: ArraySlice<UInt8>, like other: ShardResult) {
    guard bytes.count == (other.gradient + other.rest).reduce(0, { $0 + $1.byteCount }) else { return nil }
    var place = bytes.startIndex
    func read(_ like: NDArray) -> NDArray {
      let array = NDArray(uninitialized: like.shape, like.elementType)
      bytes[place..<place + array.byteCount].withUnsafeBytes {
        if let start = $0.baseAddress { array.storage.pointer.copyMemory(from: start, byteCount: array.byteCount) }
      }
      place += array.byteCount
      return array
    }
    gradient = other.gradient.map(read)
    rest = other.rest.map(read)
  }
}

extension NDArray {
  fileprivate mutating func add(_ other: NDArray) {
    withExtendedLifetime(other) { add(UnsafeRawBufferPointer(start: other.storage.pointer, count: other.byteCount)) }
  }

  /// - Parameter bytes: of as many numbers of this type, at any address.
  fileprivate mutating func add(_ bytes: UnsafeRawBufferPointer) {
    switch elementType {
    case .float32: add(bytes, of: Float.self)
    case .float64: add(bytes, of: Double.self)
    case .int32, .bool: preconditionFailure("Parts of a batch give real numbers.")
    }
  }

  private mutating func add<S: Scalar & FloatingPoint & BitwiseCopyable>(_ bytes: UnsafeRawBufferPointer, of: S.Type) {
    withUnsafeMutableElements(of: S.self) { target in
      for index in target.indices {
        target[index] += bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<S>.stride, as: S.self)
      }
    }
  }

  fileprivate mutating func divide(by count: Int) {
    switch elementType {
    case .float32: withUnsafeMutableElements(of: Float.self) { for index in $0.indices { $0[index] /= Float(count) } }
    case .float64: withUnsafeMutableElements(of: Double.self) { for index in $0.indices { $0[index] /= Double(count) } }
    case .int32, .bool: preconditionFailure("Parts of a batch give real numbers.")
    }
  }
}
