import RunLogs
import Training

/// What a task of a sweep found.
public struct TaskOutcome: Sendable {
  /// The numbers that claims and plots are made of.
  public var values: [Measure: Double]
  /// The updates that it made.
  public var step: Int
  /// A note for the log, as a digest of the parameters.
  public var text: String?

  public init(_ values: [Measure: Double], step: Int = 0, text: String? = nil) {
    (self.values, self.step, self.text) = (values, step, text)
  }
}

/// What a task may use while it runs: its place in the log, its checkpoints, the clock, what was found before it.
public struct TaskLog<Arm: SweepArm>: Sendable {
  let task: SweepTask<Arm>
  private let context: RunContext
  private let progress: TaskProgress
  /// What earlier tasks found, those of all earlier stages among them.
  public let findings: Findings<Arm>

  init(_ task: SweepTask<Arm>, _ context: RunContext, _ findings: Findings<Arm>, _ progress: TaskProgress) {
    (self.task, self.context, self.findings, self.progress) = (task, context, findings, progress)
  }

  /// Seconds since the run started, over all its sessions.
  public var elapsed: Double { context.elapsed }

  /// Where the task keeps its states; they are removed when it has ended.
  public var checkpoints: CheckpointStore { context.checkpoints(of: task.name) }

  /// Folder for what outlives the task, as trained networks: later tasks and readers find it there.
  public var artifacts: String { context.folder.path + "/artifacts" }

  /// All ranks, where they do this task together.
  public var together: JointPlace? { context.workplace.together }

  /// Records an event on the way, as the measures after an epoch.
  ///
  /// - Throws: `RunLogError` where the log cannot be written.
  public func record(_ kind: String, step: Int, _ values: [Measure: Double], text: String? = nil) throws {
    try context.record(kind, task: task.name, step: step, values.byTag, text: text)
  }

  /// Shows how many parts of the task are done.
  public func show(_ parts: Int, _ detail: String) { progress.show(parts, "\(task.name): \(detail)") }

  /// Records the result; with this the task has ended.
  func end(_ outcome: TaskOutcome) throws {
    try context.record(
      RunEvent.resultKind, task: task.name, step: outcome.step, outcome.values.byTag, text: outcome.text)
    checkpoints.removeAll()
    progress.end()
  }
}

/// How far one task is, on the bar of all.
final class TaskProgress: @unchecked Sendable {
  // Used by the one worker that runs the task.
  private let bar: SharedProgress
  private let task: String
  private let unit: String
  private let parts: Int
  private let seconds: Double
  private var done = 0

  /// - Parameter seconds: what the task is guessed to take.
  init(_ bar: SharedProgress, _ task: String, unit: String, parts: Int, seconds: Double = 0) {
    (self.bar, self.task, self.unit, self.parts, self.seconds) = (bar, task, unit, parts, seconds)
  }

  func begin() { bar.begin(task, seconds: seconds) }

  /// A task may have more steps than its share of the bar.
  func show(_ step: Int, _ detail: String) { advance(to: min(step, parts), detail, ends: false) }

  func end() { advance(to: parts, task, ends: true) }

  private func advance(to reached: Int, _ detail: String, ends: Bool) {
    let passed = seconds * Double(reached - done) / Double(parts)
    bar.advance(task, by: reached - done, of: unit, detail, seconds: passed, ends: ends)
    done = reached
  }
}

extension [Measure: Double] {
  /// As it stands in the log.
  var byTag: [String: Double] { [String: Double](uniqueKeysWithValues: map { ($0.key.tag, $0.value) }) }
}
