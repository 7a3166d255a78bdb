import Arrays
import Foundation

/// Coordinates in which the slack barrier's preconditioner is the identity: with H = (1/m) Σ A_i A_i^T / y_i of a trial,
/// w = H^(1/2) x, and rows A become A H^(-1/2).
package struct Whitening {
  /// Rows in the new coordinates, [trials, m · d, n].
  package let rows: NDArray
  /// The largest eigenvalue of (1/m) A^T A in the new coordinates, of each trial: below t = 1 / it the barrier holds 0
  /// as a minimum.
  package let largestEigenvalues: [Double]
  /// H^(1/2) and H^(-1/2) of each trial, [n, n].
  private let roots: [NDArray]
  private let inverses: [NDArray]

  /// - Throws: `RecoveryError` when measurements do not span the space.
  package init(_ batch: PhaseRetrievalBatch) throws {
    let (n, m, d) = (batch.dimension, batch.measurementCount, batch.ensemble.rank)
    let all = batch.rows.reshaped(to: [batch.trialCount * m * d, n])
    let y = batch.intensities.doubles
    var (rows, eigenvalues, roots, inverses): ([Double], [Double], [NDArray], [NDArray]) = ([], [], [], [])
    for trial in 0..<batch.trialCount {
      let matrix = all.rows(trial * m * d..<(trial + 1) * m * d)
      // Rows scaled by 1 / √y, so that their second moment is H.
      let scales = (0..<m).map { 1 / y[trial * m + $0].squareRoot() }
      let scaled = matrix.doubles.enumerated().map { $1 * scales[$0 / (n * d)] }
      let (values, vectors) = try LinearAlgebra.symmetricEigen(
        of: try Self.moment(NDArray(scaled, shape: matrix.shape), count: m))
      let spectrum = values.doubles
      guard spectrum[0] > 1e-14 * spectrum[n - 1] else {
        throw RecoveryError.rankDeficient(trial: trial, dimension: n)
      }
      func power(_ exponent: Double) throws -> NDArray {
        let factors = spectrum.map { pow($0, exponent) }
        let spread = vectors.doubles.enumerated().map { $1 * factors[$0 % n] }
        return try LinearAlgebra.product(NDArray(spread, shape: [n, n]), Self.transposed(vectors))
      }
      roots.append(try power(0.5))
      inverses.append(try power(-0.5))
      let white = try LinearAlgebra.product(matrix, inverses[trial])
      rows += white.doubles
      let eigen = try LinearAlgebra.symmetricEigen(of: try Self.moment(white, count: m))
      eigenvalues.append(eigen.values.doubles[n - 1])
    }
    self.rows = NDArray(rows, shape: batch.rows.shape)
    (largestEigenvalues, self.roots, self.inverses) = (eigenvalues, roots, inverses)
  }

  /// w = H^(1/2) x of each trial.
  package func whitened(_ points: NDArray) throws -> NDArray { try Self.map(points, roots) }

  /// x = H^(-1/2) w of each trial.
  package func original(_ points: NDArray) throws -> NDArray { try Self.map(points, inverses) }

  private static func map(_ points: NDArray, _ factors: [NDArray]) throws -> NDArray {
    let columns = try factors.enumerated().flatMap { trial, factor in
      try LinearAlgebra.product(factor, NDArray(points.rows(trial..<trial + 1).doubles, shape: [factor.shape[0], 1]))
        .doubles
    }
    return NDArray(columns, shape: points.shape)
  }

  /// (1 / count) a^T a.
  private static func moment(_ a: NDArray, count: Int) throws -> NDArray {
    let product = try LinearAlgebra.product(transposed(a), a)
    return NDArray(product.doubles.map { $0 / Double(count) }, shape: product.shape)
  }

  private static func transposed(_ a: NDArray) -> NDArray {
    let (rows, columns, values) = (a.shape[0], a.shape[1], a.doubles)
    var result = [Double](repeating: 0, count: values.count)
    for i in 0..<rows { for j in 0..<columns { result[j * rows + i] = values[i * columns + j] } }
    return NDArray(result, shape: [columns, rows])
  }
}
