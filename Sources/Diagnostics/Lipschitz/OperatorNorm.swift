import Parameters

/// A measurement of Lipschitz continuity is not possible.
public struct LipschitzError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// The largest singular value s₁ of a matrix θ [m, n] with its first and second derivative, in float64.
///
/// The Jacobian form is J = u₁ v₁ᵀ. The Hessian H is never built: as a quadratic form of G it is
/// zᵀ (s₁ - A)⁻¹ z with A = (0 θ; θᵀ 0) and z = (G v₁; Gᵀ u₁), both parts without their component along u₁ and v₁. With
/// w = s₁ Gᵀu₁ + θᵀ(G v₁) this is |G v₁|² / s₁ + 1 / s₁ · Σ_{j ≥ 2} <v_j, w>² / (s₁² - s_j²): only the eigenvectors of
/// the smaller Gram matrix are needed, and nothing is divided by a small singular value.
public struct OperatorNorm: Sendable {
  /// s₁.
  public let value: Double
  /// All singular values, falling: min(m, n).
  public let singularValues: [Double]
  /// u₁ [m] and v₁ [n], of norm 1.
  public let left: [Double]
  /// v₁ [n], of norm 1.
  public let right: [Double]
  /// Pairs (1, j) whose s₁² - s_j² is below the floor and was raised to it: there H is not to be trusted.
  public let flooredPairs: Int

  private let rows: Int
  private let columns: Int
  /// θ, or its transpose where it is wide.
  private let tall: NDArray
  private let isWide: Bool
  /// Eigenvectors of the tall matrix's Gram matrix in columns, eigenvalues rising: the last is v₁.
  private let basis: NDArray
  /// 1 / (s₁² - s_j²) for each column of the basis, 0 for the last.
  private let weights: [Double]

  /// - Parameters:
  ///   - matrix: float64 [m, n].
  ///   - gapFloor: the smallest (s₁² - s_j²) / s₁² that counts as it is.
  /// - Throws: `LipschitzError` for a matrix that is zero, empty or not finite; `LinearAlgebraError`.
  public init(_ matrix: NDArray, gapFloor: Double = 1e-6) throws {
    guard matrix.shape.rank == 2, matrix.elementType == .float64, matrix.count > 0 else {
      throw LipschitzError("an operator norm is of a float64 matrix, not of \(TensorType(of: matrix))")
    }
    guard matrix.doubles.allSatisfy({ $0.isFinite }) else { throw LipschitzError("the matrix is not finite") }
    (rows, columns) = (matrix.shape[0], matrix.shape[1])
    isWide = rows < columns
    tall = isWide ? matrix.transposedMatrix : matrix
    let gram = try LinearAlgebra.product(tall.transposedMatrix, tall)
    let (values, vectors) = try LinearAlgebra.symmetricEigen(of: gram)
    let n = vectors.shape[0]
    let squares = values.doubles.map { max($0, 0) }
    basis = vectors
    let v = vectors.doubles.enumerated().filter { $0.offset % n == n - 1 }.map(\.element)
    let image = try LinearAlgebra.product(tall, NDArray(v, shape: [n, 1])).doubles
    let s = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard s > 0 else { throw LipschitzError("the matrix is zero: its operator norm has no derivative") }
    let u = image.map { $0 / s }
    value = s
    singularValues = [s] + squares.dropLast().reversed().map { $0.squareRoot() }
    (left, right) = isWide ? (v, u) : (u, v)
    let floor = gapFloor * s * s
    let gaps = squares.dropLast().map { s * s - $0 }
    flooredPairs = gaps.count { $0 < floor }
    weights = gaps.map { 1 / max($0, floor) } + [0]
  }

  /// (s₁ - s₂) / s₁, 1 where there is no second: the smaller, the faster J turns.
  public var relativeGap: Double { singularValues.count < 2 ? 1 : 1 - singularValues[1] / value }

  /// tr H.
  public var hessianTrace: Double {
    2 * value * weights.reduce(0, +) + Double(abs(rows - columns)) / value
  }

  /// <J, G> = u₁ᵀ G v₁.
  ///
  /// - Throws: `LinearAlgebraError` where a product fails.
  public func jacobianProduct(_ g: NDArray) throws -> Double { try forms(try products(g)).jacobian[0] }

  /// vec(G)ᵀ H vec(G).
  ///
  /// - Throws: `LinearAlgebraError` where a product fails.
  public func hessianForm(_ g: NDArray) throws -> Double { try forms(try products(g)).hessian[0] }

  private func products(_ g: NDArray) throws -> GradientProducts {
    precondition(
      g.shape == [rows, columns], "a direction has the matrix's shape [\(rows), \(columns)], not \(g.shape)")
    return GradientProducts(
      right: try LinearAlgebra.product(g, NDArray(right, shape: [columns, 1])).reshaped(to: [1, rows]),
      left: try LinearAlgebra.product(NDArray(left, shape: [1, rows]), g))
  }

  /// <J, G_i> and vec(G_i)ᵀ H vec(G_i) for many directions, from G_i v₁ and G_iᵀ u₁ alone.
  ///
  /// - Throws: `LinearAlgebraError` where a product fails.
  public func forms(_ products: GradientProducts) throws -> (jacobian: [Double], hessian: [Double]) {
    let k = products.count
    precondition(
      products.right.shape == [k, rows] && products.left.shape == [k, columns], "products of another matrix's gradients"
    )
    // Of the tall matrix: p = G v₁ [k, m], r = Gᵀ u₁ [k, n].
    let (p, r) = isWide ? (products.left, products.right) : (products.right, products.left)
    let (m, n) = (tall.shape[0], tall.shape[1])
    let u = isWide ? right : left
    let along = try LinearAlgebra.product(p, NDArray(u, shape: [m, 1])).doubles
    var across = p
    var squares = [Double](repeating: 0, count: k)
    across.withUnsafeMutableElements(of: Double.self) { x in
      for i in 0..<k {
        var sum = 0.0
        for j in 0..<m {
          x[i * m + j] -= along[i] * u[j]
          sum += x[i * m + j] * x[i * m + j]
        }
        squares[i] = sum
      }
    }
    var w = try LinearAlgebra.product(across, tall)
    w.withUnsafeMutableElements(of: Double.self) { x in
      r.withUnsafeElements(of: Double.self) { y in
        for i in 0..<k * n { x[i] += value * y[i] }
      }
    }
    let coordinates = try LinearAlgebra.product(w, basis)
    let hessian = coordinates.withUnsafeElements(of: Double.self) { c in
      (0..<k).map { i in
        var sum = squares[i]
        for j in 0..<n { sum += weights[j] * c[i * n + j] * c[i * n + j] }
        return sum / value
      }
    }
    return (along, hessian)
  }
}

/// What the derivatives of an operator norm need of gradients G_i: G_i v₁ and G_iᵀ u₁, in float64.
public struct GradientProducts: Sendable {
  /// G_i v₁ [count, m].
  public var right: NDArray
  /// G_iᵀ u₁ [count, n].
  public var left: NDArray

  public init(right: NDArray, left: NDArray) {
    precondition(right.shape[0] == left.shape[0], "both products for each gradient")
    self.right = right
    self.left = left
  }

  /// Number of gradients.
  public var count: Int { right.shape[0] }
}

extension NDArray {
  /// The transpose of a float64 matrix.
  var transposedMatrix: NDArray {
    let (m, n) = (shape[0], shape[1])
    var result = NDArray(uninitialized: [n, m], .float64)
    result.withUnsafeMutableElements(of: Double.self) { target in
      withUnsafeElements(of: Double.self) { source in
        for i in 0..<m { for j in 0..<n { target[j * m + i] = source[i * n + j] } }
      }
    }
    return result
  }
}
