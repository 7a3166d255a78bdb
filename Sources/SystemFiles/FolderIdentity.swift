import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder as the system knows it, whatever name, link or mount leads to it.
package struct FolderIdentity: Hashable {
  private let device: UInt64
  private let number: UInt64

  /// Nil where there is none.
  package init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, number) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino))
  }

  /// A folder and all that hold it, up to the root.
  package static func ofAll(from path: String) -> Set<FolderIdentity> {
    var found: Set<FolderIdentity> = []
    var path = path
    // The root holds itself.
    while let identity = FolderIdentity(path), found.insert(identity).inserted { path += "/.." }
    return found
  }
}
