import Foundation
import MultiObjective
import Reports
import RunLogs
import Training

/// Does variance reduction find Pareto-stationary points with fewer samples, at the published rates?
///
/// Liu, Dong, Momma, Shao, Xu, Gao, Yang, Liu, "STIMULUS: achieving fast convergence and low sample complexity in
/// stochastic multi-objective learning", UAI 2025, arXiv 2506.19883. Every method takes the best of one grid of rates;
/// stationarity is the true one, of all samples' gradients.
public struct MultiObjectiveExperiment: Experiment {
  public let configuration: MultiObjectiveConfiguration

  public init(_ configuration: MultiObjectiveConfiguration) { self.configuration = configuration }

  public static let name = "multi-objective"
  public static let summary = "samples until several objectives are stationary (STIMULUS, arXiv 2506.19883)"

  public static let presets: [Preset<MultiObjectiveConfiguration>] = [
    .init(name: "smoke", summary: "seconds: two small synthetic problems", configuration: .smoke),
    .init(
      name: "quick", summary: "minutes: quadratic, logistic, River Flow and MultiMNIST subsets; eleven methods",
      configuration: .standard),
    .init(
      name: "paper", summary: "days: all of River Flow and of MultiMNIST, 20 seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = {
    var all = [
      "problems": "any of quadratic, logistic, river-flow-1, multi-mnist",
      "methods": "any of " + MultiObjectiveMethod.allCases.map(\.rawValue).joined(separator: ", "),
      "synthetic.dimension": "parameters of the quadratic and the logistic problem",
      "synthetic.objectives": "their objectives", "synthetic.condition": "L/μ of the quadratic",
      "synthetic.decay": "features of the logistic problem have the variances k^-decay",
      "synthetic.regularization": "strength of the term that is not convex",
      "synthetic.batch": "batch on synthetic problems of methods without recursive gradients, whatever n",
      "networks.width": "hidden units of the network for River Flow", "networks.test": "test pictures of MultiMNIST",
      "networks.pictureMethods": "those of the methods that descend MultiMNIST",
      "momentum.coefficient": "α of STIMULUS-M and STIMULUS-M+",
      "momentum.others": "further α of STIMULUS-M, for the ablation",
      "momentum.problems": "problems with the ablation, at their largest size",
      "seeds.count": "descents that are reported", "seeds.first": "the first seed",
      "seeds.tuningCount": "descents at each rate of the grid that only choose it",
      "seeds.tuningFirst": "the first seed of those", "decision.alpha": "level of each test",
      "decision.exponentMargin": "exponents this near count as equal",
    ]
    for name in ["quadratic", "logistic", "riverFlow", "multiMNIST"] {
      all["\(name).samples"] = "sizes n of the training set; methods are compared at the largest"
      all["\(name).epochs"] = "samples that a descent may look at, in units of n"
      all["\(name).steps"] = "steps that a descent may make"
      all["\(name).rates"] = "lowest and highest rate of the grid"
      all["\(name).rateCount"] = "rates of the grid"
      all["\(name).levels"] = "true stationarities whose first passing is counted in samples"
    }
    return all
  }()

  // MARK: Tasks

  package static func taskName(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, rate: Double, seed: Int
  ) -> String {
    "\(arena)/\(arm)/rate \(String(format: "%.4g", rate))/seed \(seed)"
  }

  private func task(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ rate: Double, _ seed: Int, keepsCurve: Bool
  ) -> MultiObjectiveTask {
    MultiObjectiveTask(
      configuration: configuration, arena: arena, arm: arm, rate: rate, seed: seed,
      name: Self.taskName(arena, arm, rate: rate, seed: seed), keepsCurve: keepsCurve)
  }

  /// Descents that choose rates.
  package func tuningTasks(_ arenas: [MultiObjectiveArena]) -> [MultiObjectiveTask] {
    arenas.flatMap { arena in
      configuration.arms(arena).flatMap { arm in
        configuration.rates(arena.problem).flatMap { rate in
          tuningSeeds.map { task(arena, arm, rate, $0, keepsCurve: false) }
        }
      }
    }
  }

  /// Descents that are reported, at the rates that the tuning chose.
  package func reportedTasks(_ arenas: [MultiObjectiveArena], _ choice: MultiObjectiveChoice) -> [MultiObjectiveTask] {
    arenas.flatMap { arena in
      configuration.arms(arena).flatMap { arm in
        choice.reportedRates(arena, arm).flatMap { rate in
          reportedSeeds.map { task(arena, arm, rate, $0, keepsCurve: true) }
        }
      }
    }
  }

  // MARK: Running

  private func arenas(_ data: MultiObjectiveData) -> [MultiObjectiveArena] {
    configuration.arenas.filter { data.absent[$0.problem] == nil }
  }

  public func estimate(_ context: RunContext) throws -> String {
    let data = try MultiObjectiveData(configuration, context.data)
    let arenas = arenas(data)
    let leftOut = data.absent.sorted { $0.key < $1.key }.map { "; \($0.key) is left out: \($0.value)" }.joined()
    let results = context.results
    var (seconds, count) = (0.0, 0)
    for arena in arenas {
      let tuning = tuningTasks([arena]).filter { !context.hasResult($0.name) }.count
      let arms = configuration.arms(arena).count
      let done = results.count { $0.key.hasPrefix("\(arena)/") && $0.value["curve/0/samples"] != nil }
      let waiting = tuning + max(0, arms * reportedSeeds.count - done)
      guard waiting > 0 else { continue }
      count += waiting
      let problem = try data.problem(arena, seed: tuningSeeds[0])
      let descent = MultiObjectiveDescent(
        problem.objectives, method: .stimulus, rate: configuration.rates(arena.problem)[0], start: problem.start,
        key: RandomKey(seed: 0))
      for _ in 0..<3 { try descent.advance() }
      let (began, before) = (Date(), descent.samples)
      for _ in 0..<10 { try descent.advance() }
      let p = configuration[arena.problem]
      let perSample = Date().timeIntervalSince(began) / Double(descent.samples - before)
      let perStep = Date().timeIntervalSince(began) / 10
      seconds +=
        Double(waiting) * min(perSample * p.epochs * Double(arena.samples), perStep * Double(p.steps))
      data.giveBack(problem, arena)
    }
    guard count > 0 else { return "all descents are done; drawing the report" + leftOut }
    return "at least \(count) descents: at most about "
      + "\(ProgressBar.duration(seconds / Double(Workers.count))), \(Workers.count) at a time" + leftOut
  }

  public func run(_ context: RunContext) throws {
    let data = try MultiObjectiveData(configuration, context.data)
    let arenas = arenas(data)
    guard !arenas.isEmpty else {
      throw SettingsError("nothing can be run: " + data.absent.values.sorted().joined(separator: "; "))
    }
    for (problem, reason) in data.absent.sorted(by: { $0.key < $1.key }) {
      try context.record("absent", text: "\(problem): \(reason)")
    }
    if let name = data.riverName { try context.record("data", text: name) }
    func perform(_ tasks: [MultiObjectiveTask]) throws {
      // The large ones first, so that no worker ends alone.
      let sorted = tasks.sorted { ($0.arena.samples, $1.name) > ($1.arena.samples, $0.name) }
      try context.perform(
        sorted, named: \.name,
        run: { task in
          let start = context.elapsed
          let problem = try data.problem(task.arena, seed: task.seed)
          var values = try task.run(problem)
          data.giveBack(problem, task.arena)
          values["seconds"] = context.elapsed - start
          try context.record("result", task: task.name, step: Int(values["steps"]!), values)
        })
    }
    try perform(tuningTasks(arenas))
    try perform(reportedTasks(arenas, MultiObjectiveChoice(self, context.results)))
  }
}
