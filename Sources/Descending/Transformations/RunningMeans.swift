import Foundation

/// What the scalings by running means share.
extension Counters {
  /// 1 / (1 - d^t) at update t = 1, 2, ...: what a running mean that keeps d is multiplied by, for its start at zero.
  func correction(_ kept: Double, ahead: Double = 0) -> Tensor {
    // expm1 keeps 1 - d^t accurate in float32 when d is near 1.
    -1 / expm1((updates + (1 + ahead)) * Foundation.log(kept))
  }
}

extension Tree where Leaf == TensorType {
  /// Where running means start.
  func zeros(_ name: String) -> Tree<NDArray> { map { NDArray.zeros($0.shape, $0.elementType) }.prefixed(name) }
}

/// The mean that moves by its share towards new values: d a + (1 - d) b.
func runningMean(_ kept: Double, _ old: Tree<Tensor>, _ new: Updates) -> Updates {
  kept * Updates(old) + (1 - kept) * new
}
