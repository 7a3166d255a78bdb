/// An anchor every q = |A| steps, and in between the difference of a batch's gradients at this point and the one before
/// (SPIDER: Fang et al. 2018; STIMULUS: Liu et al., arXiv 2506.19883).
public struct RecursiveGradients: GradientEstimator {
  /// What an anchor takes.
  public enum Anchor: Sendable {
    case allSamples
    /// As many samples as the present stationarity asks for (STIMULUS+).
    case adaptive(AdaptiveAnchor)
  }

  private var anchor: Anchor
  private var estimates: [[Double]] = []
  private var squares: [Double] = []
  public private(set) var anchorSize = 0

  /// - Parameter anchor: which samples make an anchor; all by default, as STIMULUS does.
  public init(anchor: Anchor = .allSamples) { self.anchor = anchor }

  public mutating func observe(directionSquare: Double) { squares.append(directionSquare) }

  public mutating func gradients(for step: EstimatedStep) throws -> [[Double]] {
    if step.number % step.batchSize == 0 {
      switch anchor {
      case .allSamples:
        estimates = try step.gradients(at: step.point, of: nil)
        anchorSize = step.objectives.sampleCount
      case .adaptive(var adaptive):
        (estimates, anchorSize) = try adaptive.gradients(for: step, squares: squares)
        anchor = .adaptive(adaptive)
      }
      squares = []
      return estimates
    }
    // The same samples for all objectives, drawn anew each step.
    let batch = step.batch
    let now = try step.gradients(at: step.point, of: batch)
    let before = try step.gradients(at: step.previous, of: batch)
    for s in estimates.indices {
      for i in estimates[s].indices { estimates[s][i] += now[s][i] - before[s][i] }
    }
    return estimates
  }
}

/// Mean gradients of |N_s| = min(c_γ σ² / γ, c_ε σ² / ε, n) samples, all when that is n; γ is the mean squared direction since
/// the anchor before.
///
/// Our choice: σ² is the largest of the objectives, from the difference of two halves of the anchor before; the first anchor
/// takes 2 |A| samples for it, and γ from them, and then goes on to the size that these ask for. No anchor is smaller than
/// |A|: two halves of very few samples would say by chance that samples do not differ.
public struct AdaptiveAnchor: Sendable {
  /// c_γ and c_ε.
  public let gammaFactor: Double
  /// c_ε; see `gammaFactor`.
  public let epsilonFactor: Double
  /// ε, the stationarity that is aimed at.
  public let epsilon: Double
  private var variance: Double?

  public init(gammaFactor: Double = 8, epsilonFactor: Double = 8, epsilon: Double = 1e-6) {
    (self.gammaFactor, self.epsilonFactor, self.epsilon) = (gammaFactor, epsilonFactor, epsilon)
  }

  mutating func gradients(for step: EstimatedStep, squares: [Double]) throws -> (estimates: [[Double]], size: Int) {
    let n = step.objectives.sampleCount
    guard n > 1 else { return (try step.gradients(at: step.point, of: nil), n) }
    let order = step.key.split("anchor").permutation(n)
    var taken = 0
    var sums = (0..<step.objectives.count).map { _ in [Double](repeating: 0, count: step.point.count) }
    func take(_ count: Int) throws -> [[Double]] {
      let means = try step.gradients(at: step.point, of: Array(order[taken..<taken + count]))
      taken += count
      for s in sums.indices { for i in sums[s].indices { sums[s][i] += Double(count) * means[s][i] } }
      return means
    }
    var gamma = squares.isEmpty ? nil : squares.reduce(0, +) / Double(squares.count)
    if variance == nil {
      let size = max(1, min(step.batchSize, n / 2))
      let (a, b) = (try take(size), try take(min(size, n - size)))
      variance = Self.variance(a, size, b, max(1, min(size, n - size)))
      gamma = MinimumNorm(of: sums.map { $0.map { $0 / Double(taken) } }).squaredNorm
    }
    let wanted = min(
      gammaFactor * variance! / max(gamma ?? 0, .leastNormalMagnitude), epsilonFactor * variance! / epsilon, Double(n))
    let size = min(n, max(2, step.batchSize, taken, wanted.isFinite ? Int(wanted.rounded(.up)) : n))
    let rest = size - taken
    if rest >= 2 {
      let half = rest / 2
      let (a, b) = (try take(half), try take(rest - half))
      // A full anchor still says how samples differ.
      variance = Self.variance(a, half, b, rest - half)
    } else if rest == 1 {
      _ = try take(1)
    }
    return (sums.map { $0.map { $0 / Double(taken) } }, size)
  }

  /// E‖ḡ_a - ḡ_b‖² = σ² (1/a + 1/b).
  private static func variance(_ a: [[Double]], _ countA: Int, _ b: [[Double]], _ countB: Int) -> Double {
    zip(a, b).map { x, y in
      let difference = zip(x, y).map { $0 - $1 }
      return inner(difference, difference) / (1 / Double(countA) + 1 / Double(countB))
    }.max()!
  }
}
