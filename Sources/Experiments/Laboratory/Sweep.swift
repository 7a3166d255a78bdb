import Foundation
import Training

/// What one task costs, as far as a short trial tells.
public struct TaskCost: Sendable {
  /// Of one core.
  public var seconds: Double
  /// Working memory beside the data; 0 where it does not matter.
  public var bytes: Int

  public init(seconds: Double, bytes: Int = 0) { (self.seconds, self.bytes) = (seconds, bytes) }
}

/// What all tasks of a sweep share while they run, as data that are read once, and how one of them is done.
public struct Workbench<Arm: SweepArm>: Sendable {
  /// Does a task and returns what it found; workers call it at the same time, each on one thread of kernels.
  public var run: @Sendable (SweepTask<Arm>, TaskLog<Arm>) throws -> TaskOutcome
  /// Does tasks of one arm on several seeds at once, as descents that step together: a result for each, which does not depend on what
  /// the others are. Nil where tasks are done one by one.
  public var runTogether: (@Sendable ([SweepTask<Arm>], [TaskLog<Arm>]) throws -> [TaskOutcome])?
  /// Guesses a task's cost from a short piece of it, which is thrown away.
  public var cost: @Sendable (SweepTask<Arm>) throws -> TaskCost
  /// Why some arms cannot be run, as for want of data: what is missing, the reason, and which arms it concerns. They are left
  /// out, and the log says so.
  public var absences: [Absence] = []
  /// Done once, before the first task of a session; it may record events.
  public var begin: @Sendable (RunContext) throws -> Void = { _ in }

  /// The kind of event that tells of one.
  static var absenceKind: String { "absent" }

  /// Something that is not here, as a data set, and the arms that cannot be run without it.
  public struct Absence: Sendable {
    /// By which claims refer to it: `ClaimTest.about(_:)`.
    public var name: String
    /// Why it is not here, in words for the log and the report.
    public var reason: String
    /// Whether an arm needs it.
    public var concerns: @Sendable (Arm) -> Bool

    public init(_ name: String, _ reason: String, concerns: @escaping @Sendable (Arm) -> Bool) {
      (self.name, self.reason, self.concerns) = (name, reason, concerns)
    }
  }

  public init(
    cost: @escaping @Sendable (SweepTask<Arm>) throws -> TaskCost,
    run: @escaping @Sendable (SweepTask<Arm>, TaskLog<Arm>) throws -> TaskOutcome
  ) {
    (self.cost, self.run) = (cost, run)
  }
}

/// All that an experiment runs: arms on seeds, in stages.
///
/// It gives the tasks their names and order, runs those without a result on all cores, one a core, shows progress and
/// guesses the time. A stage begins when the one before it has ended, and may depend on what that one found.
/// ```swift
/// Sweep(Arm.allCases.tasks(on: reportedSeeds)) { data, _ in
///   let images = try data.load("mnist")
///   return Workbench(cost: { task in ... }, run: { task, log in TaskOutcome([.testLoss: ...]) })
/// }
/// ```
public struct Sweep<Arm: SweepArm>: Sendable {
  /// Tasks that do not wait for each other.
  public struct Stage: Sendable {
    /// What progress calls it; empty for its number.
    let name: String
    let tasks: @Sendable (Findings<Arm>) throws -> [SweepTask<Arm>]
    let forecast: [SweepTask<Arm>]

    /// Tasks that are known from the start.
    ///
    /// - Parameter name: what progress calls the stage; its number when empty.
    public init(_ tasks: [SweepTask<Arm>], named name: String = "") {
      self.name = name
      self.tasks = { _ in tasks }
      forecast = tasks
    }

    /// Tasks that follow from what earlier stages found.
    ///
    /// - Parameters:
    ///   - name: what progress calls the stage; its number when empty.
    ///   - forecast: as many tasks of the same cost, for the estimate.
    ///   - tasks: throws `FindingsError.unfinished` while an earlier stage has not ended.
    public init(
      forecast: [SweepTask<Arm>], named name: String = "",
      _ tasks: @escaping @Sendable (Findings<Arm>) throws -> [SweepTask<Arm>]
    ) {
      (self.name, self.forecast, self.tasks) = (name, forecast, tasks)
    }
  }

  /// What progress counts in a stage, as "search: descents".
  package func unit(of stage: Int) -> String {
    guard stages.count > 1 else { return unit }
    let name = stages[stage].name
    return (name.isEmpty ? "part \(stage + 1) of \(stages.count)" : name) + ": " + unit
  }

  /// Arms whose tasks all ranks of an MPI run do together; elsewhere they cannot be done.
  public var isJoint: @Sendable (Arm) -> Bool = { _ in false }

  let stages: [Stage]
  package let open: @Sendable (DataLocator, [SweepTask<Arm>]) throws -> Workbench<Arm>
  /// What progress counts.
  public var unit = "descents"
  /// Units of a task, as its epochs.
  public var parts = 1
  /// Arms of one class cost alike: one of them is timed for all. All arms are of one class where this is not set.
  public var costClass: @Sendable (Arm) -> String = { _ in "" }

  /// - Parameter open: reads the data that the waiting tasks need; called once, and not at all where none waits.
  ///   It throws before anything is recorded.
  public init(
    _ stages: [Stage], open: @escaping @Sendable (DataLocator, [SweepTask<Arm>]) throws -> Workbench<Arm>
  ) {
    (self.stages, self.open) = (stages, open)
  }

  /// A sweep of one stage.
  public init(
    _ tasks: [SweepTask<Arm>],
    open: @escaping @Sendable (DataLocator, [SweepTask<Arm>]) throws -> Workbench<Arm>
  ) {
    self.init([Stage(tasks)], open: open)
  }

  /// All tasks in their order; those that are not known yet by their forecast.
  ///
  /// - Throws: what a stage throws but `FindingsError.unfinished`.
  package func tasks(_ findings: Findings<Arm>) throws -> [SweepTask<Arm>] {
    try stages.flatMap { stage in
      do { return try stage.tasks(findings) } catch FindingsError.unfinished { return stage.forecast }
    }
  }

  /// Tasks that have not ended.
  package func unfinished(_ findings: Findings<Arm>) throws -> [SweepTask<Arm>] {
    try tasks(findings).filter { !findings.isFinished($0) }
  }
}
