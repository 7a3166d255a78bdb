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
  /// Distances where the hybrid descent's barrier ended, before the last plain descent of the trial; nil for other methods.
  public var barrierDistances: [Double]?
  /// Whether the plain descent that ends a method found the signal or stood still, and did not run out of steps; nil for
  /// the slack barrier, which has none.
  public var isEnded: [Bool]?
  /// Steps that each trial made at most.
  public var steps: Int

  /// Trials that ended nearer to the signal than a tolerance.
  public func successes(within tolerance: Double) -> Int { distances.count { $0 < tolerance } }
}

/// Points where a descent ended, and where its barrier did.
private struct RecoveryEnds {
  var points: NDArray
  var isEnded: [Bool]?
  var barrier: NDArray?
  /// Trials whose loss is zero but for rounding: they have nothing left to do.
  var isFound: [Bool] = []

  /// These ends, but those of an earlier round where that had found the signal.
  func keeping(_ earlier: RecoveryEnds) -> RecoveryEnds {
    func kept(_ new: NDArray, _ old: NDArray) -> NDArray {
      let (new, old) = (new.doubles, old.doubles)
      let n = new.count / max(1, isFound.count)
      return NDArray(
        new.indices.map { earlier.isFound[$0 / n] ? old[$0] : new[$0] }, shape: points.shape)
    }
    var ends = self
    ends.points = kept(points, earlier.points)
    if let barrier, let before = earlier.barrier { ends.barrier = kept(barrier, before) }
    for trial in isFound.indices where earlier.isFound[trial] {
      ends.isFound[trial] = true
      ends.isEnded?[trial] = true
    }
    return ends
  }
}

/// One method with its schedule.
public struct PhaseRetrievalDescent: Sendable {
  /// What is descended.
  public var method: RecoveryMethod
  /// Steps, stages and strengths of the barrier.
  public var schedule: RecoverySchedule

  public init(_ method: RecoveryMethod, schedule: RecoverySchedule = RecoverySchedule()) {
    self.method = method
    self.schedule = schedule
  }

  /// Steps that a run makes at most: plain descents end where they stand still.
  public var stepCount: Int {
    let s = schedule
    switch method {
    case .amplitude, .intensity: return s.plainSteps
    case .normBarrier: return s.stages * s.stageSteps + s.plainSteps
    case .slackBarrier: return s.stages * s.stageSteps
    case .hybrid: return s.stages * s.stageSteps + s.rounds * s.plainSteps
    }
  }

  /// Bytes of rows that are worked on together. Each step reads all rows twice: trials whose rows stay in a core's
  /// cache go side by side, further ones after them.
  private static let togetherByteCount = 512 * 1024

  /// Runs all trials of a batch.
  ///
  /// - Throws: `RecoveryError`, or what compiling the programs throws.
  public func run(_ batch: PhaseRetrievalBatch) throws -> RecoveryOutcome {
    let parts = batch.parts(ofAtMost: Self.togetherByteCount)
    let ends = try parts.map(ends)
    let barriers = zip(parts, ends).compactMap { part, end in end.barrier.map { part.distances(of: $0) } }
    return RecoveryOutcome(
      points: NDArray(ends.flatMap { $0.points.doubles }, shape: batch.signals.shape),
      distances: zip(parts, ends).flatMap { $0.distances(of: $1.points) },
      barrierDistances: barriers.isEmpty ? nil : barriers.flatMap { $0 },
      isEnded: method == .slackBarrier ? nil : ends.flatMap { $0.isEnded ?? [] }, steps: stepCount)
  }

  private func ends(_ batch: PhaseRetrievalBatch) throws -> RecoveryEnds {
    switch method {
    case .amplitude: try plain(.amplitude, batch, from: batch.unitStarts())
    case .intensity: try plain(.intensity, batch, from: batch.unitStarts())
    case .normBarrier: try normBarrier(batch)
    case .slackBarrier: try slackBarrier(batch, rounds: 0)
    case .hybrid: try slackBarrier(batch, rounds: schedule.rounds)
    }
  }

  /// 1/L of the amplitude loss, where plain descent is monotone: 1 / (√d + 1/√α)² for loss (1/2m) Σ.
  private func plainStep(_ batch: PhaseRetrievalBatch) -> Double {
    let alpha = Double(batch.measurementCount) / Double(batch.dimension)
    let edge = Double(batch.ensemble.rank).squareRoot() + 1 / alpha.squareRoot()
    return 1 / (edge * edge)
  }

  private func plain(
    _ objective: RecoveryObjective, _ batch: PhaseRetrievalBatch, from start: NDArray
  ) throws -> RecoveryEnds {
    let stepper = try RecoveryStepper(
      objective, rows: batch.rows, intensities: batch.intensities, maximumStep: 20 * plainStep(batch))
    try stepper.start(
      at: start, stepSize: plainStep(batch), strength: [Double](repeating: 0, count: batch.trialCount))
    let isEnded = try stepper.advance(atMost: schedule.plainSteps)
    return RecoveryEnds(
      points: stepper.points, isEnded: isEnded, isFound: stepper.values.map { $0 < RecoveryStepper.found })
  }

  private func normBarrier(_ batch: PhaseRetrievalBatch) throws -> RecoveryEnds {
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
    // What is left of the barrier would hold the length below 1.
    return try plain(.amplitude, batch, from: stepper.points)
  }

  private func slackBarrier(_ batch: PhaseRetrievalBatch, rounds: Int) throws -> RecoveryEnds {
    let white = try Whitening(batch)
    // Steps of a preconditioned barrier are of the order of 1.
    let stepper = try RecoveryStepper(
      .slackBarrier, rows: white.rows, intensities: batch.intensities, maximumStep: 5)
    var push = white.largestEigenvalues.map { schedule.firstPush / $0 }
    let start = feasible(batch.unitStarts(), batch, share: 0.1)
    var earlier: RecoveryEnds?
    try stepper.start(at: try white.whitened(start), stepSize: 1, strength: push)
    for stage in 0..<schedule.stages {
      if stage > 0 {
        push = push.map { $0 * schedule.growth }
        try stepper.change(push)
      }
      try stepper.advance(schedule.stageSteps)
      // Stages are shared out evenly over the rounds; plain descent ends each.
      let isRoundEnd = rounds > 0 && (stage + 1) * rounds / schedule.stages > stage * rounds / schedule.stages
      guard isRoundEnd else { continue }
      let barrier = try white.original(stepper.points)
      var reached = try plain(.intensity, batch, from: barrier)
      reached.barrier = barrier
      if let earlier { reached = reached.keeping(earlier) }
      // A loss of zero is seen without knowing the signal: further rounds would only come back to it.
      if stage + 1 == schedule.stages || !reached.isFound.contains(false) { return reached }
      earlier = reached
      try stepper.start(
        at: try white.whitened(feasible(reached.points, batch, share: 0.99)), stepSize: 1, strength: push)
    }
    return RecoveryEnds(points: try white.original(stepper.points))
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
