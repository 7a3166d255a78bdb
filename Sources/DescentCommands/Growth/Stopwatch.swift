import Descent
import Foundation

/// Times what runs for some microseconds or for seconds, once more where others disturbed it.
struct Stopwatch {
  /// Their median counts.
  let rounds: Int
  let watch: DisturbanceWatch

  /// The median seconds of one run, over rounds of at least 20 ms each, after a warm-up.
  func median(_ run: () throws -> Void) throws -> Double {
    func seconds(_ repetitions: Int) throws -> Double {
      let start = Date()
      for _ in 0..<repetitions { try run() }
      return Date().timeIntervalSince(start) / Double(repetitions)
    }
    let first = try max(seconds(3), 1e-6)
    let repetitions = max(1, Int(0.02 / first))
    return try watch.observing { try (0..<rounds).map { _ in try seconds(repetitions) }.sorted()[rounds / 2] }
  }
}
