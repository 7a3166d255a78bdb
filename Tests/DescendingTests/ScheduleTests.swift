import Descending
import Foundation
import TestSupport
import Testing

@Suite struct ScheduleTests {
  @Test func tracedAndPlainValuesAgree() throws {
    let schedules: [Schedule] = [
      .constant(0.3), .linear(from: 1, to: 0.1, over: .updates(50)), .cosine(from: 1, over: .epochs(2)),
      .steps(1, factor: 0.5, every: .samples(1000)), .exponential(1, factor: 0.9, over: .epochs(1)),
      .power(1, exponent: 0.5, over: .updates(20)), .power(0.5, exponent: 1, over: .epochs(1)),
      .warmUp(.updates(10), then: .cosine(from: 1, to: 0.1, over: .updates(100))),
      .join(.linear(from: 0, to: 1, over: .updates(20)), over: .updates(20), then: .cosine(from: 1, over: .epochs(4))),
      .join(
        .constant(0.5), over: .epochs(2),
        then: .join(.linear(from: 0.5, to: 1, over: .samples(1000)), over: .samples(1000), then: .constant(0.25))),
      .repeated(.cosine(from: 1, over: .updates(40)), every: .updates(40)),
      .repeated(.linear(from: 1, to: 0.1, over: .epochs(1)), every: .samples(1250)),
      .join(
        .constant(0.5), over: .epochs(2), then: .repeated(.steps(1, factor: 0.5, every: .updates(7)), every: .epochs(3))
      ),
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

  /// Behind a stretch the next schedule counts from its end: as by hand, in the stretch's unit and in others.
  @Test func joinedSchedulesCountFromTheEndOfTheOneBefore() throws {
    let wsd = try Schedule(
      "join(linear(0, 0.1, 100updates), 100updates, join(0.1, 700updates, linear(0.1, 0, 200updates)))")
    for (step, rate) in [
      (0, 0), (50, 0.05), (99, 0.099), (100, 0.1), (799, 0.1), (800, 0.1), (900, 0.05), (1000, 0), (2000, 0),
    ] {
      #expect(abs(wsd.value(updates: Double(step), samples: 0, epochs: 0) - rate) < 1e-12, "\(step)")
    }
    #expect(wsd.minimum == 0 && wsd.epochs(updates: 10, batch: 8) == 100)
    // Ten updates of eight samples an epoch: steps by updates behind a stretch in epochs, and the other way round.
    let byEpochs = try Schedule("join(1, 3epochs, steps(1, 0.5, 10updates))")
    let bySamples = try Schedule("join(1, 240samples, steps(1, 0.5, 1epochs))")
    for step in [0, 29, 30, 39, 40, 49, 50, 60] {
      let expected = pow(0.5, Double(max(step - 30, 0) / 10))
      for schedule in [byEpochs, bySamples] {
        let point = (Double(step), Double(8 * step), Double(step) / 10)
        #expect(
          schedule.value(updates: point.0, samples: point.1, epochs: point.2) == expected, "\(schedule) at \(step)")
        let traced = try Evaluation.compiled.run([point.0, point.1, point.2].map { NDArray(Float($0)) }) { _, x in
          [schedule.value(at: Counters(updates: x[0], samples: x[1], epochs: x[2]))]
        }[0].item
        #expect(abs(traced - expected) < rounding(.float32, terms: 10), "\(schedule) at \(step)")
      }
    }
    #expect(byEpochs.epochs(updates: 10, batch: 8) == 3 && bySamples.epochs(updates: 10, batch: 8) == 4)
    #expect(try Schedule("join(0.1, 2epochs, cosine(0.1, 8epochs))").epochs(updates: 10, batch: 8) == 10)
  }

  /// Restarts and cycles, by hand; a rate that begins anew has no end, and its unit may be another than the schedule's.
  @Test func schedulesBeginAnew() throws {
    let restarts = try Schedule("repeat(cosine(0.1, 10updates), 10updates)")
    let cycles = try Schedule(
      "repeat(join(linear(0.01, 0.1, 20updates), 20updates, linear(0.1, 0.01, 20updates)), 4epochs)")
    for step in [0, 1, 5, 9, 10, 11, 25, 39, 40, 41, 60, 79, 80, 1_000_003] {
      let place = Double(step % 10)
      let cosine = 0.05 * (1 + cos(place / 10 * Double.pi))
      let turn = Double(step % 40)
      let triangle = turn <= 20 ? 0.01 + 0.09 * turn / 20 : 0.1 - 0.09 * (turn - 20) / 20
      for (schedule, expected) in [(restarts, cosine), (cycles, triangle)] {
        let point = (Double(step), Double(8 * step), Double(step) / 10)
        let plain = schedule.value(updates: point.0, samples: point.1, epochs: point.2)
        #expect(abs(plain - expected) < 1e-8, "\(schedule) at \(step): \(plain) \(expected)")
        let traced = try Evaluation.compiled.run([point.0, point.1, point.2].map { NDArray(Float($0)) }) { _, x in
          [schedule.value(at: Counters(updates: x[0], samples: x[1], epochs: x[2]))]
        }[0].item
        // Epochs after a million updates are known to a hundredth in float32.
        let tolerance = step > 1000 ? 0.002 : rounding(.float32, terms: 30)
        #expect(abs(traced - expected) < tolerance, "\(schedule) at \(step): \(traced) \(expected)")
      }
    }
    #expect(restarts.end(updates: 10, batch: 8) == 0 && cycles.epochs(updates: 10, batch: 8) == 4)
    #expect(try Schedule("\(cycles)") == cycles && cycles.minimum == 0.01)
    #expect(throws: DescentError.self) { try Schedule("repeat(0.1)") }
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
