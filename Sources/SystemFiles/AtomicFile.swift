import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a file aside, flushes it to the disk and renames it: readers see the old file or the new one, never a part.
///
/// A symbolic link stays one, and what it leads to is written; a file keeps its mode. Devices and pipes, which a
/// renaming would take away, are written where they are.
public enum AtomicFile {
  /// - Throws: `FileError`; the old file is then untouched and nothing is left beside it.
  public static func write(_ parts: [UnsafeRawBufferPointer], to path: String) throws {
    guard !path.isEmpty else { throw FileError(path: "\"\"", reason: "is no name of a file") }
    var old = stat()
    let exists = stat(path, &old) == 0
    guard exists || errno == ENOENT else { throw failure(path, "cannot be written") }
    if exists, [S_IFCHR, S_IFIFO].contains(old.st_mode & S_IFMT) { return try write(parts, intoStream: path) }
    guard !exists || old.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path: path, reason: "is no plain file, and is not replaced by one")
    }
    let target = followed(path)
    // A name of this process: another may be writing the same file.
    let aside = "\(target).\(getpid()).part"
    let descriptor = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, exists ? old.st_mode & 0o777 : 0o644)
    guard descriptor >= 0 else { throw failure(path, "cannot be created") }
    do {
      for part in parts { try writeAll(part, to: descriptor, path) }
      // The mode at opening was cut by the process's mask.
      if exists { fchmod(descriptor, old.st_mode & 0o777) }
      guard fsync(descriptor) == 0 else { throw failure(path, "cannot be flushed to the disk") }
    } catch {
      close(descriptor)
      unlink(aside)
      throw error
    }
    guard close(descriptor) == 0, rename(aside, target) == 0 else {
      let error = failure(path, "cannot be put in its place")
      unlink(aside)
      throw error
    }
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

  private static func write(_ parts: [UnsafeRawBufferPointer], intoStream path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
    defer { close(descriptor) }
    for part in parts { try writeAll(part, to: descriptor, path) }
  }

  /// Writes bytes.
  ///
  /// - Throws: `FileError` where the folder does not exist, or the disk is full.
  public static func write(_ data: Data, to path: String) throws {
    try data.withUnsafeBytes { try write([$0], to: path) }
  }

  /// Writes a text as UTF-8.
  ///
  /// - Throws: `FileError` where the folder does not exist, or the disk is full.
  public static func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

  /// Whether a name is one of a file aside, which a process that was killed has left; Foundation's among them.
  package static func isAside(_ name: String) -> Bool {
    name.hasSuffix(".part") || name.hasSuffix(".partial") || name.hasPrefix(".dat.nosync")
  }

  private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws {
    var start = 0
    while start < bytes.count {
      let written = systemWrite(descriptor, bytes.baseAddress! + start, bytes.count - start)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw failure(path, "cannot be written") }
      start += written
    }
  }

  private static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, count)
    #else
      Darwin.write(descriptor, bytes, count)
    #endif
  }

  private static func failure(_ path: String, _ what: String) -> FileError {
    FileError(path: path, reason: "\(what) (\(String(cString: strerror(errno))))")
  }
}
