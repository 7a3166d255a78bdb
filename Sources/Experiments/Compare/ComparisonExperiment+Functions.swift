import Formulas
import Foundation
import Training

/// How a comparison on functions is run.
extension ComparisonExperiment {
  /// - Throws: `SettingsError` where one that is named cannot be read.
  func functions() throws -> ComparisonFunctions { try ownFunctions ?? ComparisonFunctions(configuration) }

  /// The same with what the functions are, after a look at all starts and at each kind of trial.
  ///
  /// - Throws: `SettingsError` where an arm does not fit one, or a start has no value.
  func preparedFunctions() throws -> ComparisonExperiment {
    let (plan, functions) = (try plan(), try functions())
    var result = configuration
    result.problems = try plan.dataNames.enumerated().map { try functions.problem($0, name: $1) }
    for (index, function) in functions.all.enumerated() {
      if let target = configuration.target, let minimum = function.minimum, plan.measure.tag == ComparedMeasure.value,
        target < minimum
      {
        throw SettingsError(
          "a value of \(target) is never reached: the minimum of \(plan.dataNames[index]) is \(minimum)")
      }
      guard plan.measure.tag == ComparedMeasure.value || function.minimum != nil else {
        throw SettingsError(
          "the minimum of \(plan.dataNames[index]) is not known, so that there is no gap to it: give it, as \"minimum 0\", or name the "
            + "measure value")
      }
      let draws = Set(plan.settings.joined().map(\.draw)).sorted()
      let seeds = tuningSeeds + furtherSeeds + reportedSeeds
      try functions.checkStarts(
        index, draws.flatMap { draw in seeds.map { ($0, FunctionTask.key($0, draw: draw, on: function, plan)) } })
      for arm in plan.arms.indices {
        // What no trial can be is told before the first; numbers alone make none impossible.
        var kinds: Set<String> = []
        for trial in plan.trials(index, arm) {
          guard kinds.insert(plan.setting(trial).description.replacing(/[0-9.]+(?:e-?[0-9]+)?/, with: "#")).inserted
          else {
            continue
          }
          _ = try task(trial, functions).descents([configuration.seeds.tuningFirst])
        }
      }
    }
    return ComparisonExperiment(result, data: nil, functions: functions)
  }

  private func task(_ trial: ComparisonTrial, _ functions: ComparisonFunctions) throws -> FunctionTask {
    let plan = try plan()
    return FunctionTask(
      configuration: configuration, plan: plan, setting: plan.setting(trial), function: functions.all[trial.data])
  }

  /// Events that say after how many updates a descent was at each of `FunctionTask.profileTargets`.
  static let reachedKind = "reached"

  /// Descents on functions, those of one setting together.
  ///
  /// - Throws: `SettingsError` where a function is another than the run began with.
  func bench(_ functions: ComparisonFunctions) throws -> Workbench<ComparisonTrial> {
    for (index, problem) in configuration.problems.enumerated() {
      guard try functions.problem(index, name: problem.name).fingerprint == problem.fingerprint else {
        throw SettingsError("\(problem.name) has changed since the comparison was started; start another")
      }
    }
    let clock = { @Sendable in ProcessInfo.processInfo.systemUptime }
    @Sendable func run(
      _ tasks: [SweepTask<ComparisonTrial>], _ logs: [TaskLog<ComparisonTrial>]
    ) throws -> [TaskOutcome] {
      try task(tasks[0].arm, functions).run(tasks.map(\.seed), clock) { index, step, values in
        if reportedSeeds.contains(tasks[index].seed) { try logs[index].record("look", step: step, values) }
      } reached: { index, updates in
        guard reportedSeeds.contains(tasks[index].seed) else { return }
        try logs[index].record(
          Self.reachedKind, step: updates.last ?? 0, [:], text: updates.map(String.init).joined(separator: " "))
      }
    }
    var bench = Workbench<ComparisonTrial>(
      cost: { try task($0.arm, functions).cost(tuningSeeds, clock) },
      run: { try run([$0], [$1])[0] })
    bench.runTogether = run
    return bench
  }
}
