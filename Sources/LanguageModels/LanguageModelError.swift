/// A language model cannot be read, built or used; one sentence.
public struct LanguageModelError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}
