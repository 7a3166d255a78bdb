import Foundation
import SystemFiles

/// Appends to a file; each piece reaches the system before the next, so a crash loses no more than the current line.
public final class LineFile {
  private let handle: FileHandle
  private let path: String

  /// Opens the file at its end, or makes it.
  ///
  /// - Parameter cutsPartialLine: for text: drops what follows the last newline, as a crash leaves it, so that the next
  ///   line starts on its own.
  /// - Throws: `RunLogError` naming the file.
  public init(path: String, cutsPartialLine: Bool = false) throws {
    if !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else {
        throw RunLogError("\(path): cannot be created")
      }
    }
    guard let handle = FileHandle(forUpdatingAtPath: path) else { throw RunLogError("\(path): cannot be written") }
    self.handle = handle
    self.path = path
    if cutsPartialLine { try cutPartialLine() }
    try handle.seekToEnd()
  }

  /// Adds the bytes at the end.
  ///
  /// - Throws: `RunLogError` where the file cannot be written.
  public func append(_ data: Data) throws {
    do { try handle.write(contentsOf: data) } catch {
      throw RunLogError("\(path): cannot be written; is the disk full? (\(error.plainReason))")
    }
  }

  /// Waits until the disk has everything.
  ///
  /// - Throws: `RunLogError` where the disk refuses.
  public func synchronize() throws {
    do { try handle.synchronize() } catch {
      throw RunLogError("\(path): cannot be brought to the disk (\(error.plainReason))")
    }
  }

  deinit { try? handle.close() }

  /// Searches backwards for the last newline, and cuts behind it.
  private func cutPartialLine() throws {
    let newline = UInt8(ascii: "\n")
    let size = try handle.seekToEnd()
    var end = size
    while end > 0 {
      let start = end > 4096 ? end - 4096 : 0
      try handle.seek(toOffset: start)
      let block = [UInt8](try handle.read(upToCount: Int(end - start)) ?? Data())
      if let index = block.lastIndex(of: newline) {
        let kept = start + UInt64(index) + 1
        if kept < size { try handle.truncate(atOffset: kept) }
        return
      }
      end = start
    }
    if size > 0 { try handle.truncate(atOffset: 0) }
  }
}
