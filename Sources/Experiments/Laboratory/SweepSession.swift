import Foundation
import RunLogs
import Training

/// One session of a sweep: what is left to do, its guess at the time, and the doing.
struct SweepSession<Arm: SweepArm> {
  private let sweep: Sweep<Arm>
  private let context: RunContext
  /// Nil where nothing waits.
  private let bench: Workbench<Arm>?
  private let seeds: [Int]
  /// Guesses at the seconds of a task by its class of costs; empty before an estimate.
  private var costs: [String: Double] = [:]

  /// Opens the data that are needed.
  ///
  /// - Throws: what opening throws; an error where two tasks have one name.
  init(_ sweep: Sweep<Arm>, _ context: RunContext, seeds: [Int]) throws {
    (self.sweep, self.context, self.seeds) = (sweep, context, seeds)
    let findings = Findings<Arm>(context.results, seeds: seeds)
    let names = try sweep.tasks(findings).map(\.name)
    guard Set(names).count == names.count else {
      let twice = Dictionary(grouping: names) { $0 }.values.first { $0.count > 1 }!
      throw SettingsError("two tasks have the name \(twice[0])")
    }
    let waiting = try sweep.unfinished(findings)
    bench = waiting.isEmpty ? nil : try sweep.open(context.data, waiting)
    if let bench, try !sweep.tasks(findings).contains(where: { isPresent($0, bench) }) {
      throw SettingsError("nothing can be run: " + bench.absences.map(\.reason).joined(separator: "; "))
    }
  }

  private var findings: Findings<Arm> { Findings(context.results, seeds: seeds) }

  /// The tasks of a stage that this place does.
  private func own(_ tasks: [SweepTask<Arm>]) -> [SweepTask<Arm>] {
    guard let share = context.workplace.share else { return tasks }
    return tasks.enumerated().filter { share.holds($0.offset) }.map(\.element)
  }

  /// What is left to do here: of all stages, or of the first that has not ended where other places do their share of it.
  private func waiting(_ bench: Workbench<Arm>) throws -> [SweepTask<Arm>] {
    let found = findings
    func isWaiting(_ task: SweepTask<Arm>) -> Bool { isPresent(task, bench) && !found.isFinished(task) }
    guard context.workplace.share != nil else { return try sweep.unfinished(found).filter(isWaiting) }
    for stage in sweep.stages {
      let tasks = try stage.tasks(found)
      if tasks.contains(where: isWaiting) { return own(tasks).filter(isWaiting) }
    }
    return []
  }

  private func isPresent(_ task: SweepTask<Arm>, _ bench: Workbench<Arm>) -> Bool {
    !bench.absences.contains { $0.concerns(task.arm) }
  }

  /// As "26 descents: about 4.0 min, 2 at a time, 200 MB".
  mutating func estimate() throws -> String {
    guard let bench else { return "all \(sweep.unit) are done; drawing the report" }
    let waiting = try waiting(bench)
    let leftOut = bench.absences.map { "; \($0.name) is left out: \($0.reason)" }.joined()
    let workers = min(context.workplace.places, waiting.count)
    var (seconds, bytes) = (0.0, 0)
    let kinds = Dictionary(grouping: waiting) { sweep.costClass($0.arm) }.sorted { $0.key < $1.key }
    // Of many kinds the pieces alone take a while.
    let (bar, start) = (context.makeProgress(total: kinds.count), context.elapsed)
    defer { bar?.finish() }
    for (index, (kind, tasks)) in kinds.enumerated() {
      if context.elapsed - start > 2 { bar?.show(index, of: "timing", "a short piece of each kind of \(sweep.unit)") }
      let cost = try Engine.withThreadCount(1) { try bench.cost(tasks[0]) }
      costs[kind] = cost.seconds
      seconds += cost.seconds * Double(tasks.count)
      bytes = max(bytes, cost.bytes)
    }
    guard !waiting.isEmpty else {
      let whose = context.workplace.share.map { "of share \($0)" } ?? "that can be run"
      return "all \(sweep.unit) \(whose) are done; drawing the report" + leftOut
    }
    let count = waiting.count * sweep.parts
    return "\(count) \(sweep.unit)" + (sweep.parts > 1 ? " in \(waiting.count) tasks" : "")
      + ": about \(ProgressBar.duration(seconds / Double(workers))), \(workers) at a time"
      + (bytes > 0 ? ", \((bytes * workers + 1_048_575) / 1_048_576) MB of working memory and the data" : "") + leftOut
  }

  /// Runs all that has no result, stage after stage; a share of the first stage that has not ended.
  ///
  /// - Returns: whether all is done that can be.
  func run() throws -> Bool {
    guard let bench else { return true }
    for absence in bench.absences {
      try context.record(Workbench<Arm>.absenceKind, text: "\(absence.name): \(absence.reason)")
    }
    try bench.begin(context)
    for (index, stage) in sweep.stages.enumerated() {
      let all = try stage.tasks(findings)
      let tasks = own(all).filter { isPresent($0, bench) }
      // Read once: a look for each task would read all results each time.
      let found = findings
      let waiting = tasks.filter { !found.isFinished($0) }
      guard !waiting.isEmpty else {
        // The next stage depends on what other places have of this one.
        if all.contains(where: { isPresent($0, bench) && !found.isFinished($0) }) { return false }
        continue
      }
      let parts = sweep.parts
      let guesses = waiting.map { costs[sweep.costClass($0.arm)] }
      let bar = SharedProgress(
        context.makeProgress(
          total: tasks.count * parts, part: index + 1 < sweep.stages.count ? " in this part" : ""),
        done: (tasks.count - waiting.count) * parts,
        seconds: guesses.allSatisfy { $0 ?? 0 > 0 } ? guesses.compactMap(\.self).reduce(0, +) : nil,
        now: { context.elapsed })
      let unit = sweep.unit(of: index)
      let progresses = zip(waiting, guesses).map { task, seconds in
        TaskProgress(bar, task.name, unit: unit, parts: parts, seconds: seconds ?? 0)
      }
      try context.workplace.run(
        groups(of: waiting, bench).map { group in
          let (tasks, progress) = (group.map { waiting[$0] }, group.map { progresses[$0] })
          return PlacedTask(name: tasks[0].name, isJoint: sweep.isJoint(tasks[0].arm)) {
            do { try perform(tasks, progress) } catch let error as TrainingError {
              throw TrainingError("\(tasks[0].name): \(error)")
            }
          } wasDone: {
            for one in progress { one.end() }
          }
        }, context)
      bar.finish()
      let ended = findings
      if all.contains(where: { isPresent($0, bench) && !ended.isFinished($0) }) { return false }
    }
    return true
  }

  /// Which tasks are done at once, in the order of the first of each: those of one arm where the bench steps them together, in pieces of
  /// which every place has some.
  private func groups(of tasks: [SweepTask<Arm>], _ bench: Workbench<Arm>) -> [[Int]] {
    // Ranks know tasks by their names, one by one.
    guard bench.runTogether != nil, context.workplace.together == nil else { return tasks.indices.map { [$0] } }
    let most = max(1, tasks.count / (2 * context.workplace.places))
    return Dictionary(grouping: tasks.indices) { tasks[$0].arm }.values.flatMap { own in
      let pieces = (own.count + most - 1) / most
      return (0..<pieces).map { Array(own[own.count * $0 / pieces..<own.count * ($0 + 1) / pieces]) }
    }.sorted { $0[0] < $1[0] }
  }

  /// Does tasks here: one, or several that step together.
  private func perform(_ tasks: [SweepTask<Arm>], _ progress: [TaskProgress]) throws {
    guard let bench else { return }
    for one in progress { one.begin() }
    let findings = findings
    let logs = zip(tasks, progress).map { TaskLog($0, context, findings, $1) }
    guard tasks.count > 1, let runTogether = bench.runTogether else {
      for (task, log) in zip(tasks, logs) { try log.end(try bench.run(task, log)) }
      return
    }
    for (log, outcome) in zip(logs, try runTogether(tasks, logs)) { try log.end(outcome) }
  }

  // MARK: For another rank

  /// All tasks that are known so far, by their names.
  func tasksByName() throws -> [String: SweepTask<Arm>] {
    Dictionary(uniqueKeysWithValues: try sweep.tasks(findings).map { ($0.name, $0) })
  }

  /// Does one task on the order of another rank, which shows the progress.
  ///
  /// - Throws: what the task throws; an error where its data are not here.
  func obey(_ task: SweepTask<Arm>) throws {
    if let absence = bench?.absences.first(where: { $0.concerns(task.arm) }) {
      throw SettingsError("\(absence.name) is not here, though rank 0 has it: \(absence.reason)")
    }
    try Engine.withThreadCount(1) {
      try perform(
        [task],
        [TaskProgress(SharedProgress(nil, done: 0, now: { 0 }), task.name, unit: sweep.unit, parts: sweep.parts)])
    }
  }
}
