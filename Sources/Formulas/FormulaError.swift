/// A formula that cannot be read, or does not fit what it is given.
public struct FormulaError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}
