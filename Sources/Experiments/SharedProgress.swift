import Foundation
import RunLogs

/// One progress bar for all workers.
final class SharedProgress: @unchecked Sendable {
  private let lock = NSLock()
  private let bar: ProgressBar?
  private let first: Int
  private var done: Int
  /// Seconds that all is guessed to take, and what of them is done; nil where nothing is known.
  private let seconds: Double?
  private var secondsDone = 0.0

  init(_ bar: ProgressBar?, done: Int, seconds: Double? = nil) {
    self.bar = bar
    self.done = done
    self.seconds = seconds
    first = done
  }

  /// - Parameter seconds: what this was guessed to take.
  func advance(by amount: Int, of unit: String, _ detail: String, seconds: Double = 0) {
    lock.withLock {
      done += amount
      secondsDone += seconds
      bar?.show(done, of: unit, detail, since: first, share: self.seconds.map { secondsDone / $0 })
    }
  }

  func finish() { lock.withLock { bar?.finish() } }
}
