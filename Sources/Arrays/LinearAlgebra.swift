import COpenBLAS

/// A decomposition failed.
public struct LinearAlgebraError: Error, CustomStringConvertible, Sendable {
  public var description: String
}

/// Decompositions of float64 matrices through LAPACK.
public enum LinearAlgebra {
  private static func matrix(_ a: NDArray, _ name: String) throws -> (rows: Int, columns: Int) {
    guard a.shape.rank == 2, a.elementType == .float64 else {
      throw LinearAlgebraError(description: "\(name) takes a float64 matrix, not \(a.elementType)\(a.shape)")
    }
    return (a.shape[0], a.shape[1])
  }

  private static func check(_ info: Int32, _ name: String) throws {
    guard info == 0 else { throw LinearAlgebraError(description: "\(name) did not succeed (LAPACK says \(info))") }
  }

  private static func pointer(_ a: NDArray) -> UnsafeMutablePointer<Double> {
    a.storage.pointer.assumingMemoryBound(to: Double.self)
  }

  /// The thin singular value decomposition a = u diag(s) v^T; singular values fall.
  ///
  /// - Returns: u [m, r], s [r], v^T [r, n] with r = min(m, n).
  /// - Throws: `LinearAlgebraError` where `a` is no float64 matrix, or LAPACK does not converge.
  public static func singularValueDecomposition(of a: NDArray) throws -> (u: NDArray, s: NDArray, vT: NDArray) {
    let (m, n) = try matrix(a, "singularValueDecomposition")
    let r = min(m, n)
    var copy = a
    copy.makeUnique()
    let (u, s, vT) = (NDArray.zeros([m, r], .float64), NDArray.zeros([r], .float64), NDArray.zeros([r, n], .float64))
    try check(cb_svd(Int64(m), Int64(n), pointer(copy), pointer(u), pointer(s), pointer(vT)), "the decomposition")
    return (u, s, vT)
  }

  /// Eigenvalues, rising, and eigenvectors (columns) of a symmetric matrix [n, n].
  ///
  /// - Throws: `LinearAlgebraError` where `a` is no square float64 matrix, or LAPACK does not converge.
  public static func symmetricEigen(of a: NDArray) throws -> (values: NDArray, vectors: NDArray) {
    let (m, n) = try matrix(a, "symmetricEigen")
    guard m == n else { throw LinearAlgebraError(description: "symmetricEigen takes a square matrix, not \(a.shape)") }
    var vectors = a
    vectors.makeUnique()
    let values = NDArray.zeros([n], .float64)
    try check(cb_symmetric_eigen(Int64(n), pointer(vectors), pointer(values)), "the eigendecomposition")
    return (values, vectors)
  }

  /// x with a x = b, for a square a [n, n] and b [n, k].
  ///
  /// - Throws: `LinearAlgebraError` where shapes do not fit, or `a` is singular.
  public static func solve(_ a: NDArray, _ b: NDArray) throws -> NDArray {
    let (m, n) = try matrix(a, "solve")
    let (rows, columns) = try matrix(b, "solve")
    guard m == n, rows == n else {
      throw LinearAlgebraError(description: "solve: \(a.shape) and \(b.shape) do not fit")
    }
    var (left, right) = (a, b)
    left.makeUnique()
    right.makeUnique()
    try check(cb_solve(Int64(n), Int64(columns), pointer(left), pointer(right)), "the matrix is singular: the solution")
    return right
  }

  /// x that minimises |a x - b| for a of full rank [m, n], m >= n, and b [m].
  ///
  /// - Throws: `LinearAlgebraError` where shapes do not fit, or `a` has not full rank.
  public static func leastSquares(_ a: NDArray, _ b: NDArray) throws -> NDArray {
    let (m, n) = try matrix(a, "leastSquares")
    guard m >= n, b.shape == [m], b.elementType == .float64 else {
      throw LinearAlgebraError(description: "leastSquares: \(a.shape) and \(b.shape) do not fit")
    }
    var (left, right) = (a, b)
    left.makeUnique()
    right.makeUnique()
    try check(cb_least_squares(Int64(m), Int64(n), pointer(left), pointer(right)), "the least squares")
    return right.rows(0..<n)
  }

  /// The orthogonal factor of a random Gaussian matrix [rows, columns]: orthonormal columns (or rows, the fewer).
  ///
  /// - Throws: `LinearAlgebraError` where LAPACK does not converge.
  public static func randomOrthogonal(_ rows: Int, _ columns: Int, key: RandomKey) throws -> NDArray {
    let (u, _, vT) = try singularValueDecomposition(of: key.normal([rows, columns], .float64))
    return try product(u, vT)
  }

  /// The matrix product of float64 matrices.
  ///
  /// - Throws: `LinearAlgebraError` where one is no float64 matrix, or shapes do not fit.
  public static func product(_ a: NDArray, _ b: NDArray) throws -> NDArray {
    let (m, k) = try matrix(a, "product")
    let (rows, n) = try matrix(b, "product")
    guard rows == k else { throw LinearAlgebraError(description: "product: \(a.shape) and \(b.shape) do not fit") }
    func view(_ x: NDArray) -> cb_view {
      var v = cb_view()
      v.rank = 2
      (v.dims.0, v.dims.1) = (Int64(x.shape[0]), Int64(x.shape[1]))
      (v.strides.0, v.strides.1) = (Int64(x.shape[1]), 1)
      return v
    }
    let c = NDArray.zeros([m, n], .float64)
    var parameters = cb_matmul(a: view(a), b: view(b), c: view(c), accumulate: false)
    var operands: [UnsafeMutableRawPointer?] = [a.storage.pointer, b.storage.pointer, c.storage.pointer]
    cb_matmul_run(&parameters, &operands)
    withExtendedLifetime((a, b)) {}
    return c
  }
}
