import Foundation

/// What the scalings by running means share, and what one of your own may build on.
extension Counters {
  /// 1 / (1 - d^t) at update t = 1, 2, ...: what a running mean that keeps d is multiplied by, for its start at zero.
  ///
  /// - Parameter ahead: updates that are added to t.
  public func correction(_ kept: Double, ahead: Double = 0) -> Tensor {
    // expm1 keeps 1 - d^t accurate in float32 when d is near 1.
    -1 / expm1((updates + (1 + ahead)) * Foundation.log(kept))
  }
}

extension Tree where Leaf == TensorType {
  /// Zeros of these types under `name`: where running means start, as an initial state.
  public func zeros(_ name: String) -> Tree<NDArray> { map { NDArray.zeros($0.shape, $0.elementType) }.prefixed(name) }
}

/// The mean that moves by its share towards new values: d a + (1 - d) b, `kept` being d.
public func runningMean(_ kept: Double, _ old: Tree<Tensor>, _ new: Updates) -> Updates {
  kept * Updates(old) + (1 - kept) * new
}
