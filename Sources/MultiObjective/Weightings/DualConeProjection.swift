/// The mean of the gradients, each projected onto the cone of directions in which no objective rises (UPGrad: Quinton and
/// Rey, "Jacobian descent for multi-objective optimization", 2024).
///
/// The projection of Jᵀ u onto {d: J d ≥ 0} is Jᵀ v with v = argmin vᵀ G v over v ≥ u, for each u = e_i / S. It never
/// conflicts, and an objective's share is proportional to its gradient's length.
public struct DualConeProjection: Weighting {
  public init() {}
  public var description: String { "UPGrad" }

  public func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double] {
    let count = gramian.count
    // Lengths are taken out, so that objectives of other sizes are as well conditioned: v_i ≥ u_i scales with them.
    let lengths = (0..<count).map { max(gramian[$0][$0], 0).squareRoot() }
    let g = (0..<count).map { i in
      (0..<count).map { j in
        lengths[i] > 0 && lengths[j] > 0 ? gramian[i][j] / lengths[i] / lengths[j] : (i == j ? 1 : 0)
      }
    }
    var sum = [Double](repeating: 0, count: count)
    for i in 0..<count {
      // In units of lengths u = e_i |g_i| / S; the minimum is linear in its size.
      var unit = [Double](repeating: 0, count: count)
      unit[i] = 1
      let v = nonNegativeMinimum(g, product(g, unit))
      for j in 0..<count {
        let size = lengths[j] > 0 ? lengths[i] / lengths[j] : 0
        sum[j] += (unit[j] + v[j]) * (i == j ? 1 : size) / Double(count)
      }
    }
    return sum
  }
}

/// argmin over z ≥ 0 of zᵀ G z / 2 + bᵀ z, by Lawson and Hanson's active sets ("Solving least squares problems", 1974).
///
/// - Parameters:
///   - gram: symmetric and positive semidefinite, with a diagonal of ones.
///   - linear: b, in the range of G.
func nonNegativeMinimum(_ gram: [[Double]], _ linear: [Double]) -> [Double] {
  let count = linear.count
  var z = [Double](repeating: 0, count: count)
  var active: [Int] = []
  var refused: Set<Int> = []
  let tolerance = 1e-12
  for _ in 0..<(30 * count + 30) {
    let slope = zip(product(gram, z), linear).map { $0 + $1 }
    let candidates = (0..<count).filter { !active.contains($0) && !refused.contains($0) && slope[$0] < -tolerance }
    guard let entering = candidates.min(by: { slope[$0] < slope[$1] }) else { break }
    let before = (active, z)
    active.append(entering)
    if !descendOnFace(gram, linear, &active, &z) {
      // It depends on the others up to rounding.
      (active, z) = before
      refused.insert(entering)
    } else {
      refused.removeAll()
    }
  }
  return z
}

/// Moves to the minimum over the active numbers, dropping those that would turn negative; false where it is not unique.
private func descendOnFace(
  _ gram: [[Double]], _ linear: [Double], _ active: inout [Int], _ z: inout [Double]
) -> Bool {
  while !active.isEmpty {
    guard let target = solution(active.map { i in active.map { gram[i][$0] } }, active.map { -linear[$0] }) else {
      return false
    }
    guard target.contains(where: { $0 <= 0 }) else {
      for (index, value) in zip(active, target) { z[index] = value }
      return true
    }
    var step = 1.0
    for (index, value) in zip(active, target) where value <= 0 && z[index] > value {
      step = min(step, z[index] / (z[index] - value))
    }
    for (index, value) in zip(active, target) { z[index] = max(0, z[index] + step * (value - z[index])) }
    var dropped = zip(active, target).filter { $0.1 <= 0 && z[$0.0] <= 1e-15 }.map(\.0)
    if dropped.isEmpty { dropped = [zip(active, target).filter { $0.1 <= 0 }.min { z[$0.0] < z[$1.0] }!.0] }
    for index in dropped { z[index] = 0 }
    active.removeAll { dropped.contains($0) }
  }
  return true
}

/// x of A x = b by Cholesky; nil where A is singular up to rounding.
private func solution(_ matrix: [[Double]], _ b: [Double]) -> [Double]? {
  let k = b.count
  var l = matrix
  for i in 0..<k {
    for j in 0...i {
      var sum = l[i][j]
      for p in 0..<j { sum -= l[i][p] * l[j][p] }
      if i == j {
        guard sum > 1e-12 * matrix[i][i] else { return nil }
        l[i][i] = sum.squareRoot()
      } else {
        l[i][j] = sum / l[j][j]
      }
    }
  }
  var x = b
  for i in 0..<k {
    for p in 0..<i { x[i] -= l[i][p] * x[p] }
    x[i] /= l[i][i]
  }
  for i in (0..<k).reversed() {
    for p in (i + 1)..<max(k, i + 1) { x[i] -= l[p][i] * x[p] }
    x[i] /= l[i][i]
  }
  return x
}

/// G w.
private func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] { matrix.map { inner($0, vector) } }
