import Foundation
import Reports
import RunLogs
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
      name: "quick", summary: "minutes: double well, curve, MNIST, CIFAR-10; eleven methods, ten seeds",
      configuration: .standard),
    .init(name: "paper", summary: "hours: ten epochs of MNIST and twenty of CIFAR-10, 20 seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = {
    var all = [
      "problems": "any of well, curve, mnist, cifar10", "examples": "training and test examples that measure the end",
      "landscape.tilt": "slope added to the double well",
      "landscape.offset": "height added, so that no loss is below 0",
      "landscape.noise": "standard deviation of noise added to the double well's gradient",
      "landscape.crossingExponents": "exponents tried without the offset, where the loss crosses zero",
      "search.coarse":
        "trials over the range of rates; a plain method has as many as all its transformed forms together",
      "search.fine": "further trials around the best of them, likewise",
      "search.constants": "constant exponents that are tried",
      "search.pairs": "pairs of exponents, [large losses, small losses], of the piecewise and the smooth form",
      "search.slope": "slope of the smooth exponent", "search.centre": "loss at the middle of the smooth exponent",
      "seeds.count": "descents that are reported", "seeds.first": "the first seed",
      "seeds.tuningCount": "descents of each trial of the search", "seeds.tuningFirst": "the first seed of those",
      "decision.alpha": "level of each test",
      "decision.placeMargin": "distances to the next minimum that differ by less count as equal",
      "decision.formulaMargin": "logarithms of effective rates this near count as equal",
    ]
    for name in LossTransformationConfiguration.problemNames {
      all["\(name).steps"] = "updates"
      all["\(name).batch"] = name == "well" ? "starts" : "samples in one update"
      all["\(name).width"] = "hidden units, or features of the first convolution; the double well has none"
      all["\(name).level"] = "loss whose first passing is timed" + (name == "well" ? ", above the lowest" : "")
      all["\(name).sgdRates"] = "lowest and highest rate of the search with SGD"
      all["\(name).adamRates"] = "the same with Adam"
    }
    return all
  }()

  // MARK: Tasks

  static func trialName(_ problem: String, _ arm: LossArm, _ trial: LossTrial, seed: Int) -> String {
    "tune/\(problem)/\(arm)/\(trial)/seed \(seed)"
  }
  package static func taskName(
    _ problem: String, _ arm: LossArm, seed: Int, isControl: Bool = false
  ) -> String {
    "\(problem)/\(arm)\(isControl ? " control" : "")/seed \(seed)"
  }
  static func crossingName(_ exponent: Double, seed: Int) -> String { "crossing/n \(exponent)/seed \(seed)" }

  /// The trial that ends lowest on the tuning seeds, of those that all have a result; the first of equals.
  static func best(
    of trials: [LossTrial], _ problem: String, _ arm: LossArm, seeds: [Int], _ results: [String: [String: Double]]
  ) -> (trial: LossTrial, loss: Double)? {
    var found: (trial: LossTrial, loss: Double)?
    for trial in trials {
      let losses = seeds.compactMap { results[trialName(problem, arm, trial, seed: $0)]?["loss"] }
      guard losses.count == seeds.count else { continue }
      let mean = losses.reduce(0, +) / Double(losses.count)
      if mean < found?.loss ?? .infinity { found = (trial, mean) }
    }
    return found
  }

  /// What the search chose, nil while it has not ended.
  package func chosen(
    _ problem: String, _ arm: LossArm, _ results: [String: [String: Double]]
  ) -> (trial: LossTrial, loss: Double)? {
    let search = LossSearch(configuration, problem, arm)
    guard let best = Self.best(of: search.coarse, problem, arm, seeds: tuningSeeds, results) else { return nil }
    return Self.best(
      of: search.coarse + search.fine(around: best.trial), problem, arm, seeds: tuningSeeds, results)
  }

  /// The tasks of a stage; those of later stages follow from the results of earlier ones.
  package func tasks(stage: Int, _ results: [String: [String: Double]]) -> [LossTask] {
    let arms = configuration.problems.flatMap { problem in LossArm.all.map { (problem, $0) } }
    func task(_ problem: String, _ arm: LossArm, _ trial: LossTrial, _ seed: Int, _ name: String) -> LossTask {
      LossTask(configuration, problem, arm, trial, seed: seed, name: name)
    }
    func trials(_ problem: String, _ arm: LossArm, _ trials: [LossTrial]) -> [LossTask] {
      trials.flatMap { trial in
        tuningSeeds.map { task(problem, arm, trial, $0, Self.trialName(problem, arm, trial, seed: $0)) }
      }
    }
    switch stage {
    case 0: return arms.flatMap { trials($0, $1, LossSearch(configuration, $0, $1).coarse) }
    case 1:
      return arms.flatMap { problem, arm in
        let search = LossSearch(configuration, problem, arm)
        let best = Self.best(of: search.coarse, problem, arm, seeds: tuningSeeds, results)
        return trials(problem, arm, search.fine(around: best!.trial))
      }
    case 2:
      return arms.flatMap { problem, arm in
        reportedSeeds.map {
          task(problem, arm, chosen(problem, arm, results)!.trial, $0, Self.taskName(problem, arm, seed: $0))
        }
      }
    default:
      // Plain descents at the mean effective rate of the transformed descent of the same seed.
      return arms.filter { !$0.1.isPlain }.flatMap { problem, arm in
        reportedSeeds.map { seed in
          let rate = results[Self.taskName(problem, arm, seed: seed)]!["meanRate"]!
          return task(
            problem, LossArm(arm.base), LossTrial(rate: rate), seed,
            Self.taskName(problem, arm, seed: seed, isControl: true))
        }
      }
    }
  }

  private var totals: [Int] {
    let (problems, s) = (configuration.problems.count, configuration.seeds)
    let (arms, controls) = (problems * LossArm.all.count, problems * LossArm.all.filter { !$0.isPlain }.count)
    // Whatever the problem, an arm has the same number of trials.
    let searches = LossArm.all.map { LossSearch(configuration, configuration.problems[0], $0) }
    func trials(_ count: (LossSearch) -> Int) -> Int {
      problems * searches.reduce(0) { $0 + count($1) } * s.tuningCount
    }
    return [trials(\.coarseCount), trials(\.fineCount), arms * s.count, controls * s.count]
  }

  public func estimate(_ context: RunContext) throws -> String {
    let total = totals.reduce(0, +)
    let done = context.results.keys.count { !$0.hasPrefix("crossing/") }
    guard done < total else { return "all descents are done; drawing the report" }
    var seconds = 0.0
    for problem in configuration.problems {
      let data = problem == "well" ? nil : try LossProblem(problem, configuration, context.data)
      // One descent is run to be timed and thrown away; twenty steps stand for a longer one.
      var short = configuration
      let steps = min(20, configuration[problem].steps)
      switch problem {
      case "well": short.well.steps = steps
      case "curve": short.curve.steps = steps
      case "mnist": short.mnist.steps = steps
      default: short.cifar10.steps = steps
      }
      let arm = LossArm(.sgd)
      let trial = LossSearch(configuration, problem, arm).coarse[0]
      let began = Date()
      _ = try Engine.withThreadCount(1) { try LossTask(short, problem, arm, trial, seed: 0, name: "").run(data) }
      seconds += Date().timeIntervalSince(began) * Double(configuration[problem].steps) / Double(steps)
    }
    let mean = seconds / Double(configuration.problems.count)
    return "\(total - done) descents of \(configuration.problems.joined(separator: ", ")): at most about "
      + "\(ProgressBar.duration(mean * Double(total - done) / Double(Workers.count))), \(Workers.count) at a time"
  }

  public func run(_ context: RunContext) throws {
    let data = try Dictionary(
      uniqueKeysWithValues: configuration.problems.filter { $0 != "well" }.map {
        ($0, try LossProblem($0, configuration, context.data))
      })
    for stage in 0..<4 {
      try context.perform(
        tasks(stage: stage, context.results), named: \.name,
        run: { task in
          let values = try task.run(data[task.problem]) { context.elapsed }
          try context.record(
            "result", task: task.name, step: configuration[task.problem].steps, values, text: "\(task.trial)")
        })
    }
    if configuration.problems.contains("well") { try cross(context) }
    try measureCost(context, data)
  }

  /// What it costs to know the effective rate: updates with and without the reference chain, in turn.
  private func measureCost(_ context: RunContext, _ data: [String: LossProblem]) throws {
    guard !context.earlier.contains(where: { $0.kind == "cost" }), !data.isEmpty else { return }
    let values = try Engine.withThreadCount(1) { try costs(context, data) }
    try context.record("cost", values)
  }

  private func costs(_ context: RunContext, _ data: [String: LossProblem]) throws -> [String: Double] {
    var values: [String: Double] = [:]
    for (problem, found) in data.sorted(by: { $0.key < $1.key }) {
      let arm = LossArm(.adam, .constant)
      let search = LossSearch(configuration, problem, arm)
      let task = LossTask(configuration, problem, arm, search.coarse[0], seed: tuningSeeds[0], name: "")
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
      (values["seconds/\(problem)/watched"], values["seconds/\(problem)/bare"]) = (seconds[0], seconds[1])
    }
    return values
  }

  /// The well without its offset, where the loss crosses zero: SGD at its tuned rate under constant exponents.
  private func cross(_ context: RunContext) throws {
    let rate = chosen("well", LossArm(.sgd), context.results)!.trial.rate
    let well = DoubleWell(tilt: configuration.landscape.tilt, offset: 0)
    let all = configuration.landscape.crossingExponents.flatMap { n in reportedSeeds.map { (n, $0) } }
    try context.perform(
      all, named: { Self.crossingName($0, seed: $1) },
      run: { exponent, seed in
        let trial = LossTrial(rate: rate, exponent: .constant(exponent))
        let name = Self.crossingName(exponent, seed: seed)
        let values = try LossTask(configuration, "well", LossArm(.sgd, .constant), trial, seed: seed, name: name)
          .descendWell(well, configuration.well.steps)
        try context.record("result", task: name, step: configuration.well.steps, values, text: "\(trial)")
      })
  }
}
