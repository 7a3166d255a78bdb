import Arrays

/// A map from observations, `[rows, width]`, to actions, `[rows, action width]`, without a memory.
public protocol Policy {
  var name: String { get }
  func actions(for observations: NDArray) throws -> NDArray
}
