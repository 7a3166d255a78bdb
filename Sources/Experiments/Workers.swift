import Foundation
import Training

/// Independent tasks on all cores, each on one thread of kernels: descents of small networks share cores better than the
/// kernels of one such descent do, and a task's bits do not depend on how many others run.
enum Workers {
  /// Number of tasks at a time.
  static var count: Int { Engine.threadCount }

  /// Runs all tasks; after the first error no further one starts, and it is thrown when those that run have ended.
  static func run<Task: Sendable>(_ tasks: [Task], _ body: @escaping @Sendable (Task) throws -> Void) throws {
    let queue = Queue(tasks)
    let workers = min(count, tasks.count)
    guard workers > 0 else { return }
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      Engine.withThreadCount(1) {
        while let task = queue.next() {
          do { try body(task) } catch { queue.stop(error) }
        }
      }
    }
    if let error = queue.error { throw error }
  }

  private final class Queue<Task: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var waiting: ArraySlice<Task>
    private var failure: (any Error)?

    init(_ tasks: [Task]) { waiting = tasks[...] }

    func next() -> Task? { lock.withLock { failure == nil ? waiting.popFirst() : nil } }
    func stop(_ error: any Error) { lock.withLock { failure = failure ?? error } }
    var error: (any Error)? { lock.withLock { failure } }
  }
}
