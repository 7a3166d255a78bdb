/// The inner product of two directions, also where squares are too large for double precision or vanish in it: `share` times `left` times
/// `right`.
///
/// In float64 each direction is divided by its largest magnitude first. In float32, where one more pass over a network's gradient would be felt,
/// both magnitudes are 1: products from about 1e-38 to 1e38 are told there, larger ones are infinite, and smaller ones 0.
struct InnerProduct {
  /// The product of both directions, each divided by its magnitude.
  let share: Tensor
  /// The magnitudes, constant for derivatives.
  let left, right: Tensor

  init(_ a: Updates, _ b: Updates) {
    (left, right) = (a.magnitude, b.magnitude)
    share = dot(a.divided(by: left), b.divided(by: right))
  }

  /// A factor times the product, which may be a number where the product is none.
  func times(_ factor: Double) -> Tensor { ((factor * left) * share) * right }
}

extension Updates {
  /// The Euclidean length over all leaves, with derivative 0 at 0. In float32 those below about 1e-19 are 0.
  ///
  /// Of float32 squares of scaled numbers take the place of those that are too large, as in Blue, "A portable Fortran program to find the Euclidean
  /// norm of a vector", 1978: both sums are made in one pass.
  public var length: Tensor {
    guard tree.leaves.allSatisfy({ $0.elementType == .float32 }) else {
      let square = InnerProduct(self, self)
      return square.left * root(square.share)
    }
    let plain = squaredNorm
    // Powers of two change no digit.
    let fits = plain .<= 0x1p100
    return select(fits, root(select(fits, plain, 1)), root((0x1p-80 * self).squaredNorm) / 0x1p-80)
  }

  /// The same, its root and what follows in float64.
  var wideLength: Tensor {
    let square = InnerProduct(self, self)
    return square.left.cast(to: .float64) * root(square.share.cast(to: .float64))
  }

  /// The largest magnitude of a number where leaves are float64; 1 where all are 0, one is not finite, or leaves are float32.
  fileprivate var magnitude: Tensor {
    let leaves = tree.leaves
    guard let double = leaves.first(where: { $0.elementType == .float64 }) else { return leaves[0].scalar(1) }
    let largest = leaves.map { abs($0).maximum().cast(to: .float64) }.reduce(double.scalar(0)) { max($0, $1) }
    return select((largest .> 0) .& largest.isFinite, largest, 1).stoppingGradient
  }

  fileprivate func divided(by magnitude: Tensor) -> Updates { map { $0 / magnitude.cast(to: $0.elementType) } }
}

extension Tensor {
  /// The Euclidean length of all elements, with derivative 0 at 0.
  public var length: Tensor { Updates(["x": self]).length }
}
