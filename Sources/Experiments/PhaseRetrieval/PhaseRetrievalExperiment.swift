import Foundation
import SignalRecovery
import Training

/// Do descents retrieve phases from the sampling ratio on at which random duality theory sees one funnel?
///
/// Stojnic, "Phase retrieval with rank d measurements - descending algorithms phase transitions", arXiv 2506.18282, and its
/// companion 2506.18275. Simulated success rates beside the transitions of the plain and the lifted theory.
public struct PhaseRetrievalExperiment: Experiment {
  public let configuration: PhaseRetrievalConfiguration

  public init(_ configuration: PhaseRetrievalConfiguration) { self.configuration = configuration }

  public static let name = "phase-retrieval"
  public static let summary = "transitions of descending phase retrieval, theory and simulation (arXiv 2506.18282)"

  public static let presets: [Preset<PhaseRetrievalConfiguration>] = [
    .init(name: "smoke", summary: "seconds: 16 dimensions", configuration: .smoke),
    .init(name: "quick", summary: "minutes: 100 dimensions, rank 1 to 4 and complex", configuration: .quick),
    .init(
      name: "standard", summary: "an hour: 100 and 200 dimensions, twelve times the steps of the barrier",
      configuration: .standard),
    .init(name: "paper", summary: "days: every method, 120 trials at each of 11 ratios", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "problem.dimensions": "real dimensions n of the signals",
    "problem.ensembles": "d1 ... d8: measurements of that rank; complex: complex vectors as structured rank 2",
    "problem.positions": "sampling ratios on a scale where 0 is m = n and 1 the plain theory's transition of the rank",
    "problem.tolerance": "distance from the signal, up to sign or phase, that counts as success",
    "descent.methods": "hybrid, slack-barrier, norm-barrier, intensity, amplitude",
    "descent.plainSteps": "most steps of a plain descent, and of the plain part after a barrier",
    "descent.barrierSteps": "steps of a barrier over all its stages",
    "descent.barrierRange": "factor from the first to the last strength of a barrier",
    "descent.rounds": "rounds of barrier and plain descent in the hybrid",
    "tuning.stages": "candidates: stages that share the barrier's steps",
    "tuning.firstPushes": "candidates: first t of the slack barrier, in units of the least that leaves 0",
    "tuning.position": "where on the scale of sampling ratios candidates are compared",
    "tuning.seeds": "seeds that only choose the schedule", "tuning.first": "the first of them",
    "seeds.count": "seeds at each point", "seeds.first": "the first seed",
    "seeds.trials": "independent instances of each seed, run side by side",
    "theory.ranks": "ranks of the table of transitions", "theory.nodes": "quadrature nodes of the lifted theory",
    "decision.alpha": "level of each test",
    "decision.margin": "distance from a transition that counts as at it, as a share of the transition less 1",
    "decision.resamples": "draws of the parametric bootstrap of 50 % points",
  ]

  // MARK: Arms

  /// Methods that descend on their own: of one round, the hybrid descent's barrier is the slack barrier's descent, and is
  /// counted where it ends.
  package var descending: [String] {
    configuration.descent.methods.filter { !($0 == "slack-barrier" && configuration.descent.rounds == 1) }
  }

  /// Whose successes a method's are at a point, and under which measure.
  package func source(
    _ method: String, _ ensemble: String, _ n: Int, _ position: Double
  ) -> (arm: PhaseRetrievalArm, successes: Measure) {
    let isOwn = descending.contains(method)
    return (
      .batch(method: isOwn ? method : "hybrid", ensemble: ensemble, dimension: n, position: position),
      isOwn ? .successes : .barrierSuccesses
    )
  }

  package var batches: [PhaseRetrievalArm] {
    let p = configuration.problem
    return p.dimensions.flatMap { n in
      p.ensembles.flatMap { ensemble in
        descending.flatMap { method in
          p.positions.map { .batch(method: method, ensemble: ensemble, dimension: n, position: $0) }
        }
      }
    }
  }

  /// The candidates of each ensemble; the one that finds most signals on the tuning seeds is taken.
  func candidates(_ ensemble: String) -> [PhaseRetrievalArm] {
    configuration.tuning.stages.flatMap { stages in
      configuration.tuning.firstPushes.map { .candidate(stages: stages, firstPush: $0, ensemble: ensemble) }
    }
  }

  var tuningSeeds: [Int] {
    Array(configuration.tuning.first..<configuration.tuning.first + configuration.tuning.seeds)
  }

  /// The search for schedules.
  package func grid() throws -> Grid<PhaseRetrievalArm> {
    try Grid(seeds: tuningSeeds, configuration.problem.ensembles.map { ($0, candidates($0)) }) {
      -Double(try $0.count(.successes, of: $1, $2))
    }
  }

  // MARK: Running

  public func sweep() throws -> Sweep<PhaseRetrievalArm> {
    let grid = try grid()
    // Long descents first, so that no worker ends alone.
    let tasks = batches.tasks(on: reportedSeeds).sorted {
      ($0.name.hasPrefix("hybrid") ? 0 : 1, $0.name) < ($1.name.hasPrefix("hybrid") ? 0 : 1, $1.name)
    }
    var sweep = Sweep([.init(grid.tasks), .init(tasks)]) { _, _ in
      Workbench(cost: { try cost($0.arm) }) { task, log in
        let start = log.elapsed
        var values: [Measure: Double]
        switch task.arm {
        case .candidate(let stages, let push, let ensemble):
          let schedule = configuration.schedule(stages: stages, firstPush: push)
          let n = configuration.problem.dimensions[0]
          values = try measure(
            PhaseRetrievalDescent(.hybrid, schedule: schedule),
            batch(ensemble, n, configuration.tuning.position, task.seed))
        case .batch(let method, let ensemble, let n, let position):
          let best = try grid.best(of: ensemble, log.findings)
          values = try measure(
            PhaseRetrievalDescent(RecoveryMethod(rawValue: method)!, schedule: schedule(best?.arm)),
            batch(ensemble, n, position, task.seed))
        }
        values[.seconds] = log.elapsed - start
        return TaskOutcome(values)
      }
    }
    sweep.unit = "batches"
    sweep.costClass = { arm in
      switch arm {
      case .candidate(_, _, let ensemble): "candidate \(ensemble)"
      case .batch(let method, let ensemble, let n, _): "\(method) \(ensemble) \(n)"
      }
    }
    return sweep
  }

  private func schedule(_ candidate: PhaseRetrievalArm?) -> RecoverySchedule {
    guard case .candidate(let stages, let push, _) = candidate else {
      preconditionFailure("every candidate finds a number of signals, so one is best")
    }
    return configuration.schedule(stages: stages, firstPush: push)
  }

  private func batch(_ ensemble: String, _ n: Int, _ position: Double, _ seed: Int) throws -> PhaseRetrievalBatch {
    let kind = try PhaseRetrievalConfiguration.ensemble(ensemble)
    // Each ratio has its own signals, so that trials at different ratios are independent; all methods have the same.
    let key = RandomKey(seed: seed).split(ensemble).split(n).split("\(position)")
    return PhaseRetrievalBatch(
      ensemble: kind, dimension: n, ratio: PhaseRetrievalConfiguration.ratio(position, rank: kind.rank),
      keys: (0..<configuration.seeds.trials).map { key.split($0) })
  }

  private func measure(
    _ descent: PhaseRetrievalDescent, _ batch: PhaseRetrievalBatch
  ) throws -> [Measure: Double] {
    let outcome = try descent.run(batch)
    var values: [Measure: Double] = [
      .successes: Double(outcome.successes(within: configuration.problem.tolerance)),
      .trials: Double(batch.trialCount), .steps: Double(outcome.steps),
      .ratio: Double(batch.measurementCount) / Double(batch.dimension),
      .meanDistance: outcome.distances.reduce(0, +) / Double(batch.trialCount), .dimension: Double(batch.dimension),
    ]
    if let barrier = outcome.barrierDistances {
      values[.barrierSuccesses] = Double(barrier.count { $0 < configuration.problem.tolerance })
    }
    if let isEnded = outcome.isEnded {
      let hits = outcome.distances.map { $0 < configuration.problem.tolerance }
      values[.decided] = Double(zip(isEnded, hits).count { $0 || $1 })
    }
    return values
  }

  /// A short and a longer descent on such instances tell the time of a step.
  private func cost(_ arm: PhaseRetrievalArm) throws -> TaskCost {
    let (ensemble, n, steps): (String, Int, Int)
    switch arm {
    case .candidate(_, _, let name):
      (ensemble, n) = (name, configuration.problem.dimensions[0])
      steps = configuration.descent.barrierSteps + configuration.descent.plainSteps
    case .batch(let method, let name, let dimension, _):
      (ensemble, n) = (name, dimension)
      let schedule = configuration.schedule(stages: configuration.tuning.stages[0], firstPush: 1)
      steps = PhaseRetrievalDescent(RecoveryMethod(rawValue: method)!, schedule: schedule).stepCount
    }
    let instances = try batch(ensemble, n, 1, configuration.tuning.first)
    let seconds = try [10, 60].map { steps in
      let start = Date()
      let descent = PhaseRetrievalDescent(.amplitude, schedule: RecoverySchedule(plainSteps: steps))
      _ = try descent.run(instances)
      return Date().timeIntervalSince(start)
    }
    return TaskCost(seconds: max(0, seconds[1] - seconds[0]) / 50 * Double(steps))
  }
}
