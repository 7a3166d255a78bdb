/// The direction near the mean gradient that serves the worst objective best (CAGrad: Liu et al., "Conflict-averse gradient
/// descent for multi-task learning", 2021).
///
/// Of all d with |d - g₀| ≤ c |g₀|, g₀ the mean gradient, it takes the one with the largest min_i <g_i, d>. By duality
/// d = g₀ + g_w / t with t = |g_w| / (c |g₀|), where w minimises <g_w, g₀> + c |g₀| |g_w| over the simplex, g_w = Σ w_i g_i.
/// For a given t these are the weights of the shortest vector in the hull of all g_i + t g₀, so that the search is for one
/// number.
public struct ConflictAverse: Weighting {
  /// c; at 1 or more no objective rises to first order.
  public let radius: Double

  public init(radius: Double = 0.5) {
    precondition(radius >= 0, "a radius is not negative")
    self.radius = radius
  }

  public var description: String { "CAGrad \(radius)" }

  public func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double] {
    let count = gramian.count
    let equal = [Double](repeating: 1 / Double(count), count: count)
    let scale = (0..<count).map { gramian[$0][$0] }.max()!
    guard scale > 0 else { return equal }
    let g = gramian.map { $0.map { $0 / scale } }
    let mean = g.map { inner($0, equal) }
    let square = max(inner(mean, equal), 0)
    let reach = radius * square.squareRoot()
    guard reach > 0 else { return equal }
    func shortest(_ t: Double) -> (weights: [Double], length: Double) {
      let shifted = (0..<count).map { i in
        (0..<count).map { j in g[i][j] + t * (mean[i] + mean[j]) + t * t * square }
      }
      let w = MinimumNorm(gram: shifted).weights
      return (w, max(inner(g.map { inner($0, w) }, w), 0).squareRoot())
    }
    // The dual function of t is convex, and rises where g_w is shorter than t c |g₀|; no g_w is longer than 1. Where g_w
    // vanishes, a t this small keeps the direction.
    var (low, high) = (1e-6, 1 / reach)
    guard low < high, shortest(low).length > low * reach else {
      return zip(equal, shortest(low).weights).map { $0 + $1 / low }
    }
    for _ in 0..<100 where high - low > 1e-14 * high {
      let middle = 0.5 * (low + high)
      if shortest(middle).length > middle * reach { low = middle } else { high = middle }
    }
    return zip(equal, shortest(high).weights).map { $0 + $1 / high }
  }
}
