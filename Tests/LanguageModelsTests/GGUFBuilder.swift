import Foundation
import LanguageModels

/// Writes small GGUF files.
struct GGUFBuilder {
  private var entries = Data()
  private var entryCount: UInt64 = 0
  private var tensors: [(name: String, extents: [Int], encoding: UInt32, bytes: [UInt8])] = []

  static func little<T: FixedWidthInteger>(_ value: T) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }

  static func text(_ text: String) -> Data { little(UInt64(text.utf8.count)) + Data(text.utf8) }

  private mutating func add(_ key: String, _ type: UInt32, _ value: Data) {
    entries += Self.text(key) + Self.little(type) + value
    entryCount += 1
  }

  mutating func integer(_ key: String, _ value: Int) { add(key, 4, Self.little(UInt32(value))) }
  mutating func number(_ key: String, _ value: Float) { add(key, 6, Self.little(value.bitPattern)) }
  mutating func flag(_ key: String, _ value: Bool) { add(key, 7, Data([value ? 1 : 0])) }
  mutating func text(_ key: String, _ value: String) { add(key, 8, Self.text(value)) }

  mutating func texts(_ key: String, _ values: [String]) {
    add(key, 9, values.reduce(Self.little(UInt32(8)) + Self.little(UInt64(values.count))) { $0 + Self.text($1) })
  }

  mutating func integers(_ key: String, _ values: [Int]) {
    add(
      key, 9,
      values.reduce(Self.little(UInt32(5)) + Self.little(UInt64(values.count))) { $0 + Self.little(Int32($1)) })
  }

  /// - Parameter shape: outermost first.
  mutating func tensor(_ name: String, _ shape: [Int], _ encoding: WeightEncoding, _ bytes: [UInt8]) {
    tensors.append((name, shape.reversed(), encoding.rawValue, bytes))
  }

  mutating func tensor(_ name: String, _ shape: [Int], _ values: [Float]) {
    tensor(name, shape, .f32, values.withUnsafeBytes { Array($0) })
  }

  var data: Data {
    var result = Data("GGUF".utf8) + Self.little(UInt32(3)) + Self.little(UInt64(tensors.count))
    result += Self.little(entryCount) + entries
    var offset = 0
    for (name, extents, encoding, bytes) in tensors {
      result += Self.text(name) + Self.little(UInt32(extents.count))
      for extent in extents { result += Self.little(UInt64(extent)) }
      result += Self.little(encoding) + Self.little(UInt64(offset))
      offset = (offset + bytes.count + 31) / 32 * 32
    }
    for (_, _, _, bytes) in tensors {
      result += Data(count: (32 - result.count % 32) % 32) + Data(bytes)
    }
    return result
  }
}
