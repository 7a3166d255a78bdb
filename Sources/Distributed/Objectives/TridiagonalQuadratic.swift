import Arrays

/// f(x) = L (½ xᵀ A x - bᵀ x) with A = ¼ tridiag(-1, 2, -1) and b = -¼ e₁, whose information passes from coordinate to
/// coordinate; gradients with additive noise of variance σ²/d in each coordinate.
///
/// The noise of one gradient is a centred binomial number of mean 0 and that variance, exactly (64 coins; cheaper than a
/// normal one); the mean of b gradients has the noise of one divided by √b. Start: s √d e₁.
///
/// Source: Nesterov's worst-case quadratic, as in Szlendak, Tyurin, Richtárik, ICLR 2022.
public final class TridiagonalQuadratic: StochasticObjective {
  public let name = "tri-diagonal quadratic"
  public let dimension: Int
  public let smoothness: Double
  public let variance: Double
  public let start: [Double]
  public let hasLinearGradient = true

  /// - Parameters:
  ///   - scale: s.
  public init(dimension: Int, smoothness: Double = 1, variance: Double = 0, scale: Double = 1) {
    precondition(dimension > 0 && smoothness > 0 && variance >= 0, "A quadratic has coordinates and a curvature.")
    self.dimension = dimension
    self.smoothness = smoothness
    self.variance = variance
    var start = [Double](repeating: 0, count: dimension)
    start[0] = scale * Double(dimension).squareRoot()
    self.start = start
  }

  /// inf f = -L d / (8 (d + 1)), at x_i = -(d + 1 - i)/(d + 1).
  public var infimum: Double { -smoothness * Double(dimension) / (8 * Double(dimension + 1)) }

  public var gap: Double { value(at: start) - infimum }

  public func value(at x: [Double]) -> Double {
    var sum = 0.25 * x[0]
    for i in 0..<dimension {
      let next = i + 1 < dimension ? x[i + 1] : 0
      sum += 0.25 * x[i] * (x[i] - next)
    }
    return smoothness * sum
  }

  @inline(__always)
  private func slope(_ x: UnsafeBufferPointer<Double>, _ i: Int) -> Double {
    let before = i > 0 ? x[i - 1] : -1  // the row of b
    let after = i + 1 < dimension ? x[i + 1] : 0
    return smoothness * 0.25 * (2 * x[i] - before - after)
  }

  public func gradient(at x: [Double]) -> [Double] {
    x.withUnsafeBufferPointer { x in (0..<dimension).map { slope(x, $0) } }
  }

  public func squaredGradientNorm(at x: [Double]) -> Double {
    x.withUnsafeBufferPointer { x in
      var sum = 0.0
      for i in 0..<dimension {
        let g = slope(x, i)
        sum += g * g
      }
      return sum
    }
  }

  public func stochasticGradient(
    at x: [Double], batch: Int, key: RandomKey, positions: [Int32]?
  ) -> [Double] {
    if variance == 0 { return gradient(at: x).at(positions) }
    let noise = (variance / Double(dimension * batch)).squareRoot()
    let words = RandomWords(key)
    return x.withUnsafeBufferPointer { x in
      if let positions { return positions.map { slope(x, Int($0)) + noise * words.bell(Int($0)) } }
      return [Double](unsafeUninitializedCapacity: dimension) { result, count in
        for i in 0..<dimension { result[i] = slope(x, i) + noise * words.bell(i) }
        count = dimension
      }
    }
  }
}
