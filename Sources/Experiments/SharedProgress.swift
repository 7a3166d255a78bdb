import Foundation
import RunLogs

/// One progress bar for all workers.
final class SharedProgress: @unchecked Sendable {
  private let lock = NSLock()
  private let bar: ProgressBar?
  private let first: Int
  private var done: Int

  init(_ bar: ProgressBar?, done: Int) {
    self.bar = bar
    self.done = done
    first = done
  }

  func advance(by amount: Int, of unit: String, _ detail: String) {
    lock.withLock {
      done += amount
      bar?.show(done, of: unit, detail, since: first)
    }
  }

  func finish() { lock.withLock { bar?.finish() } }
}
