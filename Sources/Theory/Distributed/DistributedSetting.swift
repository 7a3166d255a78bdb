import Foundation

/// n equal workers around a server, and the problem that they descend on: all that the time bounds of centralized
/// distributed optimisation depend on.
///
/// Source: Tyurin, "Limits of centralized distributed optimization", arXiv 2506.23836. ε bounds the *squared* norm of the
/// gradient. Formulas hold up to constants: they give slopes and crossovers, not levels.
public struct DistributedSetting: Hashable, Sendable, Codable {
  /// n.
  public var workers: Int
  /// d, the number of coordinates.
  public var dimension: Int
  /// h, seconds for one stochastic gradient.
  public var gradientSeconds: Double
  /// τ_s, seconds a coordinate from the server to a worker.
  public var downlinkSeconds: Double
  /// τ_w, seconds a coordinate from a worker to the server.
  public var uplinkSeconds: Double
  /// L, of the objective's gradient.
  public var smoothness: Double
  /// Δ = f(x⁰) - inf f.
  public var gap: Double
  /// σ², a bound of E|∇f(x; ξ) - ∇f(x)|².
  public var variance: Double
  /// ε: E|∇f(x)|² <= ε is the goal.
  public var accuracy: Double

  public init(
    workers: Int, dimension: Int, gradientSeconds: Double = 1, downlinkSeconds: Double = 0, uplinkSeconds: Double = 0,
    smoothness: Double = 1, gap: Double = 1, variance: Double = 0, accuracy: Double
  ) {
    precondition(workers > 0 && dimension > 0 && accuracy > 0, "A setting has workers, coordinates and an accuracy.")
    self.workers = workers
    self.dimension = dimension
    self.gradientSeconds = gradientSeconds
    self.downlinkSeconds = downlinkSeconds
    self.uplinkSeconds = uplinkSeconds
    self.smoothness = smoothness
    self.gap = gap
    self.variance = variance
    self.accuracy = accuracy
  }

  /// R = L Δ / ε, the rounds that exact gradients need.
  public var rounds: Double { smoothness * gap / accuracy }
  /// S = σ² / ε, the samples that one round needs.
  public var samples: Double { variance / accuracy }
  var n: Double { Double(workers) }
  var d: Double { Double(dimension) }
}

// Upper bounds, in seconds.
extension DistributedSetting {
  /// SGD on one worker, without any communication: R h (1 + S).
  public var oneWorkerTime: Double { rounds * gradientSeconds * (1 + samples) }

  /// Synchronous SGD where communication is free: R h (1 + S/n).
  public var freeCommunicationTime: Double { rounds * gradientSeconds * (1 + samples / n) }

  /// Synchronous SGD with whole vectors: R [h (1 + S/n) + τ_w d + τ_s d] (Eq. 2).
  public var uncompressedTime: Double { freeCommunicationTime + rounds * (uplinkSeconds + downlinkSeconds) * d }

  /// The geometric mean √(d τ_w h S/n) of computing and sending, which falls as n^(-1/2).
  public var meanTerm: Double { (d * uplinkSeconds * gradientSeconds * samples / n).squareRoot() }

  /// Batch QSGD with RandK, at its best batch and K: R [h (1 + S/n) + τ_w (d/n + 1) + √(d τ_w h S/n) + τ_s d] (Eqs. 3, 4).
  public var compressedTime: Double {
    freeCommunicationTime + rounds * (uplinkSeconds * (d / n + 1) + meanTerm + downlinkSeconds * d)
  }
}

// Lower bounds, in seconds, without constants and logarithms.
extension DistributedSetting {
  /// Equal speeds both ways: min{R [h (1 + S/n) + τ_s d], R h (1 + S)}.
  public var equalSpeedsBound: Double { min(freeCommunicationTime + rounds * downlinkSeconds * d, oneWorkerTime) }

  /// From the downlink alone: min{R τ_s d, R h (1 + S)} (Theorem 4.2).
  public var downlinkBound: Double { min(rounds * downlinkSeconds * d, oneWorkerTime) }

  /// The whole bound: min{Batch QSGD's time, R h (1 + S)}. The paper's Eq. 5 was not at hand; that these two methods match
  /// it is said in its reviews.
  public var bound: Double { min(compressedTime, oneWorkerTime) }

  /// What the logarithms leave of the downlink's bound: R min{max{h/K³, h S/K⁶}, τ_s d/K⁴}, K = 2 ⌈log(n + 1)⌉, without its
  /// constant.
  public var downlinkBoundWithLogarithms: Double {
    let k = Double(discoveryWindow(workers: workers))
    let computing = max(gradientSeconds / pow(k, 3), gradientSeconds * samples / pow(k, 6))
    return rounds * min(computing, downlinkSeconds * d / pow(k, 4))
  }
}

// Where one thing becomes better than another.
extension DistributedSetting {
  /// n* = h S / (h + (τ_s + τ_w) d): beyond it more workers hardly speed up uncompressed synchronous SGD.
  public var saturation: Double {
    gradientSeconds * samples / (gradientSeconds + (downlinkSeconds + uplinkSeconds) * d)
  }

  /// Whether one worker alone is faster than all with whole vectors: (τ_s + τ_w) d > h S (1 - 1/n).
  public var oneWorkerWins: Bool {
    (downlinkSeconds + uplinkSeconds) * d > gradientSeconds * samples * (1 - 1 / n)
  }

  /// Whether sparsified uplinks can help: τ_w d/n + √(d τ_w h S/n) > τ_s d.
  public var compressionMatters: Bool { uplinkSeconds * d / n + meanTerm > downlinkSeconds * d }

  /// The numbers of workers between which √(d τ_w h S/n) is the largest term of a round with τ_s = 0, so that time falls as
  /// n^(-1/2); nil where it never is.
  public var meanTermRegime: ClosedRange<Double>? {
    let product = d * uplinkSeconds * gradientSeconds * samples
    guard product > 0 else { return nil }
    // √(c/n) >= a/n from n = a²/c on, and >= b up to n = c/b².
    let low = pow(max(gradientSeconds * samples, uplinkSeconds * d), 2) / product
    let high = product / pow(max(gradientSeconds, uplinkSeconds, downlinkSeconds * d), 2)
    return low <= high ? low...high : nil
  }
}

/// K = 2 ⌈log(n + 1)⌉: how many last coordinates the worst-case function asks for, so that n^(1/K) is a constant.
public func discoveryWindow(workers: Int) -> Int { 2 * Int(log(Double(workers + 1)).rounded(.up)) }
