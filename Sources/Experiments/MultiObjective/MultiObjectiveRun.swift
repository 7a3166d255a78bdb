import Foundation

/// What is run: a method on a problem at a rate.
public struct MultiObjectiveRun: SweepArm {
  package let arena: MultiObjectiveArena
  package let arm: MultiObjectiveArm
  package let rate: Double

  package init(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, rate: Double) {
    (self.arena, self.arm, self.rate) = (arena, arm, rate)
  }

  public var description: String { "\(arena)/\(arm)/rate \(String(format: "%.4g", rate))" }
}

extension Measure {
  /// Samples until the true stationarity is first seen at or below a level; not measured where it never is.
  package static func samples(untilLevel level: Int) -> Measure { Measure("level/\(level)") }
  /// The geometric mean of the true stationarity over the last quarter of the samples.
  package static let endStationarity = Measure("end")
  package static let startStationarity = Measure("start")
  static let lastStationarity = Measure("last")
  /// The method's own ‖d‖² at the end.
  static let believedStationarity = Measure("believed")
  /// Mean losses of the training samples.
  package static let startLoss = Measure("startLoss")
  /// 2 L η, which the theorem wants at most 1; not measured where L is not known.
  package static let rateCondition = Measure("rateCondition")
  package static let samplesTaken = Measure("samples")
  package static let stepsMade = Measure("steps")
  /// 1 where numbers overflow, or the mean loss ends above its start or near that of a prediction without features.
  package static let failed = Measure("failed")
  static func testLoss(_ objective: Int) -> Measure { Measure("test/\(objective)") }

  package static func lookStationarity(at step: Int) -> Measure { Measure("curve/\(step)/stationarity") }
  /// Not measured where the Pareto-optimal points are not known.
  static func lookDistance(at step: Int) -> Measure { Measure("curve/\(step)/distance") }
}

/// Samples at the looks along a descent, by step.
package let lookSamples = MeasureFamily<Int>("curve/", "/samples")
