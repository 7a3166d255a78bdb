import Foundation

/// Batch QSGD: each worker averages b stochastic gradients and sends K of d coordinates, drawn at random.
///
/// The estimate's second moment is at most A |∇f|² + B with A = 1 + ω/n, B = (1 + ω) σ²/(n b), ω = d/K - 1.
public struct BatchCompression: Hashable, Sendable, Codable {
  /// b, gradients that a worker averages in a round.
  public var batch: Int
  /// K, coordinates that it sends.
  public var kept: Int

  public init(batch: Int, kept: Int) {
    precondition(batch > 0 && kept > 0, "A round has a gradient and a coordinate.")
    self.batch = batch
    self.kept = kept
  }

  /// The best of a setting: b* = ⌈max{1, S/n, √(τ_w d S/(h n))}⌉, K* = min{d, ⌈max{1, d/n, √(h d S/(τ_w n))}⌉}.
  public static func best(for s: DistributedSetting) -> BatchCompression {
    let (share, h, up) = (s.samples / s.n, s.gradientSeconds, s.uplinkSeconds)
    let byLink = h > 0 ? (up * s.d * share / h).squareRoot() : 1
    let bySample = up > 0 ? (h * s.d * share / up).squareRoot() : s.d
    return BatchCompression(
      batch: Int(max(1, share, byLink).rounded(.up)),
      kept: Int(min(s.d, max(1, s.d / s.n, bySample)).rounded(.up)))
  }

  /// The step of SGD with such estimates, and its rounds, with their constants.
  public func descent(in s: DistributedSetting) -> NoisyDescent {
    NoisyDescent(setting: s, variance: s.d / Double(kept) - 1, batch: batch)
  }

  /// Seconds of a round: h b + τ_w K + τ_s d.
  public func roundTime(in s: DistributedSetting) -> Double {
    s.gradientSeconds * Double(batch) + s.uplinkSeconds * Double(kept) + s.downlinkSeconds * s.d
  }

  /// Seconds until E|∇f|² <= ε by the standard theorem, with its constants.
  public func time(in s: DistributedSetting) -> Double { descent(in: s).rounds * roundTime(in: s) }
}

/// SGD on the mean of n compressed batch gradients: the step and the rounds that the standard theorem gives.
///
/// With E|g|² <= A |∇f|² + B and γ <= 1/(L A), the mean of |∇f|² over T rounds is at most 2Δ/(γ T) + L γ B; each part is made
/// ε/2.
public struct NoisyDescent: Hashable, Sendable, Codable {
  /// γ = min{1/(L A), ε/(2 L B)}.
  public var stepSize: Double
  /// T = 4 Δ/(γ ε).
  public var rounds: Double

  /// - Parameters:
  ///   - variance: ω of the workers' independent compressors.
  ///   - batch: stochastic gradients that a worker averages.
  public init(setting s: DistributedSetting, variance omega: Double, batch: Int) {
    let noise = (1 + omega) * s.variance / (s.n * Double(batch))
    let exact = 1 / (s.smoothness * (1 + omega / s.n))
    stepSize = noise > 0 ? min(exact, s.accuracy / (2 * s.smoothness * noise)) : exact
    rounds = 4 * s.gap / (stepSize * s.accuracy)
  }
}
