import CZlib
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a file or a pipe, a piece at a time; what is gzip-compressed, in one member or several, is decompressed
/// on the way.
final class ByteSource {
  private static let pieceSize = 1 << 18

  private let path: String
  private let file: Int32
  private let input = UnsafeMutablePointer<UInt8>.allocate(capacity: pieceSize)
  /// What is in `input` and not yet used.
  private var unread = 0..<0
  private var stream = z_stream()
  private var isCompressed = false
  /// Whether a compressed member has begun and not yet ended.
  private var isInMember = false
  private var hasEnded = false

  /// - Throws: `DatasetError` where it cannot be opened.
  init(_ path: String) throws {
    self.path = path
    file = open(path, O_RDONLY)
    guard file >= 0 else { throw DatasetError(path, "cannot be read: \(String(cString: strerror(errno)))") }
    try refill(atLeast: 2)
    if unread.count >= 2, input[0] == 0x1f, input[1] == 0x8b {
      // 15 bits of window; 16 says gzip.
      guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw DatasetError(path, "zlib does not start")
      }
      (isCompressed, isInMember) = (true, true)
    }
  }

  deinit {
    if isCompressed { inflateEnd(&stream) }
    if file >= 0 { close(file) }
    input.deallocate()
  }

  /// Up to `capacity` bytes; fewer only at the end, where there are none left.
  /// - Throws: `DatasetError` where the file cannot be read or its compressed data are damaged.
  func read(into buffer: UnsafeMutablePointer<UInt8>, capacity: Int) throws -> Int {
    var filled = 0
    while filled < capacity {
      let count =
        isCompressed
        ? try inflated(into: buffer + filled, capacity: capacity - filled)
        : try plain(into: buffer + filled, capacity: capacity - filled)
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// All that is left.
  func readAll() throws -> Data {
    var result = Data()
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.pieceSize)
    defer { buffer.deallocate() }
    while case let count = try read(into: buffer, capacity: Self.pieceSize), count > 0 {
      result.append(buffer, count: count)
    }
    return result
  }

  private func plain(into buffer: UnsafeMutablePointer<UInt8>, capacity: Int) throws -> Int {
    guard unread.isEmpty else {
      let count = min(unread.count, capacity)
      buffer.update(from: input + unread.lowerBound, count: count)
      unread = unread.lowerBound + count..<unread.upperBound
      return count
    }
    return hasEnded ? 0 : try system(into: buffer, capacity: capacity)
  }

  private func system(into buffer: UnsafeMutablePointer<UInt8>, capacity: Int) throws -> Int {
    while true {
      #if canImport(Glibc)
        let count = Glibc.read(file, buffer, capacity)
      #else
        let count = Darwin.read(file, buffer, capacity)
      #endif
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw DatasetError(path, "cannot be read: \(String(cString: strerror(errno)))") }
      if count == 0 { hasEnded = true }
      return count
    }
  }

  private func refill(atLeast count: Int = 1) throws {
    if unread.lowerBound > 0 {
      input.update(from: input + unread.lowerBound, count: unread.count)
      unread = 0..<unread.count
    }
    while unread.count < count, !hasEnded {
      unread = 0..<unread.count + (try system(into: input + unread.count, capacity: Self.pieceSize - unread.count))
    }
  }

  private func inflated(into buffer: UnsafeMutablePointer<UInt8>, capacity: Int) throws -> Int {
    while true {
      if !isInMember {
        try refill(atLeast: 2)
        // Archives may be filled up with zeros.
        if unread.allSatisfy({ input[$0] == 0 }) { return 0 }
        guard unread.count >= 2, input[unread.lowerBound] == 0x1f, input[unread.lowerBound + 1] == 0x8b else {
          throw DatasetError(path, "the gzip data are corrupt: something else follows them")
        }
        inflateReset(&stream)
        isInMember = true
      }
      if unread.isEmpty { try refill() }
      guard !unread.isEmpty else { throw DatasetError(path, "the gzip data are truncated") }
      stream.next_in = input + unread.lowerBound
      stream.avail_in = UInt32(unread.count)
      stream.next_out = buffer
      stream.avail_out = UInt32(min(capacity, 1 << 30))
      let room = Int(stream.avail_out)
      let status = inflate(&stream, Z_NO_FLUSH)
      unread = unread.upperBound - Int(stream.avail_in)..<unread.upperBound
      if status == Z_STREAM_END {
        isInMember = false
      } else if status != Z_OK && status != Z_BUF_ERROR {
        throw DatasetError(path, "the gzip data are corrupt")
      }
      let count = room - Int(stream.avail_out)
      if count > 0 { return count }
    }
  }
}
