import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file seen as memory: what is read of it is loaded when it is first touched, and shared with other processes.
public final class MappedFile: @unchecked Sendable {
  // Never written after `init`.
  /// Where the file is.
  public let path: String
  /// The whole file, valid as long as this object lives.
  public let bytes: UnsafeRawBufferPointer

  /// - Throws: `FileError` where the file cannot be opened or is empty.
  public init(_ path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else {
      throw FileError(path: path, reason: "cannot be opened (\(String(cString: strerror(errno))))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path: path, reason: "is no file")
    }
    guard status.st_size > 0 else { throw FileError(path: path, reason: "is empty") }
    let size = Int(status.st_size)
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw FileError(path: path, reason: "cannot be mapped (\(String(cString: strerror(errno))))")
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count) }
}
