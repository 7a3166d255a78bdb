import Arrays
import Foundation

/// Coordinates in which the slack barrier's preconditioner is the identity: with H = (1/m) Σ A_i A_i^T / y_i = L L^T of a trial,
/// w = L^T x, and rows A become A L^-T.
package struct Whitening {
  /// Rows in the new coordinates, [trials, m · d, n].
  package let rows: NDArray
  /// The largest eigenvalue of (1/m) A^T A in the new coordinates, of each trial: below t = 1 / it the barrier holds 0
  /// as a minimum.
  package let largestEigenvalues: [Double]
  /// L of each trial, row-major, lower.
  private let factors: [[Double]]
  private let n: Int

  /// - Throws: `RecoveryError` when measurements do not span the space.
  package init(_ batch: PhaseRetrievalBatch) throws {
    let (n, m, d) = (batch.dimension, batch.measurementCount, batch.ensemble.rank)
    let count = m * d
    let y = batch.intensities.doubles
    let all = batch.rows.doubles
    var (rows, eigenvalues, factors): ([Double], [Double], [[Double]]) = ([], [], [])
    for trial in 0..<batch.trialCount {
      let matrix = Array(all[trial * count * n..<(trial + 1) * count * n])
      // Rows scaled by 1 / √(m y), so that the product with their transpose is H.
      let scaled = (0..<count * n).map { matrix[$0] / (Double(m) * y[trial * m + $0 / n / d]).squareRoot() }
      let left = NDArray(scaled, shape: [count, n])
      let gram = try LinearAlgebra.product(Self.transposed(left), left).doubles
      let factor = try Self.cholesky(gram, n, trial: trial)
      factors.append(factor)
      var white = matrix
      for r in 0..<count { Self.solveLower(factor, n, &white, at: r * n) }
      rows += white
      let whiteArray = NDArray(white, shape: [count, n])
      let moment = try LinearAlgebra.product(Self.transposed(whiteArray), whiteArray)
      eigenvalues.append(try LinearAlgebra.symmetricEigen(of: moment).values.doubles[n - 1] / Double(m))
    }
    self.rows = NDArray(rows, shape: batch.rows.shape)
    largestEigenvalues = eigenvalues
    self.factors = factors
    self.n = n
  }

  /// w = L^T x of each trial.
  package func whitened(_ points: NDArray) -> NDArray {
    map(points) { factor, x in
      (0..<n).map { i in (i..<n).reduce(0) { $0 + factor[$1 * n + i] * x[$1] } }
    }
  }

  /// x = L^-T w of each trial.
  package func original(_ points: NDArray) -> NDArray {
    map(points) { factor, w in
      var x = w
      for i in stride(from: n - 1, through: 0, by: -1) {
        for k in i + 1..<max(n, i + 1) { x[i] -= factor[k * n + i] * x[k] }
        x[i] /= factor[i * n + i]
      }
      return x
    }
  }

  private func map(_ points: NDArray, _ body: ([Double], [Double]) -> [Double]) -> NDArray {
    let values = points.doubles
    return NDArray(
      factors.indices.flatMap { body(factors[$0], Array(values[$0 * n..<($0 + 1) * n])) }, shape: points.shape)
  }

  private static func transposed(_ a: NDArray) -> NDArray {
    let (rows, columns, values) = (a.shape[0], a.shape[1], a.doubles)
    var result = [Double](repeating: 0, count: values.count)
    for i in 0..<rows { for j in 0..<columns { result[j * rows + i] = values[i * columns + j] } }
    return NDArray(result, shape: [columns, rows])
  }

  private static func cholesky(_ a: [Double], _ n: Int, trial: Int) throws -> [Double] {
    var l = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        var sum = a[i * n + j]
        for k in 0..<j { sum -= l[i * n + k] * l[j * n + k] }
        if i == j {
          guard sum > 0 else { throw RecoveryError.rankDeficient(trial: trial, dimension: n) }
          l[i * n + i] = sum.squareRoot()
        } else {
          l[i * n + j] = sum / l[j * n + j]
        }
      }
    }
    return l
  }

  /// Row r becomes L^-1 r, in place.
  private static func solveLower(_ l: [Double], _ n: Int, _ values: inout [Double], at start: Int) {
    for i in 0..<n {
      var sum = values[start + i]
      for k in 0..<i { sum -= l[i * n + k] * values[start + k] }
      values[start + i] = sum / l[i * n + i]
    }
  }
}
