import Foundation

/// Random duality theory of phase retrieval with Gaussian measurements of rank d, plain and in closed form.
///
/// x̄ of unit length is sought from y_i = |A_i^T x̄|² with A_i of n x d standard normal numbers, i = 1 ... m, m = α n. The
/// least amplitude loss (1/n) Σ (√y_i - |A_i^T x|)² over all x of squared length c and overlap x = <x, x̄> is bounded from
/// below, with high probability, by `manifold`. Where that manifold falls all along the overlap, descent should
/// meet no other funnel than the solution's.
///
/// After Stojnic, arXiv 2506.18282 and 2506.18275; the formulas are derived here.
public struct PhaseRetrievalDuality: Sendable, Hashable {
  /// Columns of each measurement: 1 for real phase retrieval, 2 for complex.
  public let rank: Int

  public init(rank: Int) {
    precondition(rank > 0, "The rank of a measurement is positive; got \(rank).")
    self.rank = rank
  }

  /// (E|g|)² for g of d standard normal numbers.
  public var squaredMeanLength: Double {
    let d = Double(rank)
    let ratio = exp(lgammaPositive((d + 1) / 2) - lgammaPositive(d / 2))
    return 2 * ratio * ratio
  }

  /// E |g||s| for standard normal d-vectors of correlation ρ: (E|g|)² · ₂F₁(-1/2, -1/2; d/2; ρ²).
  public func meanProduct(correlation rho: Double) -> Double {
    precondition(abs(rho) <= 1, "A correlation lies between -1 and 1; got \(rho).")
    if rank == 1 { return 2 / .pi * ((1 - rho * rho).squareRoot() + rho * asin(rho)) }
    let (z, d) = (rho * rho, Double(rank))
    if z == 1 { return d }
    var (term, sum, k) = (1.0, 1.0, 0.0)
    while k < 200_000 {
      term *= (k - 0.5) * (k - 0.5) / ((d / 2 + k) * (k + 1)) * z
      sum += term
      k += 1
      // What is left is below term · min(1 / (1 - z), k).
      if term * min(1 / (1 - z), k) < 1e-16 * sum { break }
    }
    return squaredMeanLength * sum
  }

  /// E (|g| - |s|)² with s of squared length c per element and overlap x with g.
  public func amplitudeGap(squaredNorm c: Double, overlap x: Double) -> Double {
    let root = c.squareRoot()
    return Double(rank) * (1 + c) - 2 * root * meanProduct(correlation: min(1, max(-1, x / root)))
  }

  /// √(α f) - √(c - x²): the root of the manifold, which may be negative.
  public func signedManifold(ratio alpha: Double, squaredNorm c: Double, overlap x: Double) -> Double {
    (alpha * max(0, amplitudeGap(squaredNorm: c, overlap: x))).squareRoot() - max(0, c - x * x).squareRoot()
  }

  /// The bound of plain random duality theory on the least amplitude loss, [max(0, √(α f) - √(c - x²))]².
  public func manifold(ratio alpha: Double, squaredNorm c: Double, overlap x: Double) -> Double {
    let root = max(0, signedManifold(ratio: alpha, squaredNorm: c, overlap: x))
    return root * root
  }

  /// The sampling ratio above which the manifold at squared length 1 falls all along the overlap:
  /// 2 d² (d - χ²) / χ⁴; π²/2 - π for d = 1.
  public var transition: Double {
    let (d, square) = (Double(rank), squaredMeanLength)
    return 2 * d * d * (d - square) / (square * square)
  }

  /// The same without a limit on the length: (1 + d⁴ / χ⁴ - d²) / d; π²/4 for d = 1.
  public var freeTransition: Double {
    let (d, square) = (Double(rank), squaredMeanLength)
    return (1 + d * d * d * d / (square * square) - d * d) / d
  }

  /// The transition by a scan of the overlap instead of the closed form, with the overlap where it is decided.
  public func scannedTransition(overlaps: Int = 400) -> (ratio: Double, overlap: Double) {
    // At squared length 1 the slope in q = x² of √(α f) - √(1 - q) is negative where √α < √f / (√(1 - q) · -f').
    var worst = (ratio: 0.0, overlap: 0.0)
    for i in 0..<overlaps {
      let x = (Double(i) + 0.5) / Double(overlaps)
      let (q, h) = (x * x, 1e-5 * min(x * x, 1 - x * x))
      func f(_ q: Double) -> Double { amplitudeGap(squaredNorm: 1, overlap: q.squareRoot()) }
      let slope = (f(q + h) - f(q - h)) / (2 * h)
      let ratio = f(q) / ((1 - q) * slope * slope)
      if ratio > worst.ratio { worst = (ratio, x) }
    }
    return worst
  }
}

/// log Γ(x) for x > 0; the C library's sets a global sign, so that the small values go by way of Γ.
private func lgammaPositive(_ x: Double) -> Double {
  if x < 100 { return log(tgamma(x)) }
  return (x - 0.5) * log(x) - x + 0.5 * log(2 * .pi) + 1 / (12 * x) - 1 / (360 * x * x * x)
}
