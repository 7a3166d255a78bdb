import Foundation
import MultiObjective
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
      name: "quick", summary: "minutes: quadratic, logistic and a part of River Flow; eleven methods",
      configuration: .quick),
    .init(
      name: "standard", summary: "hours: slower features, all of River Flow, MultiMNIST of 5,000 pictures",
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
      "decision.stepRatio": "least T(ε)/√n at which √n/ε is taken to outweigh n",
      "growth.quadratic": "rate at which growth in n is asked for, the same at every size; 0 for each one's best",
      "growth.logistic": "the same of the logistic problem, where the theorem wants it to be at most 1 / (2 L)",
      "moco": "pairs [β, γ] of MoCo's coefficients, of which its best are chosen",
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

  /// A descent that has not failed is what most claims are about.
  public static let madeUpMeasures: [Measure: Double] = [.failed: 0]

  // MARK: Running

  /// A search of every method's rate, each on as many rates.
  ///
  /// - Parameter score: of a run on a tuning seed, the lower the better.
  func grid(
    _ arena: MultiObjectiveArena,
    score: @escaping @Sendable (Findings<MultiObjectiveRun>, MultiObjectiveRun, Int) throws -> Double
  ) throws -> Grid<MultiObjectiveRun> {
    let sides = configuration.arms(arena).map { arm in
      (
        name: "\(arm)",
        candidates: configuration.rates(arena.problem).map { MultiObjectiveRun(arena, arm, rate: $0) }
      )
    }
    return try Grid(seeds: tuningSeeds, sides, score: score)
  }

  public func sweep() throws -> Sweep<MultiObjectiveRun> {
    // The large ones first, so that no worker ends alone.
    let arenas = configuration.arenas.sorted { ($0.samples, $1.problem) > ($1.samples, $0.problem) }
    let search = try arenas.flatMap { try grid($0) { _, _, _ in 0 }.tasks }
    let forecast = arenas.flatMap { arena in
      configuration.arms(arena).map {
        MultiObjectiveRun(arena, $0, rate: configuration.rates(arena.problem)[0])
      }
    }
    let first = reportedSeeds
    var sweep = Sweep([
      .init(search),
      .init(forecast: forecast.tasks(on: first)) { findings in
        let choice = MultiObjectiveChoice(self, findings)
        return try arenas.flatMap { arena in
          try configuration.arms(arena).flatMap { arm in
            do {
              return try choice.reportedRates(arena, arm).map { MultiObjectiveRun(arena, arm, rate: $0) }
            } catch FindingsError.unfinished {
              // Where the search has not ended, or cannot be made for want of data.
              return [MultiObjectiveRun(arena, arm, rate: configuration.rates(arena.problem)[0])]
            }
          }
        }.tasks(on: first)
      },
    ]) { locator, _ in
      let data = try MultiObjectiveData(configuration, locator)
      var bench = Workbench<MultiObjectiveRun>(cost: { try cost($0.arm.arena, data) }) { task, log in
        let start = log.elapsed
        let problem = try data.problem(task.arm.arena, seed: task.seed)
        var values = try MultiObjectiveTask(
          configuration: configuration, run: task.arm, seed: task.seed, keepsCurve: first.contains(task.seed)
        ).measured(problem)
        data.giveBack(problem, task.arm.arena)
        values[.seconds] = log.elapsed - start
        return TaskOutcome(values, step: Int(values[.stepsMade] ?? 0))
      }
      bench.absences = data.absent.sorted { $0.key < $1.key }.map { name, reason in
        .init(name, reason) { $0.arena.problem == name }
      }
      bench.begin = { context in if let name = data.riverName { try context.record("data", text: name) } }
      return bench
    }
    sweep.costClass = { "\($0.arena)" }
    return sweep
  }

  /// From a few steps of STIMULUS, which are thrown away: at most all samples, or all steps.
  private func cost(_ arena: MultiObjectiveArena, _ data: MultiObjectiveData) throws -> TaskCost {
    let problem = try data.problem(arena, seed: tuningSeeds[0])
    let descent = MultiObjectiveDescent(
      problem.objectives, method: .stimulus, rate: configuration.rates(arena.problem)[0], start: problem.start,
      key: RandomKey(seed: 0))
    for _ in 0..<3 { try descent.advance() }
    let (began, before) = (Date(), descent.samples)
    for _ in 0..<10 { try descent.advance() }
    let (p, seconds) = (configuration[arena.problem], Date().timeIntervalSince(began))
    data.giveBack(problem, arena)
    return TaskCost(
      seconds: min(
        seconds / Double(descent.samples - before) * p.epochs * Double(arena.samples),
        seconds / 10 * Double(p.steps)))
  }
}
