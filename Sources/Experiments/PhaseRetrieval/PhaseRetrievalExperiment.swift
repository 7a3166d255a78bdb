import Foundation
import Reports
import RunLogs
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
    .init(name: "quick", summary: "minutes: 100 dimensions, rank 1 to 4 and complex", configuration: .standard),
    .init(
      name: "paper", summary: "hours: 100 and 200 dimensions, 120 trials, three times the steps", configuration: .paper),
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
    "decision.margin": "relative distance from the plain transition that counts as at it",
    "decision.resamples": "draws of the parametric bootstrap of 50 % points",
  ]

  // MARK: Tasks

  /// A batch of trials at one point, with one method.
  package struct Task: Hashable, Sendable {
    package var ensemble: String
    package var dimension: Int
    package var position: Double
    package var method: String
    package var seed: Int

    package var name: String { "\(method) \(ensemble) n \(dimension) at \(position)/seed \(seed)" }
  }

  /// A candidate of the tuning.
  package struct Candidate: Hashable, Sendable {
    package var stages: Int
    package var firstPush: Double
    package func name(_ ensemble: String, _ seed: Int) -> String {
      "tuning \(stages) stages from \(firstPush), \(ensemble)/seed \(seed)"
    }
  }

  package var candidates: [Candidate] {
    let all = configuration.tuning.stages.flatMap { stages in
      configuration.tuning.firstPushes.map { Candidate(stages: stages, firstPush: $0) }
    }
    return all
  }

  /// Methods that descend on their own: of one round, the hybrid descent's barrier is the slack barrier's descent, and is
  /// counted where it ends.
  package var descending: [String] {
    configuration.descent.methods.filter { !($0 == "slack-barrier" && configuration.descent.rounds == 1) }
  }

  package var tasks: [Task] {
    let p = configuration.problem
    return p.dimensions.flatMap { n in
      p.ensembles.flatMap { ensemble in
        descending.flatMap { method in
          p.positions.flatMap { position in
            reportedSeeds.map {
              Task(ensemble: ensemble, dimension: n, position: position, method: method, seed: $0)
            }
          }
        }
      }
    }
  }

  var tuningSeeds: [Int] {
    Array(configuration.tuning.first..<configuration.tuning.first + configuration.tuning.seeds)
  }

  private var tuningTasks: [(candidate: Candidate, ensemble: String, seed: Int)] {
    configuration.problem.ensembles.flatMap { ensemble in
      candidates.flatMap { candidate in tuningSeeds.map { (candidate, ensemble, $0) } }
    }
  }

  /// The candidate that found most signals of an ensemble on the tuning seeds; of equals the first.
  package func chosen(_ results: [String: [String: Double]], _ ensemble: String) -> Candidate? {
    var best: (candidate: Candidate, successes: Double)?
    for candidate in candidates {
      let found = tuningSeeds.compactMap { results[candidate.name(ensemble, $0)] }
      guard found.count == tuningSeeds.count else { return nil }
      let successes = found.reduce(0) { $0 + ($1["successes"] ?? 0) }
      if successes > best?.successes ?? -1 { best = (candidate, successes) }
    }
    return best?.candidate
  }

  // MARK: Running

  private func batch(_ ensemble: String, _ n: Int, _ position: Double, _ seed: Int) throws -> PhaseRetrievalBatch {
    let kind = try PhaseRetrievalConfiguration.ensemble(ensemble)
    let key = RandomKey(seed: seed).split(ensemble).split(n)
    return PhaseRetrievalBatch(
      ensemble: kind, dimension: n, ratio: PhaseRetrievalConfiguration.ratio(position, rank: kind.rank),
      keys: (0..<configuration.seeds.trials).map { key.split($0) })
  }

  private func measure(
    _ descent: PhaseRetrievalDescent, _ batch: PhaseRetrievalBatch
  ) throws -> [String: Double] {
    let outcome = try descent.run(batch)
    var values = [
      "successes": Double(outcome.successes(within: configuration.problem.tolerance)),
      "trials": Double(batch.trialCount), "steps": Double(outcome.steps),
      "ratio": Double(batch.measurementCount) / Double(batch.dimension),
      "meanDistance": outcome.distances.reduce(0, +) / Double(batch.trialCount),
    ]
    if let barrier = outcome.barrierDistances {
      values["barrierSuccesses"] = Double(barrier.count { $0 < configuration.problem.tolerance })
    }
    return values
  }

  public func estimate(_ context: RunContext) throws -> String {
    let waiting = tasks.filter { !context.hasResult($0.name) }
    let tuning = tuningTasks.filter { !context.hasResult($0.candidate.name($0.ensemble, $0.seed)) }
    guard !(waiting.isEmpty && tuning.isEmpty) else { return "all descents are done; drawing the report" }
    // A short and a longer descent on each kind of instance tell the time of a step.
    var total = 0.0
    func stepSeconds(_ ensemble: String, _ n: Int) throws -> Double {
      let instances = try batch(ensemble, n, 1, configuration.tuning.first)
      let seconds = try [10, 60].map { steps in
        let start = Date()
        let descent = PhaseRetrievalDescent(.amplitude, schedule: RecoverySchedule(plainSteps: steps))
        _ = try Engine.withThreadCount(1) { try descent.run(instances) }
        return Date().timeIntervalSince(start)
      }
      return max(0, seconds[1] - seconds[0]) / 50
    }
    for (ensemble, n) in Set(waiting.map { [$0.ensemble, "\($0.dimension)"] }).sorted(by: { $0[0] < $1[0] })
      .map({ ($0[0], Int($0[1])!) })
    {
      let step = try stepSeconds(ensemble, n)
      for task in waiting where task.ensemble == ensemble && task.dimension == n {
        let schedule = configuration.schedule(stages: candidates[0].stages, firstPush: 1)
        total +=
          step
          * Double(PhaseRetrievalDescent(RecoveryMethod(rawValue: task.method)!, schedule: schedule).stepCount)
      }
    }
    let n = configuration.problem.dimensions[0]
    for ensemble in Set(tuning.map(\.ensemble)).sorted() {
      total +=
        try stepSeconds(ensemble, n) * Double(configuration.descent.barrierSteps + configuration.descent.plainSteps)
        * Double(tuning.count { $0.ensemble == ensemble })
    }
    let workers = min(Workers.count, waiting.count + tuning.count)
    return "\(waiting.count) batches of \(configuration.seeds.trials) descents, and \(tuning.count) to choose the "
      + "schedule: at most \(ProgressBar.duration(total / Double(workers))), \(workers) at a time"
  }

  public func run(_ context: RunContext) throws {
    let (n, position) = (configuration.problem.dimensions[0], configuration.tuning.position)
    try context.perform(
      tuningTasks, of: "batches", named: { $0.name($1, $2) },
      run: { candidate, ensemble, seed in
        let schedule = configuration.schedule(stages: candidate.stages, firstPush: candidate.firstPush)
        let values = try measure(
          PhaseRetrievalDescent(.hybrid, schedule: schedule), try batch(ensemble, n, position, seed))
        try context.record("result", task: candidate.name(ensemble, seed), values)
      })
    let results = context.results
    let schedules = Dictionary(
      uniqueKeysWithValues: configuration.problem.ensembles.map { ensemble in
        let best = chosen(results, ensemble)!
        return (ensemble, configuration.schedule(stages: best.stages, firstPush: best.firstPush))
      })
    // Long descents first, so that no worker ends alone.
    let sorted = tasks.sorted { ($0.method == "hybrid" ? 0 : 1, $0.name) < ($1.method == "hybrid" ? 0 : 1, $1.name) }
    try context.perform(
      sorted, of: "batches", named: \.name,
      run: { task in
        let descent = PhaseRetrievalDescent(
          RecoveryMethod(rawValue: task.method)!, schedule: schedules[task.ensemble]!)
        let start = context.elapsed
        var values = try measure(descent, try batch(task.ensemble, task.dimension, task.position, task.seed))
        values["seconds"] = context.elapsed - start
        try context.record("result", task: task.name, values)
      })
  }
}
