extension Updates {
  /// The Euclidean norm over all leaves, of numbers whose squares overflow, too; with derivative 0 at 0.
  ///
  /// Squares of scaled numbers take the place of those that are too large, as in Blue, "A portable Fortran program to find the Euclidean norm of a
  /// vector", 1978: both sums are made in one pass.
  var length: Tensor {
    let plain = squaredNorm
    let isNarrow = tree.leaves.contains { $0.elementType == .float32 }
    // Powers of two change no digit.
    let scale = isNarrow ? 0x1p-80 : 0x1p-600
    let fits = plain .<= (isNarrow ? 0x1p100 : 0x1p1000)
    return select(fits, root(select(fits, plain, 1)), root((scale * self).squaredNorm) / scale)
  }
}

extension Tensor {
  /// The Euclidean norm of all elements, of numbers whose squares overflow, too; with derivative 0 at 0.
  var length: Tensor { Updates(["all": self]).length }
}
