/// A pattern over parameter paths: `*` stands for any characters, `?` for one; all else is itself.
public struct PathPattern: Hashable, Sendable {
  /// As it was written.
  public let text: String
  public init(_ text: String) { self.text = text }

  /// Whether it stands for the whole path.
  public func matches(_ path: String) -> Bool { Self.matches(Array(text)[...], Array(path)[...]) }

  private static func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == "*" {
      return matches(pattern.dropFirst(), text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
    }
    guard let next = text.first, first == "?" || first == next else { return false }
    return matches(pattern.dropFirst(), text.dropFirst())
  }
}
