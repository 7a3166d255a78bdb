import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes whole files so that a reader, or a crash, sees the old one or the new one, never a part.
package enum WholeFile {
  /// Writes aside, brings it to the disk, and renames.
  ///
  /// - Throws: `RunLogError` with the file and the system's reason; the old file is then as it was, and nothing is
  ///   left aside.
  package static func write(_ data: Data, to path: String) throws {
    // To rename over a device or a pipe would take it away.
    var status = stat()
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      throw RunLogError("\(path): is no plain file, and is not replaced by one")
    }
    let aside = path + ".partial"
    let file = open(aside, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard file >= 0 else { throw failure(path) }
    do {
      try data.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          let written = systemWrite(file, UnsafeRawBufferPointer(rebasing: rest))
          if written < 0 {
            if errno == EINTR { continue }
            throw failure(path)
          }
          rest = rest.dropFirst(written)
        }
      }
      guard fsync(file) == 0 else { throw failure(path) }
    } catch {
      close(file)
      unlink(aside)
      throw error
    }
    guard close(file) == 0, rename(aside, path) == 0 else {
      let error = failure(path)
      unlink(aside)
      throw error
    }
  }

  /// Writes text as UTF-8.
  package static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

  private static func systemWrite(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(file, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(file, bytes.baseAddress, bytes.count)
    #endif
  }

  private static func failure(_ path: String) -> RunLogError {
    RunLogError("\(path): cannot be written: \(String(cString: strerror(errno)))")
  }
}
