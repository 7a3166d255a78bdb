import Foundation

/// The power -1/p of a symmetric matrix without negative eigenvalues, by products alone.
///
/// A has its Frobenius norm taken out and the ridge added to its eigenvalues, which lie between the ridge and about 1 then. M = z A and X = z^(1/p),
/// with z = (1 + p) / (2 |A|), are moved by T = ((p + 1) 1 - M) / p: X <- X T, M <- T^p M, until M is 1 and X the root. Guo and Higham, "A Schur-Newton
/// method for the matrix pth root and its inverse", 2006, (3.1); so do Anil et al., 2020, arXiv 2002.09018.
struct InverseRoot {
  /// p: 2 or 4.
  let order: Int
  /// Added to eigenvalues, in units of the norm.
  let ridge: Double

  /// The smallest eigenvalue grows by ((p + 1) / p)^p until it is near 1, and then converges quadratically.
  private var iterations: Int {
    let p = Double(order)
    return Int((Foundation.log(2 / ridge) / (p * Foundation.log((p + 1) / p))).rounded(.up)) + 6
  }

  /// - Parameter matrix: [n, n], float64.
  /// - Returns: [n, n]; of zeros the ridge's root.
  func of(_ matrix: Tensor) -> Tensor {
    precondition(order == 2 || order == 4, "roots of second moments are square ones or fourth ones")
    let (n, p) = (matrix.shape[0], Double(order))
    let graph = matrix.graph
    let one = (graph.iota([n, n], axis: 0) .== graph.iota([n, n], axis: 1)).cast(to: matrix.elementType)
    let norm = root(matrix.squared.sum())
    let isSome = norm .> 0
    let size = select(isSome, norm, 1)
    let a = matrix / size + ridge * one
    let z = (1 + p) / (2 * root(a.squared.sum()))
    var (m, x) = (z * a, pow(z, 1 / p) * one)
    for _ in 0..<iterations {
      let t = ((p + 1) * one - m) / p
      x = x.matmul(t)
      let square = t.matmul(t)
      m = (order == 2 ? square : square.matmul(square)).matmul(m)
    }
    return x * pow(size, -1 / p)
  }
}
