/// A file could not be read or written; the sentence names the file, what was expected and what was found.
public struct FileError: Error, CustomStringConvertible, Sendable {
  /// The file that it is about.
  public var path: String
  /// The rest of the sentence that begins with the path.
  public var reason: String
  public var description: String { "\(path): \(reason)" }

  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}
