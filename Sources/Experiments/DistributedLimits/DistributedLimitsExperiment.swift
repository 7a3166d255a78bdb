import Distributed
import Foundation
import Theory

/// How far can more workers and compressed messages speed up a descent around a server?
///
/// Tyurin, "Limits of centralized distributed optimization", arXiv 2506.23836, a theory without experiments: its worst-case
/// function and random sum, and times to |∇f|² <= ε on a virtual clock beside its bounds.
public struct DistributedLimitsExperiment: Experiment {
  public let configuration: DistributedLimitsConfiguration

  public init(_ configuration: DistributedLimitsConfiguration) { self.configuration = configuration }

  public static let name = "distributed-limits"
  public static let summary = "how far workers and compression speed up a descent, beside its limits (arXiv 2506.23836)"

  public static let subject = "sparsified gradients"

  public static let presets: [Preset<DistributedLimitsConfiguration>] = [
    .init(name: "smoke", summary: "seconds: 16 coordinates, up to 64 workers", configuration: .smoke),
    .init(name: "quick", summary: "minutes: 128 coordinates, up to 256 workers", configuration: .quick),
    .init(
      name: "standard", summary: "hours: 256 coordinates, a finer search, up to 1,024 workers, 10 seeds",
      configuration: .standard),
    .init(name: "paper", summary: "a day: 1,024 coordinates, up to 16,384 workers, 20 seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "lemmas.length": "T of the worst-case function that is checked", "lemmas.windows": "its K",
    "lemmas.points": "random points a seed",
    "discovery.length": "T of the random sum's chain", "discovery.workers": "n of the random sum",
    "discovery.wideWorkers": "n of the random sum where K = 2 log(n + 1)",
    "discovery.windows": "fixed K of the random sum, beside 1 and 2 log(n + 1)",
    "discovery.processLength": "T of the chain under the oracle and protocol themselves",
    "discovery.processWorkers": "n of that chain",
    "problem.dimension": "coordinates d of the quadratic", "problem.samples": "S = σ²/ε, the noise of a gradient",
    "problem.accuracy": "ε: the goal is |∇f|² <= ε; the descent begins at 1/16",
    "links.uplink": "τ_w, gradients' time that a coordinate to the server takes",
    "links.ratios": "τ_s/τ_w, from 0", "links.equal": "τ_s = τ_w of the comparison at equal speeds",
    "links.workers": "numbers of workers, from 1",
    "floor.dimension": "d of the small problem whose floor is reached", "floor.samples": "its S",
    "floor.uplink": "its τ_w", "floor.workers": "its numbers of workers",
    "search.growth": "factor between neighbouring batches b and kept coordinates K that are tried",
    "search.slack":
      "how much slower than the theory's b and K at exact rounds the best may be before the search misses it",
    "search.scales": "steps that are tried, in units of the theory's",
    "exponents.workers": "n of the exponents in d, S and ε", "exponents.factors": "of d, S and ε around the problem's",
    "methods.ratios": "τ_s/τ_w of the map of the best method", "methods.workers": "n of the map",
    "methods.rounds": "steps after which a method is given up",
    "beyond.workers": "n of the methods that the bound does not cover; the most of them decide",
    "beyond.equal": "τ_s = τ_w of these", "beyond.downlink": "τ_s of these where sending to the server is free",
    "beyond.batches": "their batches, in units of ⌈S/n⌉", "beyond.shares": "their K, in units of d",
    "beyond.scales": "their steps, in units of the theory's", "beyond.momentum": "η of EF21-P",
    "real.workers": "workers on real processes; run's --real sets those of mpirun, 0 leaves them out",
    "real.dimension": "coordinates of their quadratic", "real.rounds": "steps of their descents",
    "real.gradientSeconds": "h, to which their computing is padded",
    "real.downlinkSeconds": "τ_s, to which their links are slowed down", "real.uplinkSeconds": "their τ_w",
    "real.margin": "share of the virtual time that the wall clock may be apart",
    "seeds.count": "seeds that decide", "seeds.first": "the first of them",
    "seeds.tuningCount": "seeds that only choose b, K and steps", "seeds.tuningFirst": "the first of them",
    "decision.alpha": "level of each test", "decision.margin": "distance of exponents that counts as equal",
    "decision.gain": "factor that compression must gain to count: two links cost twice what one does",
    "decision.share": "share of predictions that must be right",
  ]

  // MARK: Arms

  /// τ_w as it is, τ_s by ratio.
  package func links(_ ratio: Double) -> LinkSpeeds {
    LinkSpeeds(downlink: ratio * configuration.links.uplink, uplink: configuration.links.uplink)
  }
  package var equalLinks: LinkSpeeds {
    LinkSpeeds(downlink: configuration.links.equal, uplink: configuration.links.equal)
  }
  package var floorLinks: LinkSpeeds { LinkSpeeds(downlink: 0, uplink: configuration.floor.uplink) }
  package var floorProblem: LimitsProblem {
    LimitsProblem(
      dimension: configuration.floor.dimension, samples: configuration.floor.samples,
      accuracy: configuration.problem.accuracy)
  }

  /// The problem with d, S or ε changed by factors; S grows as ε falls, since σ² stays.
  enum Varied: String, CaseIterable {
    case dimension, samples, accuracy

    func problem(_ p: LimitsProblem, _ factor: Double) -> LimitsProblem {
      var p = p
      switch self {
      case .dimension: p.dimension = max(1, Int((Double(p.dimension) * factor).rounded()))
      case .samples: p.samples *= factor
      case .accuracy:
        p.accuracy *= factor
        p.samples /= factor
      }
      return p
    }
  }

  package var lemmaArms: [DistributedLimitsArm] {
    configuration.lemmas.windows.flatMap { window in
      // With K = 1 the base 1 + 1/K is 2, not e.
      [false, true].map { .lemma(window: window, isSteep: $0) }
    }
  }

  package var chainArms: [DistributedLimitsArm] {
    DiscoveryScaling.Model.allCases.flatMap { model in
      chainWindows(model).flatMap { window in
        chainWorkers(model, window).map { .chain(model: model, window: window, workers: $0) }
      }
    }
  }

  /// 0 is K = 2 ⌈log(n + 1)⌉.
  func chainWindows(_ model: DiscoveryScaling.Model) -> [Int] {
    model == .race ? [1] + configuration.discovery.windows + [0] : [1, 0]
  }

  func chainWorkers(_ model: DiscoveryScaling.Model, _ window: Int) -> [Int] {
    let c = configuration.discovery
    return model == .process ? c.processWorkers : window == 0 ? c.wideWorkers : c.workers
  }

  package var bestArms: [DistributedLimitsArm] {
    let c = configuration
    var arms: [DistributedLimitsArm] = [.best(.alone, c.problem, links(0), workers: 1)]
    for speeds in c.links.ratios.map(links) + [equalLinks] {
      for n in c.links.workers {
        arms += [.sparse, .whole].map { .best($0, c.problem, speeds, workers: n) }
      }
    }
    for n in c.beyond.workers {
      arms += [.sparse, .whole].map { .best($0, c.problem, BeyondRegime.equal.links(c), workers: n) }
      // Where sending to the server is free there is nothing to gain from sending less to it.
      arms.append(.best(.whole, c.problem, BeyondRegime.downlink.links(c), workers: n))
    }
    arms += c.links.workers.map { .best(.formula, c.problem, links(0), workers: $0) }
    arms += c.floor.workers.map { .best(.sparse, floorProblem, floorLinks, workers: $0) }
    for varied in Varied.allCases {
      for factor in c.exponents.factors {
        arms.append(.best(.formula, varied.problem(c.problem, factor), links(0), workers: c.exponents.workers))
      }
    }
    var known: Set<DistributedLimitsArm> = []
    return arms.filter { known.insert($0).inserted }
  }

  /// Methods that are run as they are, with tuned steps, beside batches.
  package static let mapMethods =
    [
      "one worker", "synchronous SGD", "Batch QSGD", "Shadowheart", "Rennala", "Ringmaster ASGD", "local SGD",
    ] + uncovered

  /// What the bound does not cover: biased and correlated compressors, and on a quadratic independent ones of models too.
  package static let uncovered = [
    "EF21, TopK", "EF21-P, TopK", "MARINA-P, PermK", "M3, PermK and RandK", "M3, RandK",
  ]

  package var methodPlaces: [(name: String, links: LinkSpeeds, workers: Int)] {
    let c = configuration.methods
    return c.ratios.map(links).flatMap { speeds in
      c.workers.flatMap { n in Self.mapMethods.map { (name: $0, links: speeds, workers: n) } }
    }
  }

  // MARK: The sweep

  public func sweep() throws -> Sweep<DistributedLimitsArm> {
    let (search, steps, beyond) = (try LimitsSearch(self), try methodGrid(), try BeyondSearch(configuration))
    let trials = search.tasks + steps.tasks + beyond.tasks
    let reported = (lemmaArms + chainArms).tasks(on: reportedSeeds)
    let methods = methodPlaces.map { DistributedLimitsArm.method($0.name, $0.links, workers: $0.workers) }
    let bests = (bestArms + methods + beyond.arms).tasks(on: reportedSeeds)
    let real = realArms.tasks(on: reportedSeeds)
    let stages = [reported + trials, bests] + (real.isEmpty ? [] : [real])
    var sweep = Sweep(stages.map { .init($0) }) { _, _ in
      Workbench(cost: { task in try cost(task.arm, search) }) { task, log in
        try run(task, search, steps, beyond, log)
      }
    }
    sweep.unit = "descents"
    sweep.costClass = { arm in costClass(arm) }
    sweep.isJoint = { arm in if case .real = arm { true } else { false } }
    return sweep
  }

  /// The search for each method's step.
  func methodGrid() throws -> Grid<DistributedLimitsArm> {
    try Grid(
      seeds: tuningSeeds,
      methodPlaces.map { place in
        (
          name: "\(DistributedLimitsArm.method(place.name, place.links, workers: place.workers))",
          candidates: configuration.search.scales.map {
            .methodTrial(place.name, place.links, workers: place.workers, scale: $0)
          }
        )
      }
    ) { findings, arm, seed in
      try findings[arm, seed, .isReached] > 0 ? try findings[arm, seed, .time] : .infinity
    }
  }
}
