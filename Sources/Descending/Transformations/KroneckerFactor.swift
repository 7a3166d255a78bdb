/// One factor of a preconditioner that is a Kronecker product: a symmetric matrix for one side of a parameter, or its diagonal where the side is too
/// long for a matrix.
struct KroneckerFactor {
  /// Whether it is of the rows (inputs) of a parameter that is seen as a matrix [inputs, outputs], or of its columns.
  let isRows: Bool
  let extent: Int
  let isDense: Bool

  /// Of a parameter: none of an empty one, diagonals of vectors and numbers, and of matrices one for each side.
  ///
  /// - Parameter largest: the longest side that has a matrix.
  static func all(of shape: Shape, largest: Int) -> [KroneckerFactor] {
    let sides = MatrixSides(shape, largest: .max).matrix
    guard shape.count > 0 else { return [] }
    let both = [true, false].map { isRows in
      let extent = sides[isRows ? 0 : 1]
      return KroneckerFactor(isRows: isRows, extent: extent, isDense: extent <= largest)
    }
    guard sides[0] > 1, sides[1] > 1 else {
      let long = sides[0] > 1 ? both[0] : both[1]
      return [KroneckerFactor(isRows: long.isRows, extent: long.extent, isDense: false)]
    }
    return both
  }

  /// As paths call it.
  var name: String { isRows ? "Rows" : "Columns" }
  /// Of its numbers; a diagonal's line up with the side that it scales.
  var shape: Shape { isDense ? [extent, extent] : isRows ? [extent, 1] : [1, extent] }
  /// A multiple of 1.
  var identity: [Double] {
    isDense
      ? (0..<extent * extent).map { $0 % (extent + 1) == 0 ? 1 : 0 } : [Double](repeating: 1, count: extent)
  }

  /// This side times the factor's square.
  func squared(_ q: Tensor, times g: Tensor) -> Tensor {
    guard isDense else { return q.squared * g }
    return isRows ? q.matmul(q.matmul(g)) : g.matmul(q).matmul(q)
  }

  /// The factor after a step towards one that makes the second moment of `p` along this side a multiple of 1, and what the step is divided by.
  ///
  /// - Parameters:
  ///   - p: a gradient, [inputs, outputs], times all factors' squares.
  ///   - size: of the step.
  ///   - kept: how much of an earlier, larger divisor is kept.
  func fitted(
    _ q: Tensor, to p: Tensor, size: Double, divisor old: Tensor, kept: Double
  ) -> (factor: Tensor, divisor: Tensor) {
    // That is what p p of elements of size 1 would be along the diagonal.
    let whole = Double(p.count) / Double(extent)
    guard isDense else {
      let moment = p.squared.sum([isRows ? 1 : 0], keepingAxes: true)
      let divisor = self.divisor(moment.maximum() + whole, old, kept)
      let gain = 1 - (0.5 * size / divisor) * (moment - whole)
      return (q * gain.squared, divisor)
    }
    let moment = isRows ? p.matmul(p.transposed()) : p.transposed().matmul(p)
    let divisor = self.divisor(Self.bound(moment) + whole, old, kept)
    let half = 0.5 * size / divisor
    // From both sides, so that a positive factor stays so.
    let left = q - half * (moment.matmul(q) - whole * q)
    let both = left - half * (left.matmul(moment) - whole * left)
    return (0.5 * (both + both.transposed()), divisor)
  }

  private func divisor(_ new: Tensor, _ old: Tensor, _ kept: Double) -> Tensor {
    max(kept * old + (1 - kept) * new, new)
  }

  /// At least the spectral norm of a symmetric matrix [n, n], and at most n^(1/8) times that: ‖A⁴‖^(1/4), with Frobenius' norm.
  private static func bound(_ a: Tensor) -> Tensor {
    let size = a.length
    let unit = a / select(size .> 0, size, 1)
    let square = unit.matmul(unit)
    return size * root(root(square.matmul(square).length))
  }
}
