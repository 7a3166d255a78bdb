import Arrays

/// A map from observations, `[rows, width]`, to actions, `[rows, action width]`, without a memory.
public protocol Policy {
  /// As tables and files call it.
  var name: String { get }
  /// What it does in each row's state.
  ///
  /// - Throws: `ControlError` or `ShapeError` where observations do not fit it.
  func actions(for observations: NDArray) throws -> NDArray
}
