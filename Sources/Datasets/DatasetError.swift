@_exported import Arrays

/// Data could not be read; the sentence names the file, what was expected and what was found.
public struct DatasetError: Error, CustomStringConvertible, Sendable {
  /// A file's path or a data set's name.
  public var source: String
  /// The rest of the sentence that begins with the source.
  public var reason: String
  public var description: String { "\(source): \(reason)" }

  public init(_ source: String, _ reason: String) {
    self.source = source
    self.reason = reason
  }
}
