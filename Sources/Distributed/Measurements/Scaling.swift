import Arrays
import Foundation
import Statistics
import Theory

/// A measured y at some x, of one seed.
public struct ScalingPoint: Hashable, Sendable, Codable {
  /// What is varied, positive.
  public var x: Double
  /// What was measured, positive.
  public var y: Double
  /// Whose measurement it is; exponents are fitted seed by seed.
  public var seed: Int

  public init(x: Double, y: Double, seed: Int) { (self.x, self.y, self.seed) = (x, y, seed) }
}

/// The exponent of a power law: fitted to each seed's curve on its own, then averaged, so that its interval is over seeds.
public struct ScalingExponent: Hashable, Sendable, Codable {
  /// One a seed.
  public var slopes: [Double]
  /// Of the mean slope, over seeds.
  public var summary: Summary { Summary(slopes) }
  /// Student's interval over the seeds.
  public func interval(level: Double = 0.95) -> Interval { summary.interval(level: level) }

  /// - Throws: `StatisticsError` where a seed has fewer than three points or one that is not positive.
  public init(_ points: [ScalingPoint], in range: ClosedRange<Double> = 0 ... .infinity) throws {
    let seeds = Set(points.map(\.seed)).sorted()
    slopes = try seeds.map { seed in
      let own = points.filter { $0.seed == seed && range.contains($0.x) }
      return try LineFit.powerLaw(own.map(\.x), own.map(\.y)).slope
    }
  }
}

/// Where one curve falls below another, as measured: both over the same rising x, interpolated on logarithmic axes; nil where
/// they do not cross. The first crossing counts.
public func crossover(_ x: [Double], _ first: [Double], _ second: [Double]) -> Double? {
  precondition(x.count == first.count && x.count == second.count, "Two curves over the same x.")
  let difference = zip(first, second).map { log($0) - log($1) }
  for i in x.indices.dropFirst() where difference[i - 1].sign != difference[i].sign {
    let share = difference[i - 1] / (difference[i - 1] - difference[i])
    return exp(log(x[i - 1]) + share * (log(x[i]) - log(x[i - 1])))
  }
  return nil
}

/// How long a chain takes to uncover against the number of workers.
public struct DiscoveryScaling: Hashable, Sendable, Codable {
  /// Which chain is run.
  public enum Model: String, Hashable, Sendable, Codable, CaseIterable {
    /// The lower bound's random sum.
    case race
    /// The oracle and the protocol themselves.
    case process
  }

  /// K, coordinates of the window, and how it depends on n.
  public enum Window: Hashable, Sendable, Codable {
    /// The same K for all n.
    case fixed(Int)
    /// K = 2 ⌈log(n + 1)⌉.
    case logarithmic

    /// K for n workers.
    public func size(workers: Int) -> Int {
      switch self {
      case .fixed(let size): size
      case .logarithmic: discoveryWindow(workers: workers)
      }
    }
  }

  /// Which chain is run.
  public var model: Model
  /// K, by n.
  public var window: Window
  /// T, coordinates of the chain.
  public var length: Int
  /// p, of a coordinate being sent or a gradient telling something.
  public var chance: Double
  /// h, seconds a stochastic gradient.
  public var gradientSeconds: Double
  /// τ_s, seconds a coordinate from the server.
  public var downlinkSeconds: Double

  public init(
    _ model: Model, _ window: Window, length: Int, chance: Double, gradientSeconds: Double = 1,
    downlinkSeconds: Double = 1
  ) {
    (self.model, self.window, self.length, self.chance) = (model, window, length, chance)
    (self.gradientSeconds, self.downlinkSeconds) = (gradientSeconds, downlinkSeconds)
  }

  /// Seconds a coordinate with n workers: x is n, y the time over the coordinates uncovered.
  public func measure(workers: Int, seed: Int) -> ScalingPoint {
    let k = window.size(workers: workers)
    let key = RandomKey(seed: seed).split(model.rawValue).split(workers)
    let (seconds, coordinates): (Double, Int)
    switch model {
    case .race:
      let race = DiscoveryRace(
        length: length, window: k, workers: workers, chance: chance, gradientSeconds: gradientSeconds,
        downlinkSeconds: downlinkSeconds)
      (seconds, coordinates) = (race.time(key), race.blocks * k)
    case .process:
      let process = DiscoveryProcess(
        length: length, window: k, workers: workers, chance: chance, gradientSeconds: gradientSeconds,
        downlinkSeconds: downlinkSeconds)
      (seconds, coordinates) = (process.time(key), length)
    }
    return ScalingPoint(x: Double(workers), y: seconds / Double(coordinates), seed: seed)
  }
}
