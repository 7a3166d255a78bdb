import Foundation

/// One array in NumPy's npy format (versions 1 to 3), for exchange with Python.
public enum Npy {
  private static let magic = Data([0x93] + Array("NUMPY".utf8))
  private static let names: [ElementType: String] = [.float32: "<f4", .float64: "<f8", .int32: "<i4", .bool: "|b1"]

  /// Writes one array, aside and renamed, row-major and little-endian.
  ///
  /// - Throws: `FileError` where it cannot be written.
  public static func write(_ array: NDArray, to path: String) throws {
    let shape = array.shape.dimensions.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(names[array.elementType]!)', 'fortran_order': False, 'shape': (\(shape)), }"
    header += String(repeating: " ", count: (64 - (10 + header.count + 1) % 64) % 64) + "\n"
    var front = magic + Data([1, 0])
    front.append(contentsOf: [UInt8(header.count & 255), UInt8(header.count >> 8)])
    front.append(Data(header.utf8))
    try front.withUnsafeBytes {
      try AtomicFile.write(
        [$0, UnsafeRawBufferPointer(start: array.storage.pointer, count: array.byteCount)], to: path)
    }
    withExtendedLifetime(array) {}
  }

  /// Reads f4, f8, i4, i8 (where it fits), u1 and b1, little-endian; Fortran order is turned to row-major.
  ///
  /// - Throws: `FileError` where the file is none, is broken, or holds another type.
  public static func read(_ path: String) throws -> NDArray {
    func refuse(_ reason: String) -> FileError { FileError(path: path, reason: reason) }
    guard let data = FileManager.default.contents(atPath: path) else { throw refuse("cannot be read") }
    guard data.count >= 12, data.prefix(6) == magic else { throw refuse("is no npy file") }
    let wide = data[6] >= 2
    guard data[6] >= 1, data[6] <= 3 else { throw refuse("has the unknown version \(data[6])") }
    let length = (0..<(wide ? 4 : 2)).reduce(0) { $0 | Int(data[8 + $1]) << (8 * $1) }
    let start = (wide ? 12 : 10) + length
    guard start <= data.count else { throw refuse("the header claims \(length) bytes of a file of \(data.count)") }
    let header = String(decoding: data[(wide ? 12 : 10)..<start], as: UTF8.self)
    guard let type = field("descr", header, "'", "'"), let shapeText = field("shape", header, "(", ")"),
      header.contains("'fortran_order'")
    else { throw refuse("the header lacks descr, fortran_order or shape") }
    let parts = shapeText.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    let dimensions = parts.compactMap { Int($0) }
    guard dimensions.count == parts.count, dimensions.allSatisfy({ $0 >= 0 }) else {
      throw refuse("the shape (\(shapeText)) is none")
    }
    let columnMajor = header.contains("'fortran_order': True")
    guard let size = Int(type.suffix(1)), ["<f4", "<f8", "<i4", "<i8", "|u1", "|b1"].contains(type) else {
      throw refuse("the element type \(type) is none of <f4, <f8, <i4, <i8, |u1, |b1")
    }
    let needed = Shape.byteCount(dimensions, elementSize: size)
    guard data.count - start == needed else {
      let claim = needed.map { "\($0)" } ?? "more than any file's"
      throw refuse("the shape (\(shapeText)) of \(type) needs \(claim) bytes and has \(data.count - start)")
    }
    let shape = Shape(columnMajor ? dimensions.reversed() : dimensions)
    let array = try decode(data[start...], type, shape, refuse)
    return columnMajor ? array.axesReversed() : array
  }

  private static func decode(
    _ bytes: Data, _ type: String, _ shape: Shape, _ refuse: (String) -> FileError
  ) throws -> NDArray {
    if let native = names.first(where: { $0.value == type })?.key {
      let array = NDArray(uninitialized: shape, native)
      bytes.copyBytes(to: UnsafeMutableRawBufferPointer(start: array.storage.pointer, count: bytes.count))
      return array
    }
    if type == "|u1" { return NDArray(bytes.map { Int32($0) }, shape: shape) }
    let words = bytes.withUnsafeBytes { raw in
      (0..<shape.count).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self) }
    }
    guard let narrow = Optional(words.compactMap { Int32(exactly: $0) }), narrow.count == words.count else {
      throw refuse("a 64-bit whole number does not fit into 32 bits")
    }
    return NDArray(narrow, shape: shape)
  }

  private static func field(_ name: String, _ header: String, _ open: String, _ close: String) -> String? {
    guard let key = header.range(of: "'\(name)':"),
      let first = header.range(of: open, range: key.upperBound..<header.endIndex),
      let last = header.range(of: close, range: first.upperBound..<header.endIndex)
    else { return nil }
    return String(header[first.upperBound..<last.lowerBound])
  }
}

extension NDArray {
  /// The transpose of all axes, copied.
  fileprivate func axesReversed() -> NDArray {
    let target = Shape(shape.dimensions.reversed())
    let size = elementType.byteCount
    let result = NDArray(uninitialized: target, elementType)
    let strides = Array(shape.denseStrides.reversed())
    var index = [Int](repeating: 0, count: target.rank)
    for position in 0..<target.count {
      let source = zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
      (result.storage.pointer + position * size).copyMemory(from: storage.pointer + source * size, byteCount: size)
      for axis in stride(from: target.rank - 1, through: 0, by: -1) {
        index[axis] += 1
        if index[axis] < target[axis] { break }
        index[axis] = 0
      }
    }
    return result
  }
}
