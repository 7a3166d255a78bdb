import Descending
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
}
