import Foundation

/// Named arrays in one file, in the safetensors format: header length (u64, little-endian), JSON header, data.
///
/// Reads F32, F64, I32 and BOOL as they are and F16, BF16, I64, U8, I8 and I16 by conversion; writes the first four.
/// Source: the format description of huggingface/safetensors.
public enum Safetensors {
  /// The contents of a file.
  public struct Contents: Sendable {
    /// By name.
    public var arrays: [String: NDArray]
    /// The texts of `__metadata__`; empty where there is none.
    public var metadata: [String: String]
  }

  private static let names: [ElementType: String] = [.float32: "F32", .float64: "F64", .int32: "I32", .bool: "BOOL"]
  private static let sizes = [
    "F32": 4, "F64": 8, "I32": 4, "BOOL": 1, "F16": 2, "BF16": 2, "I64": 8, "U8": 1, "I8": 1, "I16": 2,
  ]
  /// A header larger than this is taken for a corrupt length, as in the reference implementation.
  private static let largestHeader = 100_000_000

  /// Writes aside, flushes and renames.
  ///
  /// - Throws: `FileError` where it cannot be written.
  public static func write(_ arrays: [String: NDArray], metadata: [String: String] = [:], to path: String) throws {
    var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
    let order = arrays.keys.sorted { (arrays[$1]!.elementType.byteCount, $0) < (arrays[$0]!.elementType.byteCount, $1) }
    var offset = 0
    for name in order {
      let array = arrays[name]!
      header[name] = [
        "dtype": names[array.elementType]!, "shape": array.shape.dimensions,
        "data_offsets": [offset, offset + array.byteCount],
      ]
      offset += array.byteCount
    }
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
    // Spaces behind the header align the data.
    json.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8))
    let length = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    let front = length + json
    try front.withUnsafeBytes { bytes in
      let data = order.map { UnsafeRawBufferPointer(start: arrays[$0]!.storage.pointer, count: arrays[$0]!.byteCount) }
      try AtomicFile.write([bytes] + data, to: path)
    }
    withExtendedLifetime(arrays) {}
  }

  /// Where an array lies in a file.
  package struct Entry {
    package var name: String
    /// As the format has it: "BF16".
    package var type: String
    package var shape: Shape
    /// Bytes of the file.
    package var range: Range<Int>
  }

  /// Reads all arrays.
  ///
  /// - Throws: `FileError` where the file is truncated, overlapping, out of range or of an unknown type.
  public static func read(_ path: String) throws -> Contents {
    let file = try MappedFile(path)
    let (entries, metadata) = try entries(of: file)
    return Contents(
      arrays: Dictionary(uniqueKeysWithValues: entries.map { ($0.name, array($0, of: file)) }), metadata: metadata)
  }

  /// What a file holds, checked, none of it read yet.
  ///
  /// - Throws: as `read`.
  package static func entries(of file: MappedFile) throws -> ([Entry], metadata: [String: String]) {
    func refuse(_ reason: String) -> FileError { FileError(path: file.path, reason: reason) }
    let bytes = file.bytes
    guard bytes.count >= 8 else { throw refuse("\(bytes.count) bytes are no safetensors file") }
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= largestHeader, Int(length) <= bytes.count - 8 else {
      throw refuse("the header claims \(length) bytes of a file of \(bytes.count)")
    }
    let start = 8 + Int(length)
    guard let header = try? JSONSerialization.jsonObject(with: Data(bytes[8..<start])) as? [String: Any] else {
      throw refuse("the header is no JSON object")
    }
    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    for (name, value) in header {
      if name == "__metadata__" {
        guard let strings = value as? [String: String] else { throw refuse("the metadata are not strings") }
        metadata = strings
        continue
      }
      guard let entry = value as? [String: Any], let type = entry["dtype"] as? String,
        let dimensions = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
      else { throw refuse("the entry \(name) lacks dtype, shape or data_offsets") }
      guard let size = sizes[type] else { throw refuse("\(name) has the unknown type \(type)") }
      guard offsets[0] >= 0, offsets[1] >= offsets[0], offsets[1] <= bytes.count - start,
        offsets[1] - offsets[0] == Shape.byteCount(dimensions, elementSize: size)
      else { throw refuse("\(name) of shape \(dimensions) does not lie at bytes \(offsets) of \(bytes.count - start)") }
      entries.append(
        Entry(name: name, type: type, shape: Shape(dimensions), range: start + offsets[0]..<start + offsets[1]))
    }
    let filled = entries.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (a, b) in zip(filled, filled.dropFirst()) where a.range.overlaps(b.range) {
      throw refuse("\(a.name) and \(b.name) overlap")
    }
    let covered = filled.reduce(0) { $0 + $1.range.count }
    guard covered == bytes.count - start else {
      throw refuse("\(bytes.count - start - covered) bytes belong to no array: the file is damaged")
    }
    return (entries, metadata)
  }

  /// An array, read.
  package static func array(_ entry: Entry, of file: MappedFile) -> NDArray {
    defer { withExtendedLifetime(file) {} }
    return decode(UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]), entry.type, entry.shape)
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer, _ type: String, _ shape: Shape) -> NDArray {
    if let native = names.first(where: { $0.value == type })?.key {
      let array = NDArray(uninitialized: shape, native)
      UnsafeMutableRawBufferPointer(start: array.storage.pointer, count: bytes.count).copyMemory(from: bytes)
      return array
    }
    func words<T>(_: T.Type) -> [T] {
      (0..<bytes.count / MemoryLayout<T>.size).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)
      }
    }
    switch type {
    case "BF16": return NDArray(words(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }, shape: shape)
    case "F16": return NDArray(words(UInt16.self).map(half), shape: shape)
    case "I64": return NDArray(words(Int64.self).map { Int32(rounding: Double($0)) }, shape: shape)
    case "I16": return NDArray(words(Int16.self).map { Int32($0) }, shape: shape)
    case "I8": return NDArray(words(Int8.self).map { Int32($0) }, shape: shape)
    default: return NDArray(words(UInt8.self).map { Int32($0) }, shape: shape)
    }
  }

  /// IEEE half precision, by its definition (no Float16 on every platform).
  private static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 31)
    let fraction = Float(bits & 1023) / 1024
    switch exponent {
    case 0: return sign * fraction * 0x1p-14
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
