import Foundation

/// Scalars in TensorBoard's event format: TFRecord frames (length, masked CRC-32C, data, masked CRC-32C) around
/// protocol-buffer messages `Event{wall_time = 1, step = 2, file_version = 3, summary = 5}`.
public final class TensorBoardSink: RunSink {
  private let file: LineFile
  private let startTime: Double

  /// - Parameters:
  ///   - startTime: seconds since 1970 at the run's time 0.
  ///   - earlier: what the log of a resumed run kept. Event files that are there are replaced by one with these events:
  ///     they may hold steps that will be logged again, and end in half a frame.
  /// - Throws: `RunLogError` where the file cannot be written; Foundation's error where the folder cannot be read.
  public init(folder: String, startTime: Double, earlier: [RunEvent] = [], host: String = "descent") throws {
    self.startTime = startTime
    let prefix = "events.out.tfevents."
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: folder) where name.hasPrefix(prefix) {
      try manager.removeItem(atPath: folder + "/" + name)
    }
    file = try LineFile(path: folder + "/\(prefix)\(Int(exactly: startTime.rounded(.down)) ?? 0).\(host)")
    var event = Data()
    event.append(field: 1, double: startTime)
    event.append(field: 3, bytes: Data("brain.Event:2".utf8))
    try file.append(Self.frame(event))
    for event in earlier { try record(event) }
  }

  public func record(_ event: RunEvent) throws {
    guard !event.values.isEmpty else { return }
    var summary = Data()
    for (tag, value) in event.values.sorted(by: { $0.key < $1.key }) {
      var scalar = Data()
      let name = event.task.isEmpty ? tag : event.task + "/" + tag
      scalar.append(field: 1, bytes: Data(name.utf8))
      scalar.append(field: 2, float: Float(value))
      summary.append(field: 1, bytes: scalar)
    }
    var message = Data()
    message.append(field: 1, double: startTime + event.time)
    message.append(field: 2, varint: UInt64(max(event.step, 0)))
    message.append(field: 5, bytes: summary)
    try file.append(Self.frame(message))
  }

  public func flush() throws { try file.synchronize() }

  package static func frame(_ data: Data) -> Data {
    let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Data($0) }
    var result = length
    withUnsafeBytes(of: CRC32C.masked(length).littleEndian) { result.append(contentsOf: $0) }
    result.append(data)
    withUnsafeBytes(of: CRC32C.masked(data).littleEndian) { result.append(contentsOf: $0) }
    return result
  }
}

/// The Castagnoli checksum, as TFRecord uses it.
package enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }

  package static func checksum(_ data: Data) -> UInt32 {
    ~data.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 255)] ^ $0 >> 8 }
  }

  /// Rotated and shifted, so that checksums of data that hold checksums stay good.
  package static func masked(_ data: Data) -> UInt32 {
    let crc = checksum(data)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }
}

extension Data {
  fileprivate mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 128 {
      append(UInt8(rest & 127 | 128))
      rest >>= 7
    }
    append(UInt8(rest))
  }

  fileprivate mutating func append(field: UInt64, varint value: UInt64) {
    append(varint: field << 3)
    append(varint: value)
  }

  fileprivate mutating func append(field: UInt64, double value: Double) {
    append(varint: field << 3 | 1)
    Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(field: UInt64, float value: Float) {
    append(varint: field << 3 | 5)
    Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(field: UInt64, bytes: Data) {
    append(varint: field << 3 | 2)
    append(varint: UInt64(bytes.count))
    append(bytes)
  }
}
