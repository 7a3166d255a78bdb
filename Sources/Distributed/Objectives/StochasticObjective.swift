import Arrays
import Theory

/// A function with stochastic gradients, the same on all workers.
///
/// Coordinates of a stochastic gradient are asked for by position, so that a sparsified one costs what is sent of it.
public protocol StochasticObjective: AnyObject {
  /// For tables and logs.
  var name: String { get }
  /// d.
  var dimension: Int { get }
  /// x⁰.
  var start: [Double] { get }
  /// L, of the true gradient.
  var smoothness: Double { get }
  /// f(x⁰) - inf f, or a bound of it.
  var gap: Double { get }
  /// σ², a bound of E|∇f(x; ξ) - ∇f(x)|², near the start where there is no bound everywhere.
  var variance: Double { get }
  /// Whether the true gradient is linear, so that the mean gradient at several points is that at their mean.
  var hasLinearGradient: Bool { get }

  /// f(x).
  /// - Throws: what computing it does.
  func value(at x: [Double]) throws -> Double

  /// The true gradient at x.
  /// - Throws: what computing it does.
  func gradient(at x: [Double]) throws -> [Double]

  /// The mean of `batch` stochastic gradients at x; the same key gives the same samples at any x.
  ///
  /// - Parameter positions: which coordinates are asked for; nil for all.
  /// - Throws: what computing it does.
  func stochasticGradient(at x: [Double], batch: Int, key: RandomKey, positions: [Int32]?) throws -> [Double]

  /// |∇f(x)|².
  /// - Throws: what computing it does.
  func squaredGradientNorm(at x: [Double]) throws -> Double
}

extension StochasticObjective {
  public var hasLinearGradient: Bool { false }

  public func squaredGradientNorm(at x: [Double]) throws -> Double { try gradient(at: x).squaredNorm }

  /// What the bounds depend on, for a cluster of equal workers.
  public func setting(_ cluster: Cluster, accuracy: Double) -> DistributedSetting {
    DistributedSetting(
      workers: cluster.count, dimension: dimension, gradientSeconds: cluster.gradientSeconds[0],
      downlinkSeconds: cluster.downlinkSeconds[0], uplinkSeconds: cluster.uplinkSeconds[0], smoothness: smoothness,
      gap: gap, variance: variance, accuracy: accuracy)
  }
}
