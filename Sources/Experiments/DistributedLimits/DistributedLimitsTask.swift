import Arrays
import Distributed
import Foundation
import Theory

extension DistributedLimitsExperiment {
  func run(
    _ task: SweepTask<DistributedLimitsArm>, _ search: LimitsSearch, _ steps: Grid<DistributedLimitsArm>,
    _ beyond: BeyondSearch, _ log: TaskLog<DistributedLimitsArm>
  ) throws -> TaskOutcome {
    let start = log.elapsed
    var values = try measure(task, search, steps, beyond, log)
    values[.seconds] = log.elapsed - start
    return TaskOutcome(values)
  }

  private func measure(
    _ task: SweepTask<DistributedLimitsArm>, _ search: LimitsSearch, _ steps: Grid<DistributedLimitsArm>,
    _ beyond: BeyondSearch, _ log: TaskLog<DistributedLimitsArm>
  ) throws -> [Measure: Double] {
    let findings = log.findings
    let key = RandomKey(seed: task.seed).split("\(task.arm)")
    switch task.arm {
    case .lemma(let window, let isSteep):
      let f = WorstCaseFunction(
        length: configuration.lemmas.length, window: window, base: isSteep ? M_E : 1 + 1 / Double(window))
      return LemmaCheck.measure(f, points: configuration.lemmas.points, key)
    case .chain(let model, let window, let n):
      let scaling = chain(model, window)
      let pace = scaling.measure(workers: n, seed: task.seed).y
      let race = DiscoveryRace(
        length: scaling.length, window: scaling.window.size(workers: n), workers: n, chance: scaling.chance)
      return [
        .pace: pace, .unitPace: pace / min(race.gradientSeconds / race.chance, race.downlinkSeconds / race.hit),
      ]
    case .trial(let place, let scale):
      let goal = Goal(accuracy: place.problem.accuracy, rounds: search.limit(place))
      return try descend(place, scale, Cluster(workers: place.workers), goal, key)
    case .best(let family, let problem, let links, let n):
      let (place, scale) = try search.best(family, problem, links, n, findings)
      // Ten times what the search allows.
      let rounds = 10 * max(search.limit(place), Int(LimitsSearch.exactRounds(problem)))
      var values = try descend(
        place, scale, LimitsSearch.cluster(family, links, n), Goal(accuracy: problem.accuracy, rounds: rounds), key)
      values[.batch] = Double(place.batch)
      values[.kept] = Double(place.kept)
      values[.stepScale] = scale
      values[.searchRoom] = search.reference(family, problem, links, n) / values[.time]!
      return values
    case .methodTrial(let name, let links, let n, let scale):
      return try descend(name, links, n, scale, key)
    case .method(let name, let links, let n):
      let candidates = configuration.search.scales.map {
        DistributedLimitsArm.methodTrial(name, links, workers: n, scale: $0)
      }
      guard let best = try steps.best(among: candidates, findings), case .methodTrial(_, _, _, let scale) = best.arm
      else { return try descend(name, links, n, configuration.search.scales[0], key) }
      return try descend(name, links, n, scale, key)
    case .beyondTrial(let name, let links, let n, let tuning):
      return try beyond.descend(name, links, n, tuning, seconds: beyond.limit(links, n), key)
    case .beyond(let name, let links, let n):
      let tuning = try beyond.best(name, links, n, findings)
      var values = try beyond.descend(name, links, n, tuning, seconds: patience, key)
      values[.batch] = Double(tuning.batch)
      values[.kept] = Double(tuning.kept)
      values[.hopedGain] = beyond.hopedGain(name, links, n)
      return values
    case .real(let method): return try descend(method, log.together, key)
    }
  }

  /// Four times what one worker needs by itself, which is then the better choice.
  private var patience: Double {
    4 * LimitsSearch.exactRounds(configuration.problem) * (1 + configuration.problem.samples)
  }

  func chain(_ model: DiscoveryScaling.Model, _ window: Int) -> DiscoveryScaling {
    let c = configuration.discovery
    let length = model == .race ? c.length : c.processLength
    // Both routes are open alike: a lucky gradient is as likely as a certain coordinate of T.
    return DiscoveryScaling(
      model, window == 0 ? .logarithmic : .fixed(window), length: length, chance: 1 / Double(length))
  }

  private func descend(
    _ place: LimitsPlace, _ scale: Double, _ cluster: Cluster, _ goal: Goal, _ key: RandomKey
  ) throws -> [Measure: Double] {
    let uplink: any Compressor = place.kept < place.problem.dimension ? RandK(place.kept) : Identity()
    return Self.values(
      try DistributedDescent.simulate(
        BatchDescent(batch: place.batch, uplink: uplink), on: LimitsSearch.objective(place.problem), cluster,
        goal: goal,
        key: key, stepScale: scale), scale)
  }

  private func descend(
    _ name: String, _ links: LinkSpeeds, _ n: Int, _ scale: Double, _ key: RandomKey, seconds: Double? = nil
  ) throws -> [Measure: Double] {
    let p = configuration.problem
    let (objective, cluster) = (LimitsSearch.objective(p), LimitsSearch.cluster(.whole, links, n))
    let arm = try Self.method(name, for: objective, on: cluster, accuracy: p.accuracy)
    let goal = Goal(accuracy: p.accuracy, rounds: configuration.methods.rounds, seconds: seconds ?? patience)
    return Self.values(
      try DistributedDescent.simulate(
        arm.method, on: objective, arm.isSolo ? cluster.soloist : cluster, goal: goal, key: key, stepScale: scale),
      scale)
  }

  static func values(_ record: DescentRecord, _ scale: Double) -> [Measure: Double] {
    [
      .time: record.seconds, .rounds: Double(record.rounds), .isReached: record.isReached ? 1 : 0,
      .gradients: Double(record.gradients), .events: Double(record.events), .stepScale: scale,
    ]
  }

  /// A method by its name, with the theory's parameters.
  static func method(
    _ name: String, for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) throws -> MethodArm {
    let (n, d) = (cluster.count, objective.dimension)
    let batch = Int(max(1, objective.variance / accuracy / Double(n)).rounded(.up))
    let share = max(1, d / n)
    switch name {
    case "EF21-P, TopK":
      return MethodArm(
        name, BidirectionalFeedback(batch: batch, downlink: TopK(share), uplink: TopK(share)))
    case "M3, RandK":
      return MethodArm(
        name,
        MarinaP(
          batch: batch, downlink: RandK(share), chance: max(1 / Double(n), 1 / Double(d)), uplink: RandK(share),
          momentum: 0.9))
    default:
      guard
        let arm = MethodArm.roster(for: objective, on: cluster, accuracy: accuracy).first(where: { $0.name == name })
      else { throw DistributedError("there is no method \(name) on \(n) workers") }
      return arm
    }
  }

  // MARK: Cost

  func costClass(_ arm: DistributedLimitsArm) -> String {
    switch arm {
    case .lemma: "lemma"
    case .chain(let model, let window, let n): "\(model.rawValue) \(window) \(n)"
    case .trial(let place, _): "trial \(place)"
    case .best(let family, let problem, _, let n): "best \(family.rawValue) \(problem.dimension) \(n)"
    case .methodTrial(let name, let links, let n, _): "trial \(name) \(n) \(links)"
    case .method(let name, let links, let n): "\(name) \(n) \(links)"
    case .beyondTrial(let name, let links, let n, let tuning):
      "trial \(name.rawValue) \(n) \(links) \(tuning.batch) \(tuning.kept)"
    case .beyond(let name, let links, let n): "best \(name.rawValue) \(n) \(links)"
    case .real(let method): "real \(method.rawValue)"
    }
  }

  /// A short descent of the kind, and how far such descents go: most trials of steps go on until they are given up, which the
  /// search knows; the shares for methods are what was seen with the settings of quick.
  func cost(_ arm: DistributedLimitsArm, _ search: LimitsSearch) throws -> TaskCost {
    let key = RandomKey(seed: 0).split("cost")
    func timed(_ share: Double, _ body: () throws -> Void) rethrows -> TaskCost {
      let start = Date()
      try body()
      return TaskCost(seconds: Date().timeIntervalSince(start) * share)
    }
    func batch(_ place: LimitsPlace, rounds: Double) throws -> TaskCost {
      let short = max(1, min(10, Int(rounds)))
      return try timed(rounds / Double(short)) {
        _ = try descend(place, 1, Cluster(workers: place.workers), Goal(accuracy: 1e-9, rounds: short), key)
      }
    }
    switch arm {
    case .lemma: return TaskCost(seconds: 0.01)
    case .chain(let model, let window, let n):
      // A shorter chain; the random sum's cost goes with its length, the process's with the square.
      var short = chain(model, window)
      let part = model == .race ? 20 : 4
      short.length = max(2 * short.window.size(workers: n), short.length / part)
      let share = Double(part) * (model == .race ? 1 : Double(part))
      return timed(share) { _ = short.measure(workers: n, seed: configuration.seeds.tuningFirst) }
    case .trial(let place, _): return try batch(place, rounds: Double(search.limit(place)))
    case .best(let family, let problem, _, let n):
      // Twice the exact rounds.
      let kept = family == .sparse || family == .formula ? 1 : problem.dimension
      return try batch(
        LimitsPlace(problem: problem, workers: n, batch: 8, kept: kept), rounds: 2 * LimitsSearch.exactRounds(problem))
    case .methodTrial(let name, let links, let n, _):
      return try timed(50 * 0.75) { _ = try descend(name, links, n, 1, key, seconds: patience / 50) }
    case .method(let name, let links, let n):
      return try timed(50 * 0.5) { _ = try descend(name, links, n, 1, key, seconds: patience / 50) }
    case .beyondTrial(let name, let links, let n, let tuning):
      let search = try BeyondSearch(configuration)
      return try timed(20 * 0.75) {
        _ = try search.descend(name, links, n, tuning, seconds: search.limit(links, n) / 20, key)
      }
    case .beyond(let name, let links, let n):
      let search = try BeyondSearch(configuration)
      return try timed(10) {
        _ = try search.descend(
          name, links, n, search.tunings(n)[0], seconds: search.limit(links, n) / 20, key)
      }
    case .real(let method):
      // As long as on the virtual clock, and no place is free for another.
      return TaskCost(seconds: try simulated(method, key).seconds * Double(configuration.real.workers))
    }
  }
}
