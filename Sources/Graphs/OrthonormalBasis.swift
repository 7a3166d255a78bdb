/// The orthonormal basis that Gram and Schmidt's process makes of the columns of square matrices: Q of A = Q R, where R is upper
/// triangular and its diagonal not negative.
///
/// Householder's reflections compute it, so that it is orthonormal whatever A is; columns that depend on those before them get any direction
/// that is left. Its derivative exists where A is regular.
///
/// - Parameter a: [..., n, n].
/// - Returns: like `a`; NaN where `a` is not finite.
public func orthonormalBasis(_ a: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
  guard a.at(file, line).rank >= 2, a.shape[-1] == a.shape[-2], a.elementType.isFloatingPoint else {
    return a.graph.fail("orthonormalBasis", [a], "needs square matrices [..., n, n]")
  }
  let n = a.shape[-1]
  let matrices = a.reshaped(to: [n > 0 ? a.count / (n * n) : 0, n, n])
  return Composite.orthonormalBasis.recorded([matrices], [matrices.type])[0].reshaped(to: a.shape)
}

/// What the composite is made of.
enum OrthonormalBasis {
  /// Gram and Schmidt's process, column by column, as it is defined; [batch, n, n].
  static func decomposed(_ a: Tensor) -> Tensor {
    var columns: [Tensor] = []
    for index in 0..<a.shape[2] {
      var column = a.sliced(from: [0, 0, index], to: [a.shape[0], a.shape[1], index + 1])
      for other in columns { column = column - other * (other * column).sum([1], keepingAxes: true) }
      columns.append(column * rsqrt(column.squared.sum([1], keepingAxes: true)))
    }
    return columns.isEmpty ? a : concatenate(columns, axis: 2)
  }

  /// With dQ = Q (S - Sᵀ), where S is what lies below the diagonal of Qᵀ dA R⁻¹: Q T R⁻ᵀ, T what lies below the diagonal of
  /// Qᵀ c - (Qᵀ c)ᵀ for the cotangent c.
  static func pullback(_ a: Tensor, _ q: Tensor, _ cotangent: Tensor) -> Tensor {
    let n = a.shape[2]
    let (row, column) = (a.graph.iota([n, n], axis: 0), a.graph.iota([n, n], axis: 1))
    func part(_ x: Tensor, _ isKept: Tensor) -> Tensor { select(isKept.broadcast(to: x.shape), x, 0) }
    let slope = q.transposed().matmul(cotangent)
    let lower = part(slope - slope.transposed(), row .> column)
    let inverse = inverseOfTriangle(part(q.transposed().matmul(a), row .<= column), row, column)
    return q.matmul(lower.matmul(inverse.transposed()))
  }

  /// Of R = (1 + N) D, where N is strictly triangular and vanishes as a power: D⁻¹ (1 - N) (1 + N²) (1 + N⁴) ...
  private static func inverseOfTriangle(_ r: Tensor, _ row: Tensor, _ column: Tensor) -> Tensor {
    let n = r.shape[2]
    let one = (row .== column).cast(to: r.elementType).broadcast(to: r.shape)
    let diagonal = (r * one).sum([1])
    let scale = diagonal.reciprocal
    var power = -(r * scale.expanded(axis: 1) - one)
    var inverse = one + power
    var reached = 2
    while reached < n {
      power = power.matmul(power)
      inverse = inverse.matmul(one + power)
      reached *= 2
    }
    return scale.expanded(axis: 2) * inverse
  }
}
