import Foundation
import Training

/// Does descent on a power of the loss converge faster than SGD and Adam, or than the same with a rate as high?
///
/// Keslaki, "AYLA: amplifying gradient sensitivity via loss transformation in non-convex optimization",
/// arXiv 2504.01875. Each method takes the best of an equal search; each transformed descent stands also beside a plain
/// one at the mean of its effective rate.
public struct LossTransformationExperiment: Experiment {
  public let configuration: LossTransformationConfiguration

  public init(_ configuration: LossTransformationConfiguration) { self.configuration = configuration }

  public static let name = "loss-transformation"
  public static let summary = "descent on powers of the loss against tuned SGD and Adam (AYLA, arXiv 2504.01875)"

  public static let presets: [Preset<LossTransformationConfiguration>] = [
    .init(name: "smoke", summary: "seconds: a double well and a curve", configuration: .smoke),
    .init(
      name: "quick", summary: "minutes: double well, curve, MNIST; fourteen methods, ten seeds", configuration: .quick),
    .init(
      name: "standard", summary: "an hour: the same, longer, and sixteen epochs of CIFAR-10", configuration: .standard),
    .init(
      name: "paper", summary: "days: 50 epochs of MNIST and 100 of CIFAR-10, wider networks", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = {
    var all = [
      "problems": "any of well, curve, mnist, cifar10",
      "examples": "training and test examples that measure the end, at most",
      "landscape.tilt": "slope added to the double well",
      "landscape.offset": "height added, so that no loss is below 0",
      "landscape.noise": "standard deviation of noise added to the double well's gradient",
      "landscape.crossingExponents": "exponents tried without the offset, where the loss crosses zero",
      "search.constants": "constant exponents that are tried",
      "search.pairs": "pairs of exponents, [large losses, small losses], of the piecewise and the smooth form",
      "search.slope": "slope of the smooth exponent", "search.centre": "loss at the middle of the smooth exponent",
      "seeds.count": "descents that are reported", "seeds.first": "the first seed",
      "seeds.tuningCount": "descents of each trial of the search", "seeds.tuningFirst": "the first seed of those",
      "seeds.finalists.count": "trials of either side that are tried again; 1 for none",
      "seeds.finalists.seeds": "tuning seeds of those in all",
      "decision.alpha": "level of each test",
      "decision.placeMargin": "distances to the next minimum that differ by less count as equal",
      "decision.formulaMargin": "logarithms of effective rates this near count as equal",
    ]
    for name in LossTransformationConfiguration.problemNames {
      all["\(name).steps"] = "updates"
      all["\(name).batch"] = name == "well" ? "starts" : "samples in one update"
      all["\(name).width"] = "hidden units, or features of the first convolution; the double well has none"
      all["\(name).examples"] = "training examples of each seed's own; the double well has none"
      all["\(name).level"] =
        "loss whose first passing is timed" + (name == "well" ? ", above the minimum where the descent ends" : "")
      all["\(name).sgdRates"] = "lowest and highest rate of the search with SGD"
      all["\(name).adamRates"] = "the same with Adam"
      all["\(name).rates"] =
        "rates for each exponent; a plain method has as many as all its transformed forms have trials together"
    }
    return all
  }()

  // MARK: Running

  /// The search, then the methods as tuned, then what depends on them.
  ///
  /// - Throws: `SettingsError` where the search's arms differ in their number of trials.
  public func sweep() throws -> Sweep<LossRun> {
    let arms = configuration.problems.flatMap { problem in
      LossCriterion.on(problem).flatMap { criterion in LossArm.all.map { LossRun(problem, $0, .tuned(criterion)) } }
    }
    let controls = configuration.problems.flatMap { problem in
      LossArm.all.filter { !$0.isPlain }.map { LossRun(problem, $0, .control) }
    }
    let crossings =
      configuration.problems.contains("well") ? configuration.landscape.crossingExponents.map(LossRun.crossing) : []
    let judged = [
      Sweep.Stage(arms.tasks(on: reportedSeeds), named: "fresh seeds"),
      .init((controls + crossings).tasks(on: reportedSeeds), named: "controls"),
    ]
    var sweep = Sweep(try searchStages() + judged) { locator, _ in
      let data = try Dictionary(
        uniqueKeysWithValues: configuration.problems.filter { $0 != "well" }.map {
          ($0, try LossProblem.all($0, configuration, locator))
        })
      var bench = Workbench<LossRun>(cost: { try cost($0.arm.problem, data) }) { task, log in
        let run = task.arm
        let (arm, trial) = try settings(of: task, log.findings)
        let descent = LossTask(configuration, run.problem, arm, trial, seed: task.seed)
        let values: [Measure: Double]
        if case .crossing = run.kind {
          values = try descent.descendWell(
            DoubleWell(tilt: configuration.landscape.tilt, offset: 0), configuration.well.steps)
        } else {
          values = try descent.run(data[run.problem]?[task.seed]) { log.elapsed }
        }
        return TaskOutcome(values, step: configuration[run.problem].steps, text: "\(trial)")
      }
      bench.begin = { try measureCost($0, data) }
      return bench
    }
    sweep.costClass = \.problem
    return sweep
  }

  /// With which arm, rate and exponent a task descends.
  private func settings(
    of task: SweepTask<LossRun>, _ findings: Findings<LossRun>
  ) throws -> (arm: LossArm, trial: LossTrial) {
    let run = task.arm
    switch run.kind {
    case .trial(let trial): return (run.arm, trial)
    case .tuned(let criterion): return (run.arm, try chosen(run.problem, run.arm, by: criterion, findings).trial)
    case .control:
      let rate = try findings[LossRun(run.problem, run.arm), task.seed, .meanRate]
      return (LossArm(run.arm.base), LossTrial(rate: rate))
    case .crossing(let exponent):
      let rate = try chosen("well", LossArm(.sgd), findings).trial.rate
      return (run.arm, LossTrial(rate: rate, exponent: .constant(exponent)))
    }
  }

  /// Two short descents are run to be timed and thrown away: what the longer one takes more is that of its steps, for both
  /// compile and measure as often.
  private func cost(_ problem: String, _ data: [String: [Int: LossProblem]]) throws -> TaskCost {
    let all = configuration[problem].steps
    let arm = LossArm(.sgd)
    let (trial, seed) = (LossSearch(configuration, problem, arm).trials[0], tuningSeeds[0])
    func seconds(_ steps: Int) throws -> Double {
      var short = configuration
      switch problem {
      case "well": short.well.steps = steps
      case "curve": short.curve.steps = steps
      case "mnist": short.mnist.steps = steps
      default: short.cifar10.steps = steps
      }
      let began = Date()
      _ = try LossTask(short, problem, arm, trial, seed: seed).run(data[problem]?[seed])
      return Date().timeIntervalSince(began)
    }
    let (few, more) = (min(5, all), min(55, all))
    _ = try seconds(few)  // the first of all is slower
    let whole = try seconds(few)
    guard more > few else { return TaskCost(seconds: whole) }
    let step = max(0, try seconds(more) - whole) / Double(more - few)
    return TaskCost(seconds: whole + step * Double(all - few))
  }

  /// What it costs to know the effective rate: updates with and without the reference chain, in turn.
  private func measureCost(_ context: RunContext, _ data: [String: [Int: LossProblem]]) throws {
    guard !context.earlier.contains(where: { $0.kind == "cost" }), !data.isEmpty else { return }
    let values = try Engine.withThreadCount(1) { try costs(context, data) }
    try context.record("cost", values.byTag)
  }

  private func costs(_ context: RunContext, _ data: [String: [Int: LossProblem]]) throws -> [Measure: Double] {
    var values: [Measure: Double] = [:]
    for (problem, found) in data.sorted(by: { $0.key < $1.key }) {
      let arm = LossArm(.adam, .constant)
      let search = LossSearch(configuration, problem, arm)
      let task = LossTask(configuration, problem, arm, search.trials[0], seed: tuningSeeds[0])
      guard let found = found[tuningSeeds[0]] else { continue }
      let trainers = [try task.trainer(found), try task.trainer(found, isMeasured: false)]
      // The least of several rounds: what else the machine does only adds.
      var seconds = [Double.infinity, .infinity]
      for _ in 0..<10 {
        for (index, trainer) in trainers.enumerated() {
          let start = context.elapsed
          for _ in 0..<5 { _ = try trainer.advance() }
          seconds[index] = min(seconds[index], (context.elapsed - start) / 5)
        }
      }
      (values[.watchedSeconds(problem)], values[.bareSeconds(problem)]) = (seconds[0], seconds[1])
    }
    return values
  }
}
