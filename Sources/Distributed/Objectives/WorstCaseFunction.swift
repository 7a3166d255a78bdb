import Foundation

/// F_{T,K,a}(x) = -Σ_i [Π_{k=1..K} Ψ_a(x_{i-k})] Φ(x_i) + Σ_i Γ(x_i), x_0 = ... = x_{1-K} = 1: a chain whose next coordinate
/// shows only where the last K are known.
///
/// Source: Tyurin, arXiv 2506.23836, extending Carmon, Duchi, Hinder, Sidford, "Lower bounds for finding stationary points I".
/// Ψ_a(x) = exp(log a [1 - 1/(2x - 1)²]) above ½ is a reconstruction: it fits the published constants.
public struct WorstCaseFunction: Hashable, Sendable {
  /// T, the number of coordinates.
  public let length: Int
  /// K, the last coordinates that must be known.
  public let window: Int
  /// a in (1, e].
  public let base: Double
  private let logBase: Double

  public init(length: Int, window: Int, base: Double) {
    precondition(length > 0 && window > 0, "A chain has a coordinate and a window.")
    precondition(base > 1 && base <= M_E, "The base a lies in (1, e]; got \(base).")
    self.length = length
    self.window = window
    self.base = base
    logBase = log(base)
  }

  /// Δ⁰ = √(2πe) a^K: F(0) - inf F <= Δ⁰ T.
  public var gapPerCoordinate: Double { (2 * .pi * M_E).squareRoot() * pow(base, Double(window)) }

  /// ℓ₁ = 12 √(2π) e^(5/2) K² a^K / log a, a Lipschitz constant of the gradient.
  public var smoothness: Double {
    12 * (2 * .pi).squareRoot() * exp(2.5) * Double(window * window) * pow(base, Double(window)) / logBase
  }

  /// γ_∞ = 6 √(2π) e^(3/2) K a^K / √(log a), a bound of each coordinate of the gradient.
  public var largestSlope: Double {
    6 * (2 * .pi).squareRoot() * exp(1.5) * Double(window) * pow(base, Double(window)) / logBase.squareRoot()
  }

  /// prog_K(x) = max{i : x_i, ..., x_{i-K+1} are not 0}, where coordinates before the first count as known.
  public func progress(_ x: [Double]) -> Int {
    var (last, run) = (0, window)
    for i in 0..<length {
      run = x[i] != 0 ? run + 1 : 0
      if run >= window { last = i + 1 }
    }
    return last
  }

  private func psi(_ x: Double) -> Double {
    guard x > 0.5 else { return 0 }
    let u = 2 * x - 1
    return exp(logBase * (1 - 1 / (u * u)))
  }

  private func phi(_ x: Double) -> Double { (M_E * .pi / 2).squareRoot() * erfc(-x / 2.0.squareRoot()) }
  private func phiSlope(_ x: Double) -> Double { exp(0.5 * (1 - x * x)) }
  private func gamma(_ x: Double) -> Double { x < 0 ? -x * exp(1 / x + 1) : 0 }
  private func gammaSlope(_ x: Double) -> Double { x < 0 ? exp(1 / x + 1) * (1 / x - 1) : 0 }

  /// Π_{k=1..K} Ψ_a(x_{i-k}) for each i.
  private func products(_ x: [Double]) -> [Double] {
    let factors = x.map { psi($0) }
    return (0..<length).map { i in
      var product = 1.0
      for j in max(0, i - window)..<max(i, 0) { product *= factors[j] }
      return product
    }
  }

  /// F(x).
  public func value(at x: [Double]) -> Double {
    precondition(x.count == length, "A chain of \(length) coordinates, a point of \(x.count).")
    let products = products(x)
    return x.indices.reduce(0) { $0 - products[$1] * phi(x[$1]) + gamma(x[$1]) }
  }

  /// ∇F(x).
  public func gradient(at x: [Double]) -> [Double] {
    precondition(x.count == length, "A chain of \(length) coordinates, a point of \(x.count).")
    let products = products(x)
    let terms = x.indices.map { products[$0] * phi(x[$0]) }
    return x.indices.map { j in
      var slope = gammaSlope(x[j]) - products[j] * phiSlope(x[j])
      // Ψ'(x)/Ψ(x) = 4 log a / (2x - 1)³, where Ψ has not vanished.
      if psi(x[j]) > 0, j + 1 < length {
        let u = 2 * x[j] - 1
        let relative = 4 * logBase / (u * u * u)
        for i in j + 1...min(j + window, length - 1) where terms[i] != 0 { slope -= terms[i] * relative }
      }
      return slope
    }
  }
}
