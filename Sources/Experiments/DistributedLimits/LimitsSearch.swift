import Distributed
import Foundation
import Theory

/// The search for the best b and K: which places are tried, with which steps, for how many rounds.
///
/// A place whose rounds would have to be fewer than those of exact gradients to be as fast as the reference cannot be the
/// best, and is left out; a trial is given up where it is slower than the reference for all links. The reference is the
/// theory's b and K at exact rounds, times a slack: `Measure.searchRoom` says whether the best was within it.
struct LimitsSearch: Sendable {
  /// A place with the rounds after which it is given up.
  private var limits: [LimitsPlace: Int] = [:]
  private var places: [LimitsPlace] = []
  private let scales: [Double]
  private let growth: Int
  private let slack: Double
  private let grid: Grid<DistributedLimitsArm>

  init(_ experiment: DistributedLimitsExperiment) throws {
    let search = experiment.configuration.search
    (scales, growth, slack) = (search.scales, search.growth, search.slack)
    var (limits, places): ([LimitsPlace: Int], [LimitsPlace]) = ([:], [])
    for arm in experiment.bestArms {
      guard case .best(let family, let problem, let links, let n) = arm else { continue }
      let reference = Self.reference(family, problem, links, n, slack)
      let exact = Self.exactRounds(problem)
      for place in Self.candidates(family, problem, links, n, growth) {
        let round = Self.roundTime(place, family, links)
        guard family == .formula || exact * round <= reference else { continue }
        if limits[place] == nil { places.append(place) }
        limits[place] = max(limits[place] ?? 1, Int(max(exact, reference / round).rounded(.up)))
      }
    }
    (self.limits, self.places) = (limits, places)
    let scales = scales
    grid = try Grid(
      seeds: experiment.tuningSeeds,
      places.map { place in ("\(place)", scales.map { .trial(place, scale: $0) }) }
    ) { findings, arm, seed in
      try findings[arm, seed, .isReached] > 0 ? try findings[arm, seed, .rounds] : .infinity
    }
  }

  var tasks: [SweepTask<DistributedLimitsArm>] { grid.tasks }

  /// The rounds after which a trial is given up.
  func limit(_ place: LimitsPlace) -> Int { limits[place] ?? 1 }

  /// The place and step that are fastest on the tuning seeds for those links.
  func best(
    _ family: LimitsFamily, _ problem: LimitsProblem, _ links: LinkSpeeds, _ n: Int,
    _ findings: Findings<DistributedLimitsArm>
  ) throws -> (place: LimitsPlace, scale: Double) {
    let formula = Self.formula(problem, links, n)
    var best: (place: LimitsPlace, scale: Double, seconds: Double)?
    for place in places where place.problem == problem && place.workers == n {
      switch family {
      case .sparse: break
      case .whole, .alone: guard place.kept == problem.dimension else { continue }
      case .formula: guard place == formula else { continue }
      }
      guard let found = try grid.best(among: scales.map { .trial(place, scale: $0) }, findings),
        case .trial(_, let scale) = found.arm
      else { continue }
      let seconds = found.score * Self.roundTime(place, family, links)
      if seconds < best?.seconds ?? .infinity { best = (place, scale, seconds) }
    }
    // Where nothing was found, the theory's own, which says by itself that it does not reach.
    return best.map { ($0.place, $0.scale) } ?? (formula, scales[0])
  }

  /// The time within which the search is complete.
  func reference(_ family: LimitsFamily, _ problem: LimitsProblem, _ links: LinkSpeeds, _ n: Int) -> Double {
    Self.reference(family, problem, links, n, slack)
  }

  // MARK: Times

  static func objective(_ problem: LimitsProblem) -> TridiagonalQuadratic {
    TridiagonalQuadratic(
      dimension: problem.dimension, variance: problem.samples * problem.accuracy, scale: 0)
  }

  static func cluster(_ family: LimitsFamily, _ links: LinkSpeeds, _ n: Int) -> Cluster {
    family == .alone
      ? Cluster(workers: 1)
      : Cluster(workers: n, gradientSeconds: 1, downlinkSeconds: links.downlink, uplinkSeconds: links.uplink)
  }

  static func setting(
    _ family: LimitsFamily, _ problem: LimitsProblem, _ links: LinkSpeeds, _ n: Int
  ) -> DistributedSetting {
    objective(problem).setting(cluster(family, links, n), accuracy: problem.accuracy)
  }

  static func roundTime(_ place: LimitsPlace, _ family: LimitsFamily, _ links: LinkSpeeds) -> Double {
    BatchCompression(batch: place.batch, kept: place.kept)
      .roundTime(in: setting(family, place.problem, links, place.workers))
  }

  /// Rounds of gradient descent without noise, with step 1/L.
  static func exactRounds(_ problem: LimitsProblem) -> Double {
    let f = objective(problem)
    var (x, rounds) = (f.start, 0)
    while f.squaredGradientNorm(at: x) > problem.accuracy, rounds < 100_000 {
      let g = f.gradient(at: x)
      for i in x.indices { x[i] -= g[i] }
      rounds += 1
    }
    return Double(rounds)
  }

  private static func formula(_ problem: LimitsProblem, _ links: LinkSpeeds, _ n: Int) -> LimitsPlace {
    let best = BatchCompression.best(for: setting(.formula, problem, links, n))
    return LimitsPlace(problem: problem, workers: n, batch: best.batch, kept: best.kept)
  }

  static func reference(
    _ family: LimitsFamily, _ problem: LimitsProblem, _ links: LinkSpeeds, _ n: Int, _ slack: Double
  ) -> Double {
    var place = formula(problem, links, n)
    if family == .whole || family == .alone {
      place.kept = problem.dimension
      place.batch = Int(max(1, problem.samples / Double(n)).rounded(.up))
    }
    return slack * exactRounds(problem) * roundTime(place, family, links)
  }

  private static func candidates(
    _ family: LimitsFamily, _ problem: LimitsProblem, _ links: LinkSpeeds, _ n: Int, _ growth: Int
  ) -> [LimitsPlace] {
    func powers(below last: Double) -> [Int] {
      Array(sequence(first: 1) { $0 * growth }.prefix { Double($0) < last })
    }
    if family == .formula { return [formula(problem, links, n)] }
    let kept = (family == .sparse ? powers(below: Double(problem.dimension)) : []) + [problem.dimension]
    // A batch of more than S d samples beside others is never of use; the reference ends the search before.
    let batches = powers(below: max(2, problem.samples * Double(problem.dimension)))
    return batches.flatMap { b in kept.map { LimitsPlace(problem: problem, workers: n, batch: b, kept: $0) } }
  }

  /// The theorem's time, with its constants, at its best place among those of the grid.
  func theoryTime(_ family: LimitsFamily, _ problem: LimitsProblem, _ links: LinkSpeeds, _ n: Int) -> Double {
    let setting = Self.setting(family, problem, links, n)
    return Self.candidates(family, problem, links, n, growth).map {
      BatchCompression(batch: $0.batch, kept: $0.kept).time(in: setting)
    }.min()!
  }
}
