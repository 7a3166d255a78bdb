import Foundation

/// A folder of a test's own, which goes when nobody holds it any more.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let path: String

  /// Makes an empty one. Where that cannot be, the first file that a test writes there says why.
  public init() {
    path = NSTemporaryDirectory() + "descent-test-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// One for files that are read after those who made them are gone; it goes when the process ends.
  public static let ofProcess: TemporaryFolder = {
    atexit { try? FileManager.default.removeItem(atPath: TemporaryFolder.ofProcess.path) }
    return TemporaryFolder()
  }()

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
