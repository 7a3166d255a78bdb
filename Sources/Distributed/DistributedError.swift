/// What is wrong with a distributed descent, in a sentence.
public struct DistributedError: Error, Hashable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// A link or a process failed while a descent ran.
public struct TransportError: Error, Hashable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}
