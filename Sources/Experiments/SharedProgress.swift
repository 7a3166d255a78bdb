import Foundation
import RunLogs

/// One progress bar for all workers.
package final class SharedProgress: @unchecked Sendable {
  /// A task that a worker is at: since when, what it was guessed to take, and how much of that has been reported.
  private struct UnderWay {
    var begin: Double
    var seconds: Double
    var reported = 0.0
  }

  private let lock = NSLock()
  private let bar: ProgressBar?
  private let now: () -> Double
  private let first: Int
  private var done: Int
  /// Seconds that all is guessed to take; nil where nothing is known.
  private let seconds: Double?
  private var underWay = [String: UnderWay]()
  /// Guessed seconds of what has ended, and of that what was seen from its begin, with the seconds that it took.
  private var (ended, guessed, taken) = (0.0, 0.0, 0.0)

  package init(_ bar: ProgressBar?, done: Int, seconds: Double? = nil, now: @escaping () -> Double) {
    (self.bar, self.done, self.seconds, self.now) = (bar, done, seconds, now)
    first = done
  }

  /// A task begins.
  ///
  /// - Parameter seconds: what it was guessed to take.
  package func begin(_ task: String, seconds: Double) {
    lock.withLock { underWay[task] = UnderWay(begin: now(), seconds: seconds) }
  }

  /// Some parts of a task are done.
  ///
  /// - Parameter seconds: what these were guessed to take.
  package func advance(_ task: String, by amount: Int, of unit: String, _ detail: String, seconds: Double, ends: Bool) {
    lock.withLock {
      done += amount
      if ends {
        if let task = underWay.removeValue(forKey: task) {
          ended += task.seconds
          guessed += task.seconds
          taken += now() - task.begin
        } else {
          ended += seconds
        }
      } else {
        underWay[task]?.reported += seconds
      }
      bar?.show(done, of: unit, detail, since: first, share: share)
    }
  }

  /// How much of the guessed time has passed. What other workers are at counts as far as tasks that have ended let one
  /// expect: when the first of several ends, the others are nearly there.
  private var share: Double? {
    guard let seconds, seconds > 0 else { return nil }
    let (time, pace) = (now(), guessed > 0 ? taken / guessed : 0)
    let partly = underWay.values.reduce(0.0) {
      $0 + max($1.reported, pace > 0 ? min($1.seconds, (time - $1.begin) / pace) : 0)
    }
    return min((ended + partly) / seconds, 1)
  }

  package func finish() { lock.withLock { bar?.finish() } }
}
