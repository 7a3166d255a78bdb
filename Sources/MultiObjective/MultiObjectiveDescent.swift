import Foundation

/// One descent by one of the methods, which counts every sample that it looks at.
public final class MultiObjectiveDescent {
  public let objectives: Objectives
  public let method: MultiObjectiveMethod
  public let settings: MultiObjectiveSettings
  /// η.
  public let rate: Double
  /// |A| = q, by default ⌈√n⌉.
  public let batchSize: Int
  /// Where the descent is.
  public private(set) var point: [Double]
  public private(set) var step = 0
  /// Examples at whose loss all objectives' gradients were taken, each point counted: a recursive step costs 2 |A|.
  public private(set) var samples = 0
  /// ‖d_t‖² of the last step: what a method believes its stationarity to be.
  public private(set) var directionSquare = Double.nan
  /// λ_t of the last step.
  public private(set) var weights: [Double]
  /// |N_s| of the last anchor.
  public private(set) var anchorSize = 0

  private let key: RandomKey
  private var previous: [Double]
  private var estimates: [[Double]] = []
  private var variance: Double?
  private var squaresOfEpoch: [Double] = []

  public init(
    _ objectives: Objectives, method: MultiObjectiveMethod, rate: Double, start: [Double], key: RandomKey,
    settings: MultiObjectiveSettings = MultiObjectiveSettings()
  ) {
    precondition(start.count == objectives.dimension, "the start has as many numbers as there are parameters")
    (self.objectives, self.method, self.rate, self.key) = (objectives, method, rate, key)
    self.settings = settings
    (point, previous) = (start, start)
    precondition(rate > 0 && settings.batchSize ?? 1 > 0, "rate and batch size are positive")
    batchSize = settings.batchSize ?? Int(Double(objectives.sampleCount).squareRoot().rounded(.up))
    weights = [Double](repeating: 1 / Double(objectives.count), count: objectives.count)
  }

  /// Whether numbers are still finite; where they are not, steps do nothing.
  public var isFinite: Bool { point.allSatisfy { $0.isFinite && abs($0) < 1e50 } }

  /// One update.
  public func advance() throws {
    guard isFinite else { return }
    let direction = try direction()
    directionSquare = inner(direction, direction)
    squaresOfEpoch.append(directionSquare)
    let old = point
    let momentum = method.hasMomentum ? settings.momentum : 0
    for i in point.indices { point[i] += momentum * (old[i] - previous[i]) - rate * direction[i] }
    previous = old
    step += 1
  }

  private func direction() throws -> [Double] {
    let n = objectives.sampleCount
    if method == .mgd {
      estimates = try gradients(point, nil)
    } else if method.isRecursive {
      try updateRecursively()
    } else {
      let batch = batchKey.split("batch").integers(count: batchSize, below: n)
      let fresh = try gradients(point, batch)
      if method == .moco, !estimates.isEmpty {
        estimates = zip(estimates, fresh).map { mixed($0, settings.tracking, $1) }
      } else {
        estimates = fresh
      }
    }
    guard gramMatrix(estimates).allSatisfy({ $0.allSatisfy { $0.isFinite } }) else {
      return [Double](repeating: .nan, count: point.count)
    }
    switch method {
    case .scalarization, .scalarizationSpider: break
    case .pcGrad: return withoutConflicts(estimates)
    case .moco:
      let gram = gramMatrix(estimates)
      let slope = weights.indices.map { i in
        weights.indices.reduce(settings.regularization * weights[i]) { $0 + gram[i][$1] * weights[$1] }
      }
      weights = projectedOntoSimplex(zip(weights, slope).map { $0 - settings.weightRate * $1 })
    case .crMogm:
      let new = MinimumNorm(of: estimates).weights
      let kept = step == 0 ? 0 : settings.smoothing
      weights = zip(weights, new).map { kept * $0 + (1 - kept) * $1 }
    default: weights = MinimumNorm(of: estimates).weights
    }
    return combination(weights, estimates)
  }

  private var batchKey: RandomKey { key.split(step) }

  private func gradients(_ x: [Double], _ batch: [Int]?) throws -> [[Double]] {
    samples += batch?.count ?? objectives.sampleCount
    return try objectives.evaluate(at: x, samples: batch).gradients
  }

  // MARK: Recursive gradients

  private func updateRecursively() throws {
    if step % batchSize == 0 {
      estimates = method.isAdaptive ? try adaptiveAnchor() : try gradients(point, nil)
      if !method.isAdaptive { anchorSize = objectives.sampleCount }
      squaresOfEpoch = []
      return
    }
    // The same samples for all objectives, drawn anew each step.
    let batch = batchKey.split("batch").integers(count: batchSize, below: objectives.sampleCount)
    let (now, before) = (try gradients(point, batch), try gradients(previous, batch))
    for s in estimates.indices {
      for i in estimates[s].indices { estimates[s][i] += now[s][i] - before[s][i] }
    }
  }

  /// Mean gradients of |N_s| = min(c_γ σ² / γ, c_ε σ² / ε, n) samples, all when that is n.
  ///
  /// Our choice: σ² is the largest of the objectives, from the difference of two halves of the anchor before; the
  /// first anchor takes 2 |A| samples for it, and γ from them, and then goes on to the size that these ask for. No
  /// anchor is smaller than |A|: two halves of very few samples would say by chance that samples do not differ.
  private func adaptiveAnchor() throws -> [[Double]] {
    let n = objectives.sampleCount
    guard n > 1 else {
      anchorSize = n
      return try gradients(point, nil)
    }
    let order = batchKey.split("anchor").permutation(n)
    var taken = 0
    var sums = (0..<objectives.count).map { _ in [Double](repeating: 0, count: point.count) }
    func take(_ count: Int) throws -> [[Double]] {
      let means = try gradients(point, Array(order[taken..<taken + count]))
      taken += count
      for s in sums.indices { for i in sums[s].indices { sums[s][i] += Double(count) * means[s][i] } }
      return means
    }
    var gamma = squaresOfEpoch.isEmpty ? nil : squaresOfEpoch.reduce(0, +) / Double(squaresOfEpoch.count)
    if variance == nil {
      let size = max(1, min(batchSize, n / 2))
      let (a, b) = (try take(size), try take(min(size, n - size)))
      variance = Self.variance(a, size, b, max(1, min(size, n - size)))
      gamma = MinimumNorm(of: sums.map { $0.map { $0 / Double(taken) } }).squaredNorm
    }
    let wanted = min(
      settings.gammaFactor * variance! / max(gamma ?? 0, .leastNormalMagnitude),
      settings.epsilonFactor * variance! / settings.epsilon, Double(n))
    anchorSize = min(n, max(2, batchSize, taken, wanted.isFinite ? Int(wanted.rounded(.up)) : n))
    let rest = anchorSize - taken
    if rest >= 2 {
      let half = rest / 2
      let (a, b) = (try take(half), try take(rest - half))
      // A full anchor still says how samples differ.
      variance = Self.variance(a, half, b, rest - half)
    } else if rest == 1 {
      _ = try take(1)
    }
    return sums.map { $0.map { $0 / Double(taken) } }
  }

  /// E‖ḡ_a - ḡ_b‖² = σ² (1/a + 1/b).
  private static func variance(_ a: [[Double]], _ countA: Int, _ b: [[Double]], _ countB: Int) -> Double {
    zip(a, b).map { x, y in
      let difference = zip(x, y).map { $0 - $1 }
      return inner(difference, difference) / (1 / Double(countA) + 1 / Double(countB))
    }.max()!
  }

  // MARK: PCGrad

  private func withoutConflicts(_ gradients: [[Double]]) -> [Double] {
    let key = batchKey.split("order")
    var sum = [Double](repeating: 0, count: point.count)
    for i in gradients.indices {
      var g = gradients[i]
      for j in key.split(i).permutation(gradients.count) where j != i {
        let product = inner(g, gradients[j])
        let square = inner(gradients[j], gradients[j])
        guard product < 0, square > 0 else { continue }
        for k in g.indices { g[k] -= product / square * gradients[j][k] }
      }
      for k in sum.indices { sum[k] += g[k] }
    }
    return sum
  }

  private func mixed(_ old: [Double], _ share: Double, _ new: [Double]) -> [Double] {
    zip(old, new).map { $0 + share * ($1 - $0) }
  }
}
