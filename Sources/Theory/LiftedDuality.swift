import Foundation

/// Lifted random duality theory of phase retrieval: a tighter bound than the plain one, by quadrature.
///
/// √φ = max over c₃ > 0 of c₃ r²/2 - I(c₃ r)/c₃ + min over γ of γ - (α/c₃) L(c₃ / 4γ), with r² = c - x²,
/// I(a) = a t - (t² - 1)/2 + log t at t = (a + √(a² + 4))/2, and L(k) = log E exp(-k (|g| - |s|)²). Both searches join in one
/// over k, at c₃ = 2 k √(-α L'(k)); c₃ -> 0 is the plain bound. The expectation over both vectors at once ("annealed")
/// is our choice: the published version was not at hand.
public struct LiftedDuality: Sendable {
  /// d, real rows in a measurement.
  public let rank: Int
  private let rule: GaussLegendre

  /// - Parameter nodes: quadrature nodes for each of the two lengths.
  public init(rank: Int, nodes: Int = 120) {
    precondition(rank > 0, "The rank of a measurement is positive; got \(rank).")
    self.rank = rank
    rule = GaussLegendre(nodes)
  }

  /// The law of the two lengths |g| and |s| at one place of the manifold, as weighted points.
  private struct Law {
    /// (|g| - |s|)² and its probability.
    var points: [(square: Double, weight: Double)] = []
    /// (|g|² - d)(|s|²/c - d), for the slope at overlap 0.
    var products: [Double] = []

    /// L(k) and L'(k).
    func logMean(_ k: Double) -> (value: Double, slope: Double) {
      var (total, moment) = (0.0, 0.0)
      for (square, weight) in points {
        let part = weight * exp(-k * square)
        total += part
        moment += part * square
      }
      return (log(total), -moment / total)
    }

    /// E[e^(-k (|g| - |s|)²) product] / E[e^(-k (|g| - |s|)²)].
    func tilted(_ k: Double) -> Double {
      var (total, moment) = (0.0, 0.0)
      for (point, product) in zip(points, products) {
        let part = point.weight * exp(-k * point.square)
        total += part
        moment += part * product
      }
      return moment / total
    }
  }

  private func law(_ c: Double, _ x: Double) -> Law {
    let d = Double(rank)
    let (order, spread) = (d / 2 - 1, max(0, c - x * x))
    let r = spread.squareRoot()
    // 9 deviations beyond the mean hold all but 1e-18 of a length's law.
    let reach = d.squareRoot() + 9
    let front = pow(2, 1 - d / 2) / tgamma(d / 2)
    var law = Law()
    for (a, aWeight) in rule.on(0...reach) {
      let density = front * pow(a, d - 1) * exp(-a * a / 2) * aWeight
      // Given |g| = a, |s| / r is noncentral chi with d degrees and centre x a / r.
      let centre = abs(x) * a
      for (b, bWeight) in rule.on(max(0, centre - 9 * r)...centre + reach * r) {
        let bessel = scaledBessel(order, centre * b / spread)
        let conditional =
          b / spread * pow(b * b / (2 * spread), order) * bessel
          * exp(-(b - centre) * (b - centre) / (2 * spread))
        let weight = density * conditional * bWeight
        // What has next to no probability is left out: all these points together have less than 1e-20.
        guard weight > 1e-25 else { continue }
        law.points.append(((a - b) * (a - b), weight))
        law.products.append((a * a - d) * (b * b / c - d))
      }
    }
    return law
  }

  /// The whole probability of the quadrature at a place: 1 but for its error.
  public func totalProbability(squaredNorm c: Double, overlap x: Double) -> Double {
    law(c, x).points.reduce(0) { $0 + $1.weight }
  }

  /// L(k) at a place.
  public func logMean(_ k: Double, squaredNorm c: Double, overlap x: Double) -> Double { law(c, x).logMean(k).value }

  /// The bracket at one k with its c₃.
  private func bracket(_ k: Double, _ law: Law, alpha: Double, r: Double) -> (value: Double, lift: Double) {
    let (value, slope) = law.logMean(k)
    let c3 = 2 * k * (alpha * -slope).squareRoot()
    let a = c3 * r
    let t = (a + (a * a + 4).squareRoot()) / 2
    let growth = a * t - (t * t - 1) / 2 + log(t)
    return (c3 * r * r / 2 - growth / c3 + c3 / (4 * k) - alpha / c3 * value, c3)
  }

  private func best(_ law: Law, alpha: Double, r: Double) -> (k: Double, value: Double, lift: Double) {
    // A coarse scan finds the hill, golden sections its top. Beyond the end the factor exp(-k (a - b)²) falls between the
    // nodes, and the places where both rules meet would count for all.
    let density = Double(rule.nodes.count) / (Double(rank).squareRoot() + 9)
    let logs = Array(stride(from: log(1e-4), through: log(0.3 * density * density), by: 0.3))
    let values = logs.map { bracket(exp($0), law, alpha: alpha, r: r).value }
    let top = values.indices.max { values[$0] < values[$1] }!
    let range = logs[max(0, top - 1)]...logs[min(logs.count - 1, top + 1)]
    let k = exp(goldenMinimum(range, steps: 40) { -bracket(exp($0), law, alpha: alpha, r: r).value })
    let found = bracket(k, law, alpha: alpha, r: r)
    return (k, found.value, found.lift)
  }

  /// The root of the lifted manifold, which may be negative.
  public func signedManifold(ratio alpha: Double, squaredNorm c: Double, overlap x: Double) -> Double {
    best(law(c, x), alpha: alpha, r: (c - x * x).squareRoot()).value
  }

  /// The lifted bound on the least amplitude loss at squared length c > x² and overlap x.
  public func manifold(ratio alpha: Double, squaredNorm c: Double, overlap x: Double) -> Double {
    precondition(c > x * x, "The lifted bound needs an overlap below the length.")
    let root = max(0, signedManifold(ratio: alpha, squaredNorm: c, overlap: x))
    return root * root
  }

  /// The slope of the root in the squared overlap, at overlap 0; the best k does not move it (envelope theorem).
  public func slopeAtZero(ratio alpha: Double, squaredNorm c: Double = 1) -> Double {
    slope(law(c, 0), alpha: alpha, c: c)
  }

  private func slope(_ law: Law, alpha: Double, c: Double) -> Double {
    let r = c.squareRoot()
    let top = best(law, alpha: alpha, r: r)
    let t = (top.lift * r + (top.lift * top.lift * c + 4).squareRoot()) / 2
    // |s|² and |g|² gain correlation x²/c: d L / d x² = E[F (|g|² - d)(|s|²/c - d)] / (2 d c E[F]).
    let gain = law.tilted(top.k) / (2 * Double(rank) * c)
    return -top.lift / 2 + t / (2 * r) - alpha / top.lift * gain
  }

  /// The sampling ratio above which the manifold at squared length 1 falls from overlap 0.
  public func transition() -> Double {
    let law = law(1, 0)
    return bisection(1...3, steps: 30) { slope(law, alpha: $0, c: 1) < 0 }
  }

  /// The same without a limit on the length: at overlap 0 the length is the one of the least bound.
  public func freeTransition() -> Double {
    bisection(1...4, steps: 16) { alpha in
      let c = exp(
        goldenMinimum(log(0.3)...log(4), steps: 22) { signedManifold(ratio: alpha, squaredNorm: exp($0), overlap: 0) })
      return slopeAtZero(ratio: alpha, squaredNorm: c) < 0
    }
  }
}
