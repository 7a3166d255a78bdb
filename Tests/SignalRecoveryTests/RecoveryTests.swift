import Arrays
import Foundation
import SignalRecovery
import TestSupport
import Testing

@Suite struct PhaseRetrievalBatchTests {
  /// Sums over up to 8 coordinates and 3 rows, of rows whose squared lengths are about 8 together 24.
  private let tolerance = rounding(terms: 2 * 8 + 3, scale: 30)

  private func keys(_ count: Int, seed: Int = 0) -> [RandomKey] { (0..<count).map { RandomKey(seed: seed).split($0) } }

  /// y_i = |A_i^T x̄|², unit signals, and an instance that does not depend on its neighbours.
  @Test func intensitiesAreThoseOfTheSignal() {
    let batch = PhaseRetrievalBatch(ensemble: .gaussian(rank: 3), dimension: 8, ratio: 1.5, keys: keys(2))
    #expect(batch.measurementCount == 12 && batch.rows.shape == [2, 36, 8])
    let (rows, x, y) = (batch.rows.doubles, batch.signals.doubles, batch.intensities.doubles)
    for trial in 0..<2 {
      let signal = x[trial * 8..<(trial + 1) * 8]
      #expect(abs(signal.reduce(0) { $0 + $1 * $1 } - 1) < rounding(terms: 16))
      for i in 0..<12 {
        let square = (0..<3).reduce(0.0) { sum, j in
          let z = (0..<8).reduce(0.0) { $0 + rows[((trial * 12 + i) * 3 + j) * 8 + $1] * x[trial * 8 + $1] }
          return sum + z * z
        }
        #expect(abs(square - y[trial * 12 + i]) < tolerance)
      }
    }
    let alone = PhaseRetrievalBatch(ensemble: .gaussian(rank: 3), dimension: 8, ratio: 1.5, keys: [keys(2)[1]])
    #expect(alone.rows.doubles == batch.rows.rows(1..<2).doubles)
  }

  @Test func distancesKnowSignAndPhase() {
    let real = PhaseRetrievalBatch(ensemble: .gaussian(rank: 1), dimension: 6, ratio: 2, keys: keys(3))
    let negative = NDArray(real.signals.doubles.map { -$0 }, shape: real.signals.shape)
    for distance in real.distances(of: negative) { #expect(distance < rounding(terms: 12)) }
    let zeros = real.distances(of: NDArray.zeros(real.signals.shape, .float64))
    for distance in zeros { #expect(abs(distance - 1) < rounding(terms: 12)) }

    // Complex signals p + iq turned by a phase give the same intensities.
    let complex = PhaseRetrievalBatch(ensemble: .complex, dimension: 6, ratio: 2, keys: keys(1))
    let s = complex.signals.doubles
    let turned = (0..<6).map { i in
      i < 3 ? cos(0.7) * s[i] - sin(0.7) * s[i + 3] : sin(0.7) * s[i - 3] + cos(0.7) * s[i]
    }
    let (rows, y) = (complex.rows.doubles, complex.intensities.doubles)
    for i in 0..<complex.measurementCount {
      let square = (0..<2).reduce(0.0) { sum, j in
        let z = (0..<6).reduce(0.0) { $0 + rows[(i * 2 + j) * 6 + $1] * turned[$1] }
        return sum + z * z
      }
      #expect(abs(square - y[i]) < tolerance)
    }
    #expect(complex.distances(of: NDArray(turned, shape: [1, 6, 1]))[0] < rounding(terms: 24))
    // A real signal's distance would see the phase.
    #expect(abs(zip(turned, s).reduce(0) { $0 + $1.0 * $1.1 } - cos(0.7)) < rounding(terms: 12))
  }
}

@Suite struct RecoveryObjectiveTests {
  private let batch = PhaseRetrievalBatch(
    ensemble: .gaussian(rank: 2), dimension: 5, ratio: 2, keys: [RandomKey(seed: 1), RandomKey(seed: 2)])

  /// The objective in plain Swift, of one trial.
  private func value(_ objective: RecoveryObjective, _ x: [Double], trial: Int, strength: Double) -> Double {
    let (rows, y, m) = (batch.rows.doubles, batch.intensities.doubles, batch.measurementCount)
    var sum = 0.0
    for i in 0..<m {
      let square = (0..<2).reduce(0.0) { sum, j in
        let z = (0..<5).reduce(0.0) { $0 + rows[((trial * m + i) * 2 + j) * 5 + $1] * x[$1] }
        return sum + z * z
      }
      let target = y[trial * m + i]
      switch objective {
      case .amplitude, .normBarrier: sum += pow(square.squareRoot() - target.squareRoot(), 2) / 2
      case .intensity: sum += pow(square - target, 2) / 4
      case .slackBarrier: sum += -log(1 - square / target) - strength * square
      }
    }
    let norm = x.reduce(0) { $0 + $1 * $1 }
    return sum / Double(m) - (objective == .normBarrier ? strength * log(1 - norm) : 0)
  }

  /// Values against the plain formula, gradients against its central differences, for each trial with its strength.
  @Test(arguments: [RecoveryObjective.amplitude, .intensity, .normBarrier, .slackBarrier])
  func valuesAndGradients(_ objective: RecoveryObjective) throws {
    let stepper = try RecoveryStepper(objective, rows: batch.rows, intensities: batch.intensities, maximumStep: 1)
    // Well inside all constraints.
    let x = RandomKey(seed: 9).normal(count: 10).map { 0.01 * $0 }
    let strength = [0.3, 0.7]
    try stepper.start(at: NDArray(x, shape: [2, 5, 1]), stepSize: 0.1, strength: strength)
    let gradient = stepper.gradient.doubles
    for trial in 0..<2 {
      let place = Array(x[trial * 5..<(trial + 1) * 5])
      let expected = value(objective, place, trial: trial, strength: strength[trial])
      // Sums of 10 measurements, 2 rows and 5 coordinates.
      let uncertain = rounding(terms: 100, scale: 1 + abs(expected))
      #expect(abs(stepper.values[trial] - expected) < uncertain)
      for k in 0..<5 {
        var (up, down) = (place, place)
        let h = 1e-5 * 0.01
        up[k] += h
        down[k] -= h
        let slope =
          (value(objective, up, trial: trial, strength: strength[trial])
            - value(objective, down, trial: trial, strength: strength[trial])) / (2 * h)
        // Third derivatives lie below 1 / 0.01³.
        #expect(abs(gradient[trial * 5 + k] - slope) < uncertain / h + h * h / 6 * 1e6)
      }
    }
  }

  /// No step raises a value, and beyond the barriers nothing is accepted.
  @Test(arguments: [RecoveryObjective.amplitude, .intensity, .normBarrier, .slackBarrier])
  func stepsOnlyGoDown(_ objective: RecoveryObjective) throws {
    let stepper = try RecoveryStepper(objective, rows: batch.rows, intensities: batch.intensities, maximumStep: 5)
    let x = RandomKey(seed: 9).normal(count: 10).map { 0.01 * $0 }
    try stepper.start(at: NDArray(x, shape: [2, 5, 1]), stepSize: 100, strength: [2, 3])
    var last = stepper.values
    for _ in 0..<60 {
      try stepper.advance(1)
      let next = stepper.values
      for (a, b) in zip(last, next) { #expect(b.isFinite && b <= a + rounding(terms: 100, scale: 1 + abs(a))) }
      last = next
    }
    #expect(last[0] < value(objective, Array(x.prefix(5)), trial: 0, strength: 2) - 1e-4)  // no rounding
  }
}

@Suite struct RecoveryEndTests {
  /// A trial that stands still keeps its place, to the bit, while its neighbour goes on: steps this short hardly move the one
  /// near its signal, but the one far outside, where the loss is steep.
  @Test func endedTrialsKeepTheirPlace() throws {
    let batch = PhaseRetrievalBatch(
      ensemble: .gaussian(rank: 1), dimension: 8, ratio: 3, keys: (0..<2).map { RandomKey(seed: 12).split($0) })
    let start = batch.signals.doubles.enumerated().map { $1 * ($0 < 8 ? 1.1 : 30) }
    func points(after steps: Int) throws -> [Double] {
      let stepper = try RecoveryStepper(
        .intensity, rows: batch.rows, intensities: batch.intensities, maximumStep: 1e-9)
      try stepper.start(at: NDArray(start, shape: [2, 8, 1]), stepSize: 1e-9, strength: [0, 0])
      try stepper.advance(atMost: steps)
      return stepper.points.doubles
    }
    let (early, late) = (try points(after: RecoveryStepper.lookSteps), try points(after: 4 * RecoveryStepper.lookSteps))
    #expect(early.prefix(8) != start.prefix(8) && early.prefix(8) == late.prefix(8))
    #expect(early.suffix(8) != late.suffix(8))
  }

  /// Plain descent ends where it has found the signal, or stands still above it, long before its steps are used up, and a
  /// trial that has ended stays where it is while others go on.
  @Test func descentsEndWhereTheyStandStill() throws {
    let keys = (0..<6).map { RandomKey(seed: 11).split($0) }
    let all = PhaseRetrievalBatch(ensemble: .gaussian(rank: 1), dimension: 8, ratio: 3, keys: keys)
    let schedule = RecoverySchedule(plainSteps: .max / 2)
    let together = try PhaseRetrievalDescent(.amplitude, schedule: schedule).run(all)
    // Values that rounding keeps from falling are squares of some 1e-15: distances of a signal that was found lie far below
    // 1e-6, and those of one that was not far above.
    #expect(together.distances.contains { $0 < 1e-6 } && together.distances.contains { $0 > 0.1 })
    #expect(together.isEnded == [Bool](repeating: true, count: 6))
    let cutOff = try PhaseRetrievalDescent(.amplitude, schedule: RecoverySchedule(plainSteps: 20)).run(all)
    #expect(cutOff.isEnded == [Bool](repeating: false, count: 6))
    for (key, distance) in zip(keys, together.distances) {
      let alone = PhaseRetrievalBatch(ensemble: .gaussian(rank: 1), dimension: 8, ratio: 3, keys: [key])
      let found = try PhaseRetrievalDescent(.amplitude, schedule: schedule).run(alone).distances[0]
      #expect(abs(found - distance) < 1e-6)
      #expect(found < 1e-6 || found > 0.1)
    }
  }

  /// A trial that found its signal in a round keeps that place, to the bit, while its neighbours go through further rounds.
  @Test func foundSignalsKeepTheirPlaceInLaterRounds() throws {
    let keys = (0..<12).map { RandomKey(seed: 21).split($0) }
    let batch = PhaseRetrievalBatch(ensemble: .gaussian(rank: 1), dimension: 16, ratio: 1.8, keys: keys)
    func run(rounds: Int) throws -> RecoveryOutcome {
      let schedule = RecoverySchedule(
        plainSteps: 50_000, stages: 20 * rounds, stageSteps: 20, growth: 1.2, rounds: rounds)
      return try PhaseRetrievalDescent(.hybrid, schedule: schedule).run(batch)
    }
    let (once, often) = (try run(rounds: 1), try run(rounds: 3))
    let (first, last) = (once.points.doubles, often.points.doubles)
    let (rows, y, m) = (batch.rows.doubles, batch.intensities.doubles, batch.measurementCount)
    let found = (0..<12).filter { trial in
      let loss = (0..<m).reduce(0.0) { sum, i in
        let z = (0..<16).reduce(0.0) { $0 + rows[(trial * m + i) * 16 + $1] * first[trial * 16 + $1] }
        let misfit = z * z - y[trial * m + i]
        return sum + misfit * misfit / (4 * Double(m))
      }
      return loss < 0.9 * RecoveryStepper.found
    }
    #expect(!found.isEmpty && found.count < 12, "\(found)")
    for trial in found {
      let place = trial * 16..<(trial + 1) * 16
      #expect(first[place] == last[place] && often.isEnded?[trial] == true)
      #expect(often.barrierDistances?[trial] == once.barrierDistances?[trial])
    }
  }
}

@Suite struct PhaseRetrievalDescentTests {
  private let quick = RecoverySchedule(plainSteps: 500, stages: 50, stageSteps: 25, growth: 1.2)

  private func successes(
    _ method: RecoveryMethod, _ ensemble: MeasurementEnsemble, ratio: Double, trials: Int = 8,
    schedule: RecoverySchedule? = nil
  ) throws -> Int {
    let batch = PhaseRetrievalBatch(
      ensemble: ensemble, dimension: 20, ratio: ratio, keys: (0..<trials).map { RandomKey(seed: 3).split($0) })
    return try PhaseRetrievalDescent(method, schedule: schedule ?? quick).run(batch).successes(within: 1e-2)
  }

  /// With samples in plenty every method finds most signals; with fewer samples than dimensions none does.
  @Test(arguments: RecoveryMethod.allCases) func manySamplesSuffice(_ method: RecoveryMethod) throws {
    #expect(try successes(method, .gaussian(rank: 3), ratio: 6) >= 7)
    #expect(try successes(method, .gaussian(rank: 2), ratio: 0.6) == 0)
  }

  @Test func hybridOnComplexSignals() throws {
    #expect(try successes(.hybrid, .complex, ratio: 4) >= 7)
    var rounds = quick
    rounds.rounds = 3
    #expect(try successes(.hybrid, .gaussian(rank: 1), ratio: 5, schedule: rounds) >= 6)
  }

  /// A trial ends at the same place alone and among others, but for rounding of products.
  @Test func trialsAreIndependent() throws {
    let keys = (0..<3).map { RandomKey(seed: 5).split($0) }
    func run(_ keys: [RandomKey]) throws -> RecoveryOutcome {
      try PhaseRetrievalDescent(.slackBarrier, schedule: RecoverySchedule(stages: 3, stageSteps: 5)).run(
        PhaseRetrievalBatch(ensemble: .gaussian(rank: 1), dimension: 12, ratio: 3, keys: keys))
    }
    let (all, one) = (try run(keys), try run([keys[1]]))
    #expect(all.steps == 15)
    // Sums of 36 rows in each of 15 steps, on a problem whose condition is below a thousand.
    #expect(abs(all.distances[1] - one.distances[0]) < rounding(terms: 15 * 36, condition: 1000))
  }

  /// However the trials are parted, they are the same, and so are their descents but for rounding of products.
  @Test func trialsArePartedByBytes() throws {
    let keys = (0..<5).map { RandomKey(seed: 6).split($0) }
    let batch = PhaseRetrievalBatch(ensemble: .gaussian(rank: 2), dimension: 8, ratio: 2, keys: keys)
    let trialBytes = 16 * 2 * 8 * 8
    for (bytes, counts) in [(1, [1, 1, 1, 1, 1]), (2 * trialBytes, [2, 2, 1]), (100 * trialBytes, [5])] {
      let parts = batch.parts(ofAtMost: bytes)
      #expect(parts.map(\.trialCount) == counts)
      #expect(parts.flatMap { $0.rows.doubles } == batch.rows.doubles)
      #expect(parts.flatMap { $0.intensities.doubles } == batch.intensities.doubles)
      #expect(parts.flatMap { $0.unitStarts().doubles } == batch.unitStarts().doubles)
    }
  }

  /// A hybrid descent of one round tells where its barrier ended: where the slack barrier alone does.
  @Test func hybridTellsTheBarriersEnd() throws {
    let batch = PhaseRetrievalBatch(
      ensemble: .complex, dimension: 12, ratio: 3, keys: (0..<2).map { RandomKey(seed: 7).split($0) })
    let schedule = RecoverySchedule(plainSteps: 50, stages: 6, stageSteps: 10)
    let barrier = try PhaseRetrievalDescent(.slackBarrier, schedule: schedule).run(batch)
    let hybrid = try PhaseRetrievalDescent(.hybrid, schedule: schedule).run(batch)
    #expect(hybrid.barrierDistances == barrier.distances && barrier.barrierDistances == nil)
    #expect(hybrid.distances != barrier.distances && hybrid.steps == barrier.steps + 50)
    #expect(barrier.isEnded == nil && hybrid.isEnded?.count == 2)
  }

  /// The whitening's coordinates are inverse to each other and make H the identity.
  @Test func whiteningIsExact() throws {
    let batch = PhaseRetrievalBatch(
      ensemble: .gaussian(rank: 2), dimension: 6, ratio: 2, keys: [RandomKey(seed: 4), RandomKey(seed: 8)])
    let white = try Whitening(batch)
    let points = batch.unitStarts()
    let back = try white.original(try white.whitened(points)).doubles
    // H is a sum of 24 rows over intensities; its root is what whitens.
    let conditions = try (0..<2).map { trial -> Double in
      let m = batch.measurementCount
      let (rows, y) = (batch.rows.doubles, batch.intensities.doubles)
      let sums = (0..<36).map { place in
        (0..<2 * m).reduce(0.0) { sum, r in
          let row = (trial * 2 * m + r) * 6
          return sum + rows[row + place / 6] * rows[row + place % 6] / y[trial * m + r / 2]
        }
      }
      let s = try LinearAlgebra.singularValueDecomposition(of: NDArray(sums, shape: [6, 6])).s
      return s[flat: 0] / s[flat: 5]
    }
    let condition = conditions.max()!
    for (a, b) in zip(points.doubles, back) {
      #expect(abs(a - b) < rounding(terms: 36, condition: condition.squareRoot()))
    }
    let (rows, y, m) = (white.rows.doubles, batch.intensities.doubles, batch.measurementCount)
    for trial in 0..<2 {
      for i in 0..<6 {
        for j in 0..<6 {
          let sum = (0..<2 * m).reduce(0.0) { sum, r in
            let row = (trial * 2 * m + r) * 6
            return sum + rows[row + i] * rows[row + j] / y[trial * m + r / 2]
          }
          #expect(abs(sum / Double(m) - (i == j ? 1 : 0)) < rounding(terms: 36, condition: condition))
        }
      }
      #expect(white.largestEigenvalues[trial] > 0)
    }
  }

  @Test func tooFewMeasurementsAreNamed() throws {
    let batch = PhaseRetrievalBatch(
      ensemble: .gaussian(rank: 1), dimension: 10, ratio: 0.5, keys: [RandomKey(seed: 4)])
    #expect(throws: RecoveryError.rankDeficient(trial: 0, dimension: 10)) { try Whitening(batch) }
  }
}
