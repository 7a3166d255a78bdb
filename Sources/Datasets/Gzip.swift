import CZlib
import Foundation

/// Files that may be compressed with gzip; zlib does the work.
enum Gzip {
  /// A file's bytes, decompressed where they start with gzip's mark.
  static func contents(_ path: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: path) else { throw DatasetError(path, "cannot be read") }
    guard data.count >= 2, data[0] == 0x1f, data[1] == 0x8b else { return data }
    return try decompress(data, path)
  }

  private static func decompress(_ data: Data, _ path: String) throws -> Data {
    var stream = z_stream()
    // 15 bits of window; 16 says gzip.
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw DatasetError(path, "zlib does not start")
    }
    defer { inflateEnd(&stream) }
    var result = Data()
    var block = [UInt8](repeating: 0, count: 1 << 18)
    return try data.withUnsafeBytes { raw -> Data in
      stream.next_in = UnsafeMutablePointer(mutating: raw.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(data.count)
      while true {
        let status = block.withUnsafeMutableBufferPointer { buffer -> Int32 in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          return inflate(&stream, Z_NO_FLUSH)
        }
        result.append(contentsOf: block.prefix(block.count - Int(stream.avail_out)))
        if status == Z_STREAM_END { return result }
        guard status == Z_OK else {
          throw DatasetError(path, "the gzip data are \(stream.avail_in == 0 ? "truncated" : "corrupt")")
        }
      }
    }
  }
}
