import Foundation

/// The point of least norm in the convex hull of vectors, known by their products.
public struct MinimumNorm: Sendable, Equatable {
  /// λ ≥ 0 with sum 1.
  public var weights: [Double]
  /// λᵀ G λ.
  public var squaredNorm: Double
  /// max_i (λᵀ G λ - (G λ)_i): 0 at the exact solution, an upper bound on half the excess of λᵀ G λ otherwise.
  public var gap: Double

  /// argmin over the simplex of λᵀ G λ, by Wolfe's method (Mathematical Programming 11, 1976).
  ///
  /// It ends after finitely many steps at an exact solution, up to rounding: each set of vectors whose affine hull's
  /// nearest point lies inside their hull is visited once at most.
  /// - Parameter gram: G_ij = <u_i, u_j>, row by row, symmetric and positive semidefinite, all finite.
  public init(gram: [[Double]]) {
    let m = gram.count
    precondition(m > 0 && gram.allSatisfy { $0.count == m }, "a Gram matrix is square and not empty")
    precondition(gram.allSatisfy { $0.allSatisfy { $0.isFinite } }, "a Gram matrix is finite")
    // Products scale with the square of a common factor; the weights do not.
    let scale = (0..<m).map { gram[$0][$0] }.max()!
    guard scale > 0 else {
      self.init(weights: [Double](repeating: 1 / Double(m), count: m), squaredNorm: 0, gap: 0)
      return
    }
    let g = gram.map { $0.map { $0 / scale } }
    let start = (0..<m).min { g[$0][$0] < g[$1][$1] }!
    var active = [start]
    var weights = [Double](repeating: 0, count: m)
    weights[start] = 1
    var refused: Set<Int> = []
    var best = Self.state(g, weights)
    var bestWeights = weights
    for _ in 0..<(50 * m + 50) {
      let now = Self.state(g, weights)
      if now.square <= best.square { (best, bestWeights) = (now, weights) }
      let candidates = (0..<m).filter { index in
        let rounding = 8 * Double.ulpOfOne * (0..<m).reduce(0) { $0 + weights[$1] * abs(g[index][$1]) }
        return !active.contains(index) && !refused.contains(index)
          && now.products[index] < now.square - rounding
      }
      guard let entering = candidates.min(by: { now.products[$0] < now.products[$1] }) else { break }
      let before = (active, weights)
      active.append(entering)
      // Refused where it depends affinely on the others up to rounding, perhaps only after some were dropped, and where
      // rounding undoes the progress.
      if Self.descend(g, &active, &weights), Self.state(g, weights).square < now.square {
        refused.removeAll()
      } else {
        (active, weights) = before
        refused.insert(entering)
      }
    }
    let last = Self.state(g, weights)
    if last.square <= best.square { (best, bestWeights) = (last, weights) }
    self.init(
      weights: bestWeights, squaredNorm: max(0, best.square) * scale,
      gap: max(0, best.square - best.products.min()!) * scale)
  }

  /// The point of least norm of vectors of one length, its weights from their Gram matrix in float64.
  public init(of vectors: [[Double]]) { self.init(gram: gramMatrix(vectors)) }

  init(weights: [Double], squaredNorm: Double, gap: Double) {
    (self.weights, self.squaredNorm, self.gap) = (weights, squaredNorm, gap)
  }

  private static func state(_ g: [[Double]], _ weights: [Double]) -> (products: [Double], square: Double) {
    let products = g.map { row in zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 } }
    return (products, zip(products, weights).reduce(0) { $0 + $1.0 * $1.1 })
  }

  /// Moves to the nearest point of the active vectors' affine hull, dropping vectors whose weight would turn negative.
  private static func descend(_ g: [[Double]], _ active: inout [Int], _ weights: inout [Double]) -> Bool {
    while true {
      guard let target = affineMinimum(g, active) else { return false }
      guard target.contains(where: { $0 <= 0 }) else {
        for (index, value) in zip(active, target) { weights[index] = value }
        return true
      }
      var step = 1.0
      for (index, value) in zip(active, target) where value <= 0 && weights[index] > value {
        step = min(step, weights[index] / (weights[index] - value))
      }
      var dropped: [Int] = []
      for (index, value) in zip(active, target) {
        weights[index] = max(0, (1 - step) * weights[index] + step * value)
        if weights[index] <= 1e-15 && value <= 0 {
          weights[index] = 0
          dropped.append(index)
        }
      }
      // A step always ends at a face; rounding must not keep it from being left.
      if dropped.isEmpty {
        let (index, _) = zip(active, target).filter { $0.1 <= 0 }.min { weights[$0.0] < weights[$1.0] }!
        weights[index] = 0
        dropped = [index]
      }
      active.removeAll { dropped.contains($0) }
      let sum = weights.reduce(0, +)
      for index in weights.indices { weights[index] /= sum }
      if active.count == 1 {
        weights[active[0]] = 1
        return true
      }
    }
  }

  /// Weights with sum 1 of the nearest point: G w = ν 1, so (G + c 1 1ᵀ) w ∝ 1, by Cholesky; nil when the vectors are
  /// affinely dependent.
  private static func affineMinimum(_ g: [[Double]], _ active: [Int]) -> [Double]? {
    let k = active.count
    let shift = active.reduce(0) { $0 + g[$1][$1] } / Double(k)
    guard shift > 0 else { return k == 1 ? [1] : nil }
    var l = active.map { i in active.map { j in g[i][j] + shift } }
    for i in 0..<k {
      for j in 0...i {
        var sum = l[i][j]
        for p in 0..<j { sum -= l[i][p] * l[j][p] }
        if i == j {
          guard sum > 1e-14 * (g[active[i]][active[i]] + shift) else { return nil }
          l[i][i] = sum.squareRoot()
        } else {
          l[i][j] = sum / l[j][j]
        }
      }
    }
    var w = [Double](repeating: 1, count: k)
    for i in 0..<k {
      for p in 0..<i { w[i] -= l[i][p] * w[p] }
      w[i] /= l[i][i]
    }
    for i in (0..<k).reversed() {
      for p in (i + 1)..<max(k, i + 1) { w[i] -= l[p][i] * w[p] }
      w[i] /= l[i][i]
    }
    let sum = w.reduce(0, +)
    return w.map { $0 / sum }
  }
}

/// G_ij = <u_i, u_j>.
public func gramMatrix(_ vectors: [[Double]]) -> [[Double]] {
  var gram = vectors.map { _ in [Double](repeating: 0, count: vectors.count) }
  for i in vectors.indices {
    for j in 0...i {
      gram[i][j] = inner(vectors[i], vectors[j])
      gram[j][i] = gram[i][j]
    }
  }
  return gram
}

/// The nearest point of the simplex, by sorting (Held, Wolfe, Crowder 1974).
public func projectedOntoSimplex(_ values: [Double]) -> [Double] {
  var (sum, threshold) = (0.0, 0.0)
  for (index, value) in values.sorted(by: >).enumerated() {
    sum += value
    let candidate = (sum - 1) / Double(index + 1)
    if value > candidate { threshold = candidate }
  }
  return values.map { max(0, $0 - threshold) }
}

func inner(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "vectors of one length")
  return a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      var sum = 0.0
      for i in 0..<a.count { sum += a[i] * b[i] }
      return sum
    }
  }
}

/// Σ_s λ_s u_s.
func combination(_ weights: [Double], _ vectors: [[Double]]) -> [Double] {
  var sum = [Double](repeating: 0, count: vectors[0].count)
  for (weight, vector) in zip(weights, vectors) where weight != 0 {
    for i in sum.indices { sum[i] += weight * vector[i] }
  }
  return sum
}
