import Distributed
import RunLogs

/// Where the tasks of a sweep run: on the cores of this process, or on the ranks of an MPI run.
///
/// Tasks are independent and a function of their name, so what they find does not depend on the place.
public protocol Workplace: Sendable {
  /// Tasks at a time.
  var places: Int { get }

  /// Does all tasks, each once; after the first failure none further begins, and it is thrown when those that run have ended.
  func run(_ tasks: [PlacedTask], _ context: RunContext) throws

  /// There are no more tasks in this run.
  func close()

  /// Where all ranks do one task together; nil where there are none.
  var together: JointPlace? { get }

  /// Which tasks of a run are done here; nil for all.
  var share: RunShare? { get }
}

extension Workplace {
  public var together: JointPlace? { nil }
  public var share: RunShare? { nil }
}

/// This process among all ranks of an MPI run, while they do one task together.
public struct JointPlace {
  /// Between the ranks; only the thread that does the task may use it.
  public var channel: any Channel
  /// The machine's.
  public var clock: any WallClock

  public init(_ channel: any Channel, clock: any WallClock) { (self.channel, self.clock) = (channel, clock) }
}

/// A task as a place sees it.
public struct PlacedTask: Sendable {
  /// By which all processes know it.
  var name: String
  /// Whether all ranks do it together.
  var isJoint = false
  /// Does it here, and records what it finds.
  var run: @Sendable () throws -> Void
  /// Tells that it was done elsewhere, and all that it found is recorded.
  var wasDone: @Sendable () -> Void
}

/// The cores of this process, one for each task.
public struct LocalWorkplace: Workplace {
  public let share: RunShare?

  /// - Parameter share: which tasks are done here; nil for all.
  public init(share: RunShare? = nil) { self.share = share }

  public var places: Int { Workers.count }
  public func run(_ tasks: [PlacedTask], _ context: RunContext) throws {
    try Workers.run(tasks.filter { !$0.isJoint }) { try $0.run() }
    if let task = tasks.first(where: \.isJoint) {
      throw SettingsError(
        "\(task.name) is for all ranks of mpirun together; go on with mpirun -n N \(ProgramName.text) run --resume \(context.folder.path)"
      )
    }
  }
  public func close() {}
}
