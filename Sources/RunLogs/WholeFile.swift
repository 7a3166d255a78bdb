import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes whole files so that a reader, or a crash, sees the old one or the new one, never a part.
///
/// A symbolic link stays one, and what it leads to is written; a file keeps its mode.
package enum WholeFile {
  /// Writes aside, brings it to the disk, and renames.
  ///
  /// - Throws: `RunLogError` with the file and the system's reason; the old file is then as it was, and nothing is
  ///   left aside.
  package static func write(_ data: Data, to path: String) throws {
    var old = stat()
    let exists = stat(path, &old) == 0
    guard exists || errno == ENOENT else { throw failure(path) }
    // To rename over a device or a pipe would take it away.
    guard !exists || old.st_mode & S_IFMT == S_IFREG else {
      throw RunLogError("\(path): is no plain file, and is not replaced by one")
    }
    let target = followed(path)
    // A name of this process: another may be writing the same file.
    let aside = "\(target).\(getpid()).part"
    let file = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, exists ? old.st_mode & 0o777 : 0o644)
    guard file >= 0 else { throw failure(path) }
    do {
      if exists { fchmod(file, old.st_mode & 0o777) }
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
    guard close(file) == 0, rename(aside, target) == 0 else {
      let error = failure(path)
      unlink(aside)
      throw error
    }
  }

  /// Writes text as UTF-8.
  package static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

  /// Whether a name is one of a file aside, which a process that was killed has left; Foundation's among them.
  package static func isAside(_ name: String) -> Bool {
    name.hasSuffix(".part") || name.hasSuffix(".partial") || name.hasPrefix(".dat.nosync")
  }

  /// What a chain of symbolic links leads to, which need not exist; a file that is no link is itself.
  private static func followed(_ path: String) -> String {
    var path = path
    // As many as systems follow; `stat` has refused a circle.
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
      let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
      path = next.hasPrefix("/") ? next : folder + next
    }
    return path
  }

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
