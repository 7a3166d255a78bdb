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
}

/// A task as a place sees it.
public struct PlacedTask: Sendable {
  /// By which all processes know it.
  var name: String
  /// Does it here, and records what it finds.
  var run: @Sendable () throws -> Void
  /// Tells that it was done elsewhere, and all that it found is recorded.
  var wasDone: @Sendable () -> Void
}

/// The cores of this process, one for each task.
public struct LocalWorkplace: Workplace {
  public init() {}
  public var places: Int { Workers.count }
  public func run(_ tasks: [PlacedTask], _ context: RunContext) throws { try Workers.run(tasks) { try $0.run() } }
  public func close() {}
}
