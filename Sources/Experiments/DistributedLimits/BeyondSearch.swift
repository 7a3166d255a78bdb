import Arrays
import Distributed
import Foundation

/// Links at which methods that the bound does not cover are held against it.
public enum BeyondRegime: String, CaseIterable, Sendable {
  /// τ_s = τ_w.
  case equal
  /// τ_w = 0: only what the server sends costs.
  case downlink

  func links(_ c: DistributedLimitsConfiguration) -> LinkSpeeds {
    switch self {
    case .equal: LinkSpeeds(downlink: c.beyond.equal, uplink: c.beyond.equal)
    case .downlink: LinkSpeeds(downlink: c.beyond.downlink, uplink: 0)
    }
  }

  /// Methods that send less on every link that costs: others could not gain much even in as few rounds as exact descent.
  var methods: [BeyondMethod] {
    switch self {
    case .equal: [.feedback, .correlatedMomentum, .randomMomentum]
    case .downlink: BeyondMethod.allCases
    }
  }
}

/// The search for the best batch, K and step of methods that the bound does not cover, as wide as that of batches is for them.
struct BeyondSearch: Sendable {
  private let configuration: DistributedLimitsConfiguration
  private let grid: Grid<DistributedLimitsArm>
  private let places: [(method: BeyondMethod, links: LinkSpeeds, workers: Int)]

  init(_ configuration: DistributedLimitsConfiguration) throws {
    self.configuration = configuration
    let places = BeyondRegime.allCases.flatMap { regime in
      configuration.beyond.workers.flatMap { n in
        regime.methods.map { (method: $0, links: regime.links(configuration), workers: n) }
      }
    }
    self.places = places
    grid = try Grid(
      seeds: configuration.seeds.tuning,
      places.map { place in
        (
          name: Self.side(place.method, place.links, place.workers),
          candidates: Self.tunings(place.workers, configuration).map {
            .beyondTrial(place.method, place.links, workers: place.workers, $0)
          }
        )
      }
    ) { findings, arm, seed in
      try findings[arm, seed, .isReached] > 0 ? try findings[arm, seed, .time] : .infinity
    }
  }

  var tasks: [SweepTask<DistributedLimitsArm>] { grid.tasks }
  var arms: [DistributedLimitsArm] { places.map { .beyond($0.method, $0.links, workers: $0.workers) } }

  private static func side(_ method: BeyondMethod, _ links: LinkSpeeds, _ n: Int) -> String {
    "\(method.rawValue) n \(n) \(links)"
  }

  func tunings(_ n: Int) -> [MethodTuning] { Self.tunings(n, configuration) }

  private static func tunings(_ n: Int, _ c: DistributedLimitsConfiguration) -> [MethodTuning] {
    let unit = Int((c.problem.samples / Double(n)).rounded(.up))
    let kept = Set(c.beyond.shares.map { max(1, Int($0 * Double(c.problem.dimension))) }).sorted()
    return c.beyond.batches.flatMap { b in
      kept.flatMap { k in c.beyond.scales.map { MethodTuning(batch: b * max(1, unit), kept: k, scale: $0) } }
    }
  }

  /// The best on the tuning seeds; where none reached the goal, the first, which says by itself that it does not.
  func best(
    _ method: BeyondMethod, _ links: LinkSpeeds, _ n: Int, _ findings: Findings<DistributedLimitsArm>
  ) throws -> MethodTuning {
    guard case .beyondTrial(_, _, _, let tuning)? = try grid.best(of: Self.side(method, links, n), findings)?.arm else {
      return tunings(n)[0]
    }
    return tuning
  }

  /// Seconds after which a trial is given up: whole vectors are faster then.
  func limit(_ links: LinkSpeeds, _ n: Int) -> Double {
    LimitsSearch.reference(.whole, configuration.problem, links, n, configuration.search.slack)
  }

  func descend(
    _ method: BeyondMethod, _ links: LinkSpeeds, _ n: Int, _ tuning: MethodTuning, seconds: Double, _ key: RandomKey
  ) throws -> [Measure: Double] {
    let p = configuration.problem
    return DistributedLimitsExperiment.values(
      try DistributedDescent.simulate(
        method.method(tuning, workers: n, dimension: p.dimension, momentum: configuration.beyond.momentum),
        on: LimitsSearch.objective(p), LimitsSearch.cluster(.whole, links, n),
        goal: Goal(accuracy: p.accuracy, rounds: configuration.methods.rounds, seconds: seconds), key: key,
        stepScale: tuning.scale), tuning.scale)
  }

  /// How much faster than whole vectors and one worker a method would be if all needed the rounds of exact descent.
  func hopedGain(_ method: BeyondMethod, _ links: LinkSpeeds, _ n: Int) -> Double {
    let p = configuration.problem
    let whole = (p.samples / Double(n)).rounded(.up) + (links.downlink + links.uplink) * Double(p.dimension)
    return min(whole, 1 + p.samples) / leastRound(method, links, n)
  }

  /// The least seconds of a round among what is tried, on average: with those and the rounds of exact descent a method
  /// would be as fast as it can hope to be.
  func leastRound(_ method: BeyondMethod, _ links: LinkSpeeds, _ n: Int) -> Double {
    let d = configuration.problem.dimension
    return tunings(n).map { method.roundSeconds($0, links, workers: n, dimension: d) }.min()!
  }
}
