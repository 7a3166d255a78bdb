import Distributed
import Theory

/// What is descended on, over which links, by which methods.
public struct DistributedLimitsConfiguration: SeededConfiguration {
  /// Where the worst-case function's lemmas are checked.
  public struct Lemmas: Codable, Sendable, Equatable {
    /// T of the worst-case function that is checked.
    public var length: Int
    /// K of that function.
    public var windows: [Int]
    /// Random points a seed.
    public var points: Int
  }

  /// Chains without numbers: how long until all coordinates are known.
  public struct Discovery: Codable, Sendable, Equatable {
    /// T of the random sum's chain.
    public var length: Int
    /// n of the random sum.
    public var workers: [Int]
    /// Fixed K of the random sum, beside 1 and 2 log(n + 1).
    public var windows: [Int]
    /// n of the random sum where K = 2 log(n + 1).
    public var wideWorkers: [Int]
    /// T of the chain under the oracle and protocol themselves.
    public var processLength: Int
    /// n of that chain.
    public var processWorkers: [Int]
  }

  /// What is descended on, in units of Δ = L = 1.
  public struct Problem: Codable, Sendable, Equatable, Hashable {
    /// Coordinates d of the quadratic.
    public var dimension: Int
    /// S = σ²/ε, the noise of a gradient.
    public var samples: Double
    /// ε: the goal is |∇f|² <= ε; the descent begins at 1/16.
    public var accuracy: Double
  }

  /// The regime in which the server sends for nothing.
  public struct Floor: Codable, Sendable, Equatable {
    /// d of the small problem whose floor is reached.
    public var dimension: Int
    /// S of that problem, σ²/ε.
    public var samples: Double
    /// τ_w of that problem.
    public var uplink: Double
    /// n of that problem.
    public var workers: [Int]
  }

  /// Speeds of links, and how many workers there are.
  public struct Links: Codable, Sendable, Equatable {
    /// τ_w, gradients' time that a coordinate to the server takes.
    public var uplink: Double
    /// τ_s/τ_w, from 0.
    public var ratios: [Double]
    /// τ_s = τ_w of the comparison at equal speeds.
    public var equal: Double
    /// Numbers of workers, from 1.
    public var workers: [Int]
  }

  /// The grid over b, K and the step.
  public struct Search: Codable, Sendable, Equatable {
    /// Factor between neighbouring batches b and kept coordinates K that are tried.
    public var growth: Int
    /// How much slower than the theory's b and K at exact rounds the best may be before the search misses it.
    public var slack: Double
    /// Steps that are tried, in units of the theory's.
    public var scales: [Double]
  }

  /// Where times are compared with theory in d, σ² and ε.
  public struct Exponents: Codable, Sendable, Equatable {
    /// n of the exponents in d, S and ε.
    public var workers: Int
    /// Factors on d, S and ε around the problem's.
    public var factors: [Double]
  }

  /// Where other methods run with the theory's parameters.
  public struct Methods: Codable, Sendable, Equatable {
    /// τ_s/τ_w of the map of the best method.
    public var ratios: [Double]
    /// n of the map.
    public var workers: [Int]
    /// Steps after which a method is given up.
    public var rounds: Int
  }

  /// Methods that the bound does not cover, each at the best of its own parameters.
  public struct Beyond: Codable, Sendable, Equatable {
    /// n; the most of them decide.
    public var workers: [Int]
    /// τ_s = τ_w.
    public var equal: Double
    /// τ_s where sending to the server is free.
    public var downlink: Double
    /// Batches that are tried, in units of ⌈S/n⌉.
    public var batches: [Int]
    /// Shares of coordinates that are tried as K.
    public var shares: [Double]
    /// Steps that are tried, in units of the theory's.
    public var scales: [Double]
    /// η of EF21-P.
    public var momentum: Double
  }

  /// Descents on the ranks of mpirun, beside the virtual clock.
  public struct Real: Codable, Sendable, Equatable {
    /// Workers on real processes, one less than ranks; 0 for no such descents.
    public var workers: Int
    /// Coordinates of the quadratic.
    public var dimension: Int
    /// Steps of the server.
    public var rounds: Int
    /// h, in seconds of the wall clock, to which computing is padded.
    public var gradientSeconds: Double
    /// τ_s, in seconds of the wall clock, to which links are slowed down.
    public var downlinkSeconds: Double
    /// τ_w, likewise.
    public var uplinkSeconds: Double
    /// Share of the virtual time that both clocks may be apart.
    public var margin: Double
  }

  /// What decides the claims.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// How far an exponent may be from theory's.
    public var margin: Double
    /// Factor in time from which a method counts as better.
    public var gain: Double
    /// Share of places in which a rule shall hold.
    public var share: Double
  }

  /// Where the lemmas are checked.
  public var lemmas: Lemmas
  /// Chains without numbers.
  public var discovery: Discovery
  /// What is descended on.
  public var problem: Problem
  /// Speeds of links, and workers.
  public var links: Links
  /// The regime of a free downlink.
  public var floor: Floor
  /// The grid over b, K and the step.
  public var search: Search
  /// Where theory's exponents are compared.
  public var exponents: Exponents
  /// Where other methods run.
  public var methods: Methods
  /// What the bound does not cover.
  public var beyond: Beyond
  /// Descents on real processes.
  public var real: Real
  public var seeds: TunedSeeds
  public var decision: Decisions

  static let quick = DistributedLimitsConfiguration(
    lemmas: Lemmas(length: 12, windows: [1, 2, 3, 5], points: 400),
    discovery: Discovery(
      length: 8000, workers: [10, 30, 100, 300, 1000], windows: [4, 8, 16],
      wideWorkers: [30, 100, 300, 1000, 3000, 10_000], processLength: 512,
      processWorkers: [16, 32, 64, 128, 256]),
    problem: Problem(dimension: 128, samples: 128, accuracy: 2e-4),
    links: Links(
      uplink: 1, ratios: [0, 0.001, 0.01, 0.03, 0.1, 0.3, 1, 3], equal: 1.0 / 32, workers: [1, 4, 16, 64, 256]),
    floor: Floor(dimension: 32, samples: 8, uplink: 0.25, workers: [4, 16, 64, 256, 1024, 2048, 4096, 8192]),
    search: Search(growth: 4, slack: 3, scales: [1, 1.8, 4, 10]),
    exponents: Exponents(workers: 64, factors: [0.25, 1, 4]),
    methods: Methods(ratios: [0, 0.1, 1], workers: [4, 16], rounds: 100_000),
    beyond: Beyond(
      workers: [16, 64], equal: 1.0 / 8, downlink: 1.0 / 4, batches: [1, 2, 4], shares: [1.0 / 16, 1.0 / 4],
      scales: [1, 1.8, 4, 7], momentum: 0.3),
    real: Real(
      workers: 0, dimension: 64, rounds: 30, gradientSeconds: 8e-3, downlinkSeconds: 1e-4, uplinkSeconds: 2e-4,
      margin: 0.1),
    seeds: TunedSeeds(count: 5, tuningCount: 1),
    decision: Decisions(alpha: 0.05, margin: 0.1, gain: 2, share: 0.6))

  static var smoke: DistributedLimitsConfiguration {
    var c = quick
    c.lemmas = Lemmas(length: 6, windows: [1, 2], points: 20)
    c.discovery = Discovery(
      length: 600, workers: [4, 16, 64], windows: [4], wideWorkers: [4, 16, 64], processLength: 64,
      processWorkers: [2, 4, 8])
    c.problem = Problem(dimension: 16, samples: 16, accuracy: 0.02)
    c.links = Links(uplink: 1, ratios: [0, 0.01, 0.03, 1, 3, 10], equal: 1.0 / 8, workers: [1, 4, 16, 64])
    c.floor = Floor(dimension: 8, samples: 4, uplink: 0.25, workers: [4, 64, 256, 512])
    c.search = Search(growth: 4, slack: 3, scales: [1, 4])
    c.exponents = Exponents(workers: 16, factors: [0.5, 1, 2])
    c.methods = Methods(ratios: [0, 1], workers: [4], rounds: 5000)
    c.beyond.workers = [4]
    c.beyond.batches = [1]
    c.beyond.shares = [0.25]
    c.seeds = TunedSeeds(count: 3, tuningCount: 1)
    return c
  }

  /// 256 coordinates, finer searches, more seeds, up to 1,024 workers.
  static var standard: DistributedLimitsConfiguration {
    var c = quick
    c.problem = Problem(dimension: 256, samples: 256, accuracy: 2e-4)
    c.discovery.workers += [3000]
    c.discovery.wideWorkers = c.discovery.workers
    c.discovery.length = 20_000
    c.links.workers = [1, 4, 16, 64, 256, 1024]
    c.search.growth = 2
    c.methods.ratios = [0, 0.03, 0.3, 1]
    c.methods.workers = [4, 16, 64]
    c.beyond.workers = [16, 64, 256]
    c.beyond.batches = [1, 2, 4, 8, 16]
    c.beyond.shares = [1.0 / 64, 1.0 / 16, 1.0 / 4, 1.0 / 2]
    c.beyond.scales = [1, 1.8, 4, 7, 14]
    c.seeds = TunedSeeds(count: 10, tuningCount: 2)
    return c
  }

  /// Up to 16,384 workers, d = 1,024.
  static var paper: DistributedLimitsConfiguration {
    var c = standard
    c.problem = Problem(dimension: 1024, samples: 1024, accuracy: 2.5e-4)
    c.links.workers = [1, 4, 16, 64, 256, 1024, 4096, 16_384]
    c.methods.ratios = [0, 0.001, 0.03, 0.1, 0.3, 1]
    c.methods.workers = [4, 16, 64, 256, 1024]
    c.seeds = TunedSeeds(count: 20, tuningCount: 3)
    return c
  }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "lemmas.length": lemmas.length, "lemmas.points": lemmas.points, "discovery.length": discovery.length,
      "discovery.processLength": discovery.processLength, "problem.dimension": problem.dimension,
      "floor.dimension": floor.dimension, "exponents.workers": exponents.workers, "methods.rounds": methods.rounds,
      "real.dimension": real.dimension, "real.rounds": real.rounds,
    ])
    guard (0...10_000).contains(real.workers), real.dimension <= 100_000 else {
      throw SettingsError("real.workers must be in 0...10000, and real.dimension at most 100000")
    }
    try require(
      counts: [
        "lemmas.points": lemmas.points, "problem.dimension": problem.dimension, "floor.dimension": floor.dimension,
      ],
      most: 100_000)
    // A worker has its own point.
    let crowds = [
      discovery.workers, discovery.wideWorkers, discovery.processWorkers, links.workers, floor.workers, methods.workers,
      beyond.workers, [exponents.workers],
    ]
    guard let crowd = crowds.joined().max(), crowd <= 100_000, crowd * problem.dimension <= 100_000_000 else {
      throw SettingsError("workers must be at most 100000, and workers times coordinates at most 100000000")
    }
    try require(positive: [
      "problem.samples": problem.samples, "problem.accuracy": problem.accuracy, "links.uplink": links.uplink,
      "links.equal": links.equal, "floor.samples": floor.samples, "floor.uplink": floor.uplink,
      "decision.margin": decision.margin, "real.gradientSeconds": real.gradientSeconds,
      "real.downlinkSeconds": real.downlinkSeconds, "real.uplinkSeconds": real.uplinkSeconds,
      "real.margin": real.margin, "beyond.equal": beyond.equal, "beyond.downlink": beyond.downlink,
    ])
    guard beyond.momentum > 0, beyond.momentum <= 1, beyond.shares.allSatisfy({ $0 <= 1 }) else {
      throw SettingsError("beyond.momentum must be in (0, 1], and beyond.shares at most 1")
    }
    guard problem.accuracy < 1.0 / 16, problem.accuracy >= 1e-12 else {
      throw SettingsError("problem.accuracy must be below 1/16, where the descent begins, and at least 1e-12")
    }
    guard search.growth > 1 else { throw SettingsError("search.growth must be at least 2, not \(search.growth)") }
    guard search.slack >= 1 else { throw SettingsError("search.slack must be at least 1, not \(search.slack)") }
    guard exponents.factors.allSatisfy({ (0.001...1000).contains($0) }) else {
      throw SettingsError("exponents.factors must be between 0.001 and 1000")
    }
    guard decision.gain > 1 else { throw SettingsError("decision.gain must exceed 1") }
    guard decision.share > 0, decision.share < 1 else { throw SettingsError("decision.share must be in 0...1") }
    try requireRising(
      [
        "lemmas.windows": lemmas.windows.map(Double.init), "discovery.windows": discovery.windows.map(Double.init),
        "search.scales": search.scales, "exponents.factors": exponents.factors,
        "methods.workers": methods.workers.map(Double.init),
        "beyond.workers": beyond.workers.map(Double.init), "beyond.batches": beyond.batches.map(Double.init),
        "beyond.shares": beyond.shares, "beyond.scales": beyond.scales,
      ], least: 1)
    try requireRising(
      [
        "discovery.workers": discovery.workers.map(Double.init),
        "discovery.wideWorkers": discovery.wideWorkers.map(Double.init),
        "discovery.processWorkers": discovery.processWorkers.map(Double.init),
        "links.workers": links.workers.map(Double.init), "floor.workers": floor.workers.map(Double.init),
      ], least: 3)
    for (name, values) in ["links.ratios": links.ratios, "methods.ratios": methods.ratios] {
      guard values.first == 0, values == Set(values).sorted(), values.allSatisfy(\.isFinite) else {
        throw SettingsError("\(name) must rise from 0")
      }
    }
    guard links.workers[0] == 1 else { throw SettingsError("links.workers must begin with 1") }
    guard methods.workers[0] > 1, beyond.workers[0] > 1 else {
      throw SettingsError("methods.workers and beyond.workers must exceed 1")
    }
    let most = 2 * discovery.windows.last!
    guard discovery.windows.allSatisfy({ $0.isMultiple(of: 2) }), discovery.length >= most,
      discovery.length >= 10 * discoveryWindow(workers: discovery.wideWorkers.last!),
      discovery.processLength >= discoveryWindow(workers: discovery.processWorkers.last!)
    else {
      throw SettingsError(
        "discovery.windows must be even, and discovery.length ten times the windows of all workers at least")
    }
  }

  private func requireRising(_ settings: KeyValuePairs<String, [Double]>, least: Int) throws {
    for (name, values) in settings {
      guard values.count >= least, values == Set(values).sorted(), values[0] > 0, values.allSatisfy(\.isFinite) else {
        throw SettingsError("\(name) must be \(least) or more rising positive numbers")
      }
    }
  }
}
