import Foundation

/// Files that may be compressed with gzip.
enum Gzip {
  /// A file's bytes, decompressed where they start with gzip's mark; all members of such a file.
  static func contents(_ path: String) throws -> Data { try ByteSource(path).readAll() }
}
