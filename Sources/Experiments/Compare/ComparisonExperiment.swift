import Foundation
import Training

/// Which of several ways to descend is better on one's own data: each is tuned alike on tuning seeds, the best setting of
/// each is run on fresh seeds in pairs, and tests decide.
///
/// It is an experiment like the published ones; `MethodComparison` makes one of data and arms.
public struct ComparisonExperiment: Experiment {
  public static let name = "compare"
  public static let summary = "arms of one's own on one's own data, tuned alike"
  /// It has none: see `descent compare`.
  public static let presets: [Preset<ComparisonConfiguration>] = []
  public static let settingDescriptions: [String: String] = [:]
  public static let madeUpMeasures: [Measure: Double] = [.comparedDivergence: 0]

  public let configuration: ComparisonConfiguration
  private let planned: Result<ComparisonPlan, any Error>
  /// Nil for data that the configuration names, which are read when they are needed.
  private let own: ComparisonData?
  /// Nil for functions that the configuration names.
  let ownFunctions: ComparisonFunctions?

  public init(_ configuration: ComparisonConfiguration) { self.init(configuration, data: nil) }

  init(_ configuration: ComparisonConfiguration, data: ComparisonData?, functions: ComparisonFunctions? = nil) {
    self.configuration = configuration
    (own, ownFunctions) = (data, functions)
    planned = Result { try ComparisonPlan(configuration) }
  }

  package func plan() throws -> ComparisonPlan { try planned.get() }

  /// What a data set is.
  ///
  /// - Throws: `SettingsError` before the comparison has seen it.
  func problem(_ data: Int) throws -> ComparedProblem {
    guard configuration.problems.indices.contains(data) else {
      throw SettingsError("the comparison has not seen its data")
    }
    return configuration.problems[data]
  }

  public func check() throws {
    try configuration.check()
    let plan = try plan()
    guard configuration.problems.map(\.name) == plan.dataNames else {
      throw SettingsError("the comparison has not seen its data")
    }
    for problem in configuration.problems { try plan.measure.check(problem) }
  }

  /// The same with what the data are, after one look at each arm on each of them.
  ///
  /// - Throws: `SettingsError` or `DatasetError` where data are not here, or an arm does not fit them.
  func prepared(_ locator: DataLocator) throws -> ComparisonExperiment {
    try configuration.check()
    if configuration.functions != nil { return try preparedFunctions() }
    let (plan, data) = (try plan(), try own ?? ComparisonData(configuration, locator))
    var result = configuration
    let seed = configuration.seeds.tuningFirst
    result.problems = try plan.dataNames.enumerated().map { try data.problem($0, name: $1, seed: seed) }
    for (index, problem) in result.problems.enumerated() {
      try plan.measure.check(problem)
      var losses: Set<String> = []
      for arm in plan.arms.indices {
        let entry = try data.entry(index, seed: seed)
        for trial in plan.trials(index, arm) {
          let setting = plan.setting(trial)
          losses.insert(try setting.lossFunction(entry.problem).name)
          // What no trial can be is told before the first, not amid the search.
          _ = try setting.network(entry.problem)
        }
        let first = try task(plan.trials(index, arm)[0], seed: seed, entry)
        _ = try first.watches(on: try first.trainer(), { 0 })
      }
      guard plan.measure.tag != ComparedMeasure.descended || losses.count == 1 else {
        throw SettingsError(
          "\(plan.arms.count > 1 ? "the arms descend" : "the arm descends") different losses (\(losses.sorted().joined(separator: ", "))), and "
            + "\(plan.measure) is that of each: give one loss, without a range in it, or name another measure")
      }
      guard plan.watch == nil || losses.count == 1 else {
        throw SettingsError(
          "the arms descend different losses (\(losses.sorted().joined(separator: ", "))), and diagnostics are of the loss that is "
            + "descended: leave out the diagnostics, or give all arms one loss")
      }
    }
    return ComparisonExperiment(result, data: data)
  }

  // MARK: Running

  private func task(_ trial: ComparisonTrial, seed: Int, _ entry: ComparisonData.Entry) throws -> ComparisonTask {
    let plan = try plan()
    return ComparisonTask(
      configuration: configuration, plan: plan, setting: plan.setting(trial), seed: seed,
      testPart: plan.testPart(of: trial.data), isReported: reportedSeeds.contains(seed), entry: entry)
  }

  public func sweep() throws -> Sweep<ComparisonTrial> {
    let plan = try plan()
    // Data set by data set and seed by seed: a split is made once, and a run that is cut off has whole pairs.
    @Sendable func ordered(_ tasks: [SweepTask<ComparisonTrial>]) -> [SweepTask<ComparisonTrial>] {
      tasks.sorted {
        ($0.arm.data, $0.seed, $0.arm.arm, $0.arm.trial) < ($1.arm.data, $1.seed, $1.arm.arm, $1.arm.trial)
      }
    }
    let sides = plan.dataNames.indices.flatMap { data in plan.arms.indices.map { (data: data, arm: $0) } }
    let search = ordered(try grids(plan).flatMap(\.tasks))
    let forecast = ordered(sides.map { plan.trials($0.data, $0.arm)[0] }.tasks(on: reportedSeeds))
    let (seeds, further) = (reportedSeeds, furtherSeeds)
    var stages = [Sweep<ComparisonTrial>.Stage(search, named: "search")]
    if !further.isEmpty, let count = configuration.finalists?.count {
      let likely = sides.flatMap { plan.trials($0.data, $0.arm).prefix(count) }
      stages.append(
        .init(forecast: ordered(likely.tasks(on: further)), named: "finalists") { findings in
          ordered(try sides.flatMap { try finalists($0.data, $0.arm, findings) }.tasks(on: further))
        })
    }
    stages.append(
      .init(forecast: forecast, named: "fresh seeds") { findings in
        ordered(try sides.compactMap { try chosen($0.data, $0.arm, findings) }.tasks(on: seeds))
      })
    var sweep = Sweep(stages) { locator, _ in
      if configuration.functions != nil { return try bench(try functions()) }
      let data = try own ?? ComparisonData(configuration, locator)
      try checkData(data)
      let clock = { @Sendable in ProcessInfo.processInfo.systemUptime }
      return Workbench(
        cost: { try task($0.arm, seed: $0.seed, try data.entry($0.arm.data, seed: $0.seed)).cost(clock) },
        run: { try task($0.arm, seed: $0.seed, try data.entry($0.arm.data, seed: $0.seed)).run($1, clock) })
    }
    sweep.costClass = { "\($0.data)/\($0.arm)" }
    return sweep
  }

  /// - Throws: `SettingsError` where the data are others than those that the run began with.
  func checkData(_ data: ComparisonData) throws {
    for (index, problem) in configuration.problems.enumerated() {
      let now = try data.problem(index, name: problem.name, seed: configuration.seeds.tuningFirst)
      guard now.fingerprint == problem.fingerprint else {
        throw SettingsError("\(problem.name) has changed since the comparison was started; start another")
      }
    }
  }
}
