@_exported import Arrays

/// Data could not be read; the sentence names the file, what was expected and what was found.
public struct DatasetError: Error, CustomStringConvertible, Sendable {
  public var source: String
  public var reason: String
  public var description: String { "\(source): \(reason)" }

  public init(_ source: String, _ reason: String) {
    self.source = source
    self.reason = reason
  }
}
