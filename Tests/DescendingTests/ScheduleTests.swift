import Descending
import Foundation
import TestSupport
import Testing

@Suite struct ScheduleTests {
  @Test func tracedAndPlainValuesAgree() throws {
    let schedules: [Schedule] = [
      .constant(0.3), .linear(from: 1, to: 0.1, over: .updates(50)), .cosine(from: 1, over: .epochs(2)),
      .steps(1, factor: 0.5, every: .samples(1000)), .exponential(1, factor: 0.9, over: .epochs(1)),
      .warmUp(.updates(10), then: .cosine(from: 1, to: 0.1, over: .updates(100))),
    ]
    for schedule in schedules {
      for updates in [0, 5, 10, 20, 50, 99, 200] {
        let point = (Double(updates), Double(updates) * 50, Double(updates) / 25)
        let traced = try Evaluation.compiled.run(
          [NDArray(Float(point.0)), NDArray(Float(point.1)), NDArray(Float(point.2))]
        ) { _, x in [schedule.value(at: Counters(updates: x[0], samples: x[1], epochs: x[2]))] }[0].item
        let plain = schedule.value(updates: point.0, samples: point.1, epochs: point.2)
        // Some ten float32 operations on numbers up to 1.
        #expect(abs(traced - plain) < rounding(.float32, terms: 10), "\(schedule) at \(updates): \(traced) \(plain)")
      }
    }
  }

  /// A stretch ends with its last update, also after millions of them, in float32 and on paper.
  @Test func stretchesEndOnTime() throws {
    for (every, count) in [(3.0, 1_000_001.0), (7, 123_457), (100, 10_000), (1000, 2999), (49, 21_111)] {
      let schedule = Schedule.steps(1, factor: 0.5, every: .updates(every))
      let values = try Evaluation.compiled.run([NDArray(Float(every * count - 1)), NDArray(Float(every * count))]) {
        graph, x in
        let zero = x[0].filled(with: 0)
        // The number of stretches that have passed, as steps of a rate that the factor does not underflow.
        return x.map { Schedule.passed(in: .updates(every), at: Counters(updates: $0, samples: zero, epochs: zero)) }
      }
      #expect(values[0].item == count - 1 && values[1].item == count, "\(every) \(count)")
      let short = count.truncatingRemainder(dividingBy: 50) + 1
      #expect(schedule.value(updates: every * short, samples: 0, epochs: 0) == pow(0.5, short))
      #expect(schedule.value(updates: every * short - 1, samples: 0, epochs: 0) == pow(0.5, short - 1))
    }
  }
}
