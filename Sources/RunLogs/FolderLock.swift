import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps a run folder for one process; it is free again when this is gone, however the process ends.
public final class FolderLock {
  private let file: Int32

  /// - Throws: `RunLogError` where another process holds the folder, or it cannot be locked.
  public convenience init(_ folder: RunFolder) throws { try self.init(folder) {} }

  /// - Parameter meanwhile: what another process does between opening the file and locking it.
  package convenience init(_ folder: RunFolder, meanwhile: () throws -> Void) throws {
    try self.init(path: folder.path, meanwhile: meanwhile)
    Self.removeLeftovers(in: folder.path)
  }

  /// Of a folder that is no run's, as that of a fine-tuned model.
  package init(path folder: String, meanwhile: () throws -> Void = {}) throws {
    let path = folder + "/" + RunFolder.lockName
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw RunLogError("\(path): cannot be written: \(String(cString: strerror(errno)))") }
    // From here on `deinit` closes the file, also where this throws: a second close could hit another thread's file.
    try meanwhile()
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let isHeld = errno == EWOULDBLOCK
      throw RunLogError(
        isHeld
          ? "another process is writing to \(folder); wait for it, or name another folder by --out"
          : "\(folder) cannot be locked: \(String(cString: strerror(errno)))")
    }
    // Who replaced the folder meanwhile holds another file of this name.
    var (held, named) = (stat(), stat())
    guard fstat(file, &held) == 0, stat(path, &named) == 0, (held.st_ino, held.st_dev) == (named.st_ino, named.st_dev)
    else {
      throw RunLogError("another process has just replaced \(folder); name another folder by --out")
    }
  }

  /// No other process writes here now: what killed ones left aside only takes up the disk.
  private static func removeLeftovers(in folder: String) {
    let manager = FileManager.default
    for case let name as String in manager.enumerator(atPath: folder) ?? .init()
    where name.contains(/\.[0-9]+\.part$/) {
      try? manager.removeItem(atPath: folder + "/" + name)
    }
  }

  deinit {
    guard file >= 0 else { return }
    // Closing alone is not enough: a child that was just forked may still hold the file.
    flock(file, LOCK_UN)
    close(file)
  }
}
