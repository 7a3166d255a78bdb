import SignalRecovery

/// What is run: a method at a point of the problem, or a candidate of the search for a schedule.
public enum PhaseRetrievalArm: SweepArm {
  /// A batch of trials at a position on the scale of sampling ratios.
  case batch(method: String, ensemble: String, dimension: Int, position: Double)
  /// A schedule of the barrier, tried on an ensemble.
  case candidate(stages: Int, firstPush: Double, ensemble: String)

  public var description: String {
    switch self {
    case .batch(let method, let ensemble, let n, let position): "\(method) \(ensemble) n \(n) at \(position)"
    case .candidate(let stages, let push, let ensemble): "tuning \(stages) stages from \(push), \(ensemble)"
    }
  }
}

extension Measure {
  package static let successes = Measure("successes")
  /// Successes of the hybrid descent where its barrier ends.
  package static let barrierSuccesses = Measure("barrierSuccesses")
  package static let trials = Measure("trials")
  /// Trials that succeeded or stood still, and did not run out of steps.
  package static let decided = Measure("decided")
  /// Real numbers in a signal.
  package static let dimension = Measure("dimension")
  /// Measurements over dimensions.
  package static let ratio = Measure("ratio")
  static let steps = Measure("steps")
  static let meanDistance = Measure("meanDistance")
}
