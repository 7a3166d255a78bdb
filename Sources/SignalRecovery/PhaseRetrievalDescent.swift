import Arrays
import Foundation

/// A descent could not be set up.
public enum RecoveryError: Error, CustomStringConvertible, Sendable, Equatable {
  /// Fewer independent measurements than dimensions: no ellipsoid of the barrier is bounded.
  case rankDeficient(trial: Int, dimension: Int)

  public var description: String {
    switch self {
    case .rankDeficient(let trial, let dimension):
      "The measurements of trial \(trial) span fewer than \(dimension) dimensions; the slack barrier needs all of them."
    }
  }
}

/// Where a descent ended in each trial.
public struct RecoveryOutcome: Sendable {
  /// Final points, float64 [trials, n, 1].
  public var points: NDArray
  /// Distances from the signals.
  public var distances: [Double]
  /// Steps that each trial made.
  public var steps: Int

  /// Trials that ended nearer to the signal than a tolerance.
  public func successes(within tolerance: Double) -> Int { distances.count { $0 < tolerance } }
}

/// One method with its schedule.
public struct PhaseRetrievalDescent: Sendable {
  public var method: RecoveryMethod
  public var schedule: RecoverySchedule

  public init(_ method: RecoveryMethod, schedule: RecoverySchedule = RecoverySchedule()) {
    self.method = method
    self.schedule = schedule
  }

  /// Steps that a run makes.
  public var stepCount: Int {
    let s = schedule
    switch method {
    case .amplitude, .intensity: return s.plainSteps
    case .normBarrier, .slackBarrier: return s.stages * s.stageSteps
    case .hybrid: return s.stages * s.stageSteps + s.rounds * s.plainSteps
    }
  }

  /// Runs all trials of a batch side by side.
  ///
  /// - Throws: `RecoveryError`, or what compiling the programs throws.
  public func run(_ batch: PhaseRetrievalBatch) throws -> RecoveryOutcome {
    let points: NDArray
    switch method {
    case .amplitude: points = try plain(.amplitude, batch, from: batch.unitStarts())
    case .intensity: points = try plain(.intensity, batch, from: batch.unitStarts())
    case .normBarrier: points = try normBarrier(batch)
    case .slackBarrier: points = try slackBarrier(batch, rounds: 0)
    case .hybrid: points = try slackBarrier(batch, rounds: schedule.rounds)
    }
    return RecoveryOutcome(points: points, distances: batch.distances(of: points), steps: stepCount)
  }

  /// 1/L of the amplitude loss, where plain descent is monotone: 1 / (√d + 1/√α)² for loss (1/2m) Σ.
  private func plainStep(_ batch: PhaseRetrievalBatch) -> Double {
    let alpha = Double(batch.measurementCount) / Double(batch.dimension)
    let edge = Double(batch.ensemble.rank).squareRoot() + 1 / alpha.squareRoot()
    return 1 / (edge * edge)
  }

  private func plain(
    _ objective: RecoveryObjective, _ batch: PhaseRetrievalBatch, from start: NDArray
  ) throws -> NDArray {
    let stepper = try RecoveryStepper(
      objective, rows: batch.rows, intensities: batch.intensities, maximumStep: 20 * plainStep(batch))
    try stepper.start(
      at: start, stepSize: plainStep(batch), strength: [Double](repeating: 0, count: batch.trialCount))
    try stepper.advance(schedule.plainSteps)
    return stepper.points
  }

  private func normBarrier(_ batch: PhaseRetrievalBatch) throws -> NDArray {
    let stepper = try RecoveryStepper(
      .normBarrier, rows: batch.rows, intensities: batch.intensities, maximumStep: 20 * plainStep(batch))
    var barrier = schedule.firstBarrier
    // On the unit sphere the barrier is infinite: start inside.
    let start = NDArray(batch.unitStarts().doubles.map { 0.5 * $0 }, shape: batch.signals.shape)
    func strength() -> [Double] { [Double](repeating: barrier, count: batch.trialCount) }
    try stepper.start(at: start, stepSize: plainStep(batch), strength: strength())
    for stage in 0..<schedule.stages {
      if stage > 0 {
        barrier /= schedule.growth
        try stepper.change(strength())
      }
      try stepper.advance(schedule.stageSteps)
    }
    return stepper.points
  }

  private func slackBarrier(_ batch: PhaseRetrievalBatch, rounds: Int) throws -> NDArray {
    let white = try Whitening(batch)
    // Steps of a preconditioned barrier are of the order of 1.
    let stepper = try RecoveryStepper(
      .slackBarrier, rows: white.rows, intensities: batch.intensities, maximumStep: 5)
    var push = white.largestEigenvalues.map { schedule.firstPush / $0 }
    let start = feasible(batch.unitStarts(), batch, share: 0.1)
    try stepper.start(at: white.whitened(start), stepSize: 1, strength: push)
    for stage in 0..<schedule.stages {
      if stage > 0 {
        push = push.map { $0 * schedule.growth }
        try stepper.change(push)
      }
      try stepper.advance(schedule.stageSteps)
      // Stages are shared out evenly over the rounds; plain descent ends each.
      let isRoundEnd = rounds > 0 && (stage + 1) * rounds / schedule.stages > stage * rounds / schedule.stages
      guard isRoundEnd else { continue }
      let reached = try plain(.intensity, batch, from: white.original(stepper.points))
      if stage + 1 == schedule.stages { return reached }
      try stepper.start(at: white.whitened(feasible(reached, batch, share: 0.99)), stepSize: 1, strength: push)
    }
    return white.original(stepper.points)
  }

  /// Points scaled so that the fullest measurement |z_i|/√y_i is at a share of its limit; points far inside stay there.
  private func feasible(_ points: NDArray, _ batch: PhaseRetrievalBatch, share: Double) -> NDArray {
    let (n, m, d) = (batch.dimension, batch.measurementCount, batch.ensemble.rank)
    var x = points.doubles
    let y = batch.intensities.doubles
    batch.rows.withUnsafeElements(of: Double.self) { rows in
      for trial in 0..<batch.trialCount {
        var fullest = 0.0
        for i in 0..<m {
          var square = 0.0
          for j in 0..<d {
            let row = ((trial * m + i) * d + j) * n
            var z = 0.0
            for k in 0..<n { z += rows[row + k] * x[trial * n + k] }
            square += z * z
          }
          fullest = max(fullest, (square / y[trial * m + i]).squareRoot())
        }
        for k in 0..<n where fullest > share { x[trial * n + k] *= share / fullest }
      }
    }
    return NDArray(x, shape: points.shape)
  }
}
