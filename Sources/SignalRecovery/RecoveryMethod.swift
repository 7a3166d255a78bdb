@_exported import Preconditions

/// A descent for phase retrieval.
public enum RecoveryMethod: String, Hashable, Sendable, Codable, CaseIterable {
  /// (1/2m) Σ (|z_i| - √y_i)².
  case amplitude
  /// (1/4m) Σ (|z_i|² - y_i)².
  case intensity
  /// The amplitude loss with -μ log(1 - |x|²), μ falling from stage to stage; then the amplitude loss alone.
  case normBarrier = "norm-barrier"
  /// (1/m) Σ [-log(1 - |z_i|²/y_i) - t |z_i|²], t rising from stage to stage: pushes x outwards within |z_i|² < y_i, where
  /// only ±x̄ has all constraints tight. Preconditioned by [(1/m) Σ A_i A_i^T / y_i]^-1. Our own design.
  case slackBarrier = "slack-barrier"
  /// Rounds of the slack barrier, each followed by intensity descent. It ends with the last round, or with the one in which
  /// the loss reaches zero.
  case hybrid
}

/// How long a descent runs and how its barrier changes.
public struct RecoverySchedule: Hashable, Sendable, Codable {
  /// Most steps of plain descents (and of the intensity descent in each round of the hybrid one). Near m = n plain
  /// descent converges slowly: a small number would count signals as lost that are only not yet reached.
  public var plainSteps: Int
  /// Stages of a barrier, over all rounds.
  public var stages: Int
  /// Steps of each stage.
  public var stageSteps: Int
  /// Factor on the slack barrier's t from stage to stage; the norm barrier's μ falls by it.
  public var growth: Double
  /// The first t, as a multiple of the least t at which 0 is unstable.
  public var firstPush: Double
  /// The norm barrier's first μ.
  public var firstBarrier: Double
  /// Rounds of the hybrid descent.
  public var rounds: Int

  public init(
    plainSteps: Int = 600, stages: Int = 180, stageSteps: Int = 80, growth: Double = 1.06, firstPush: Double = 1.05,
    firstBarrier: Double = 0.1, rounds: Int = 1
  ) {
    precondition(plainSteps >= 0 && stages > 0 && stageSteps > 0 && rounds > 0, "A schedule has stages and steps.")
    precondition(growth > 1 && firstPush > 0 && firstBarrier > 0, "A barrier grows by a factor above 1.")
    self.plainSteps = plainSteps
    self.stages = stages
    self.stageSteps = stageSteps
    self.growth = growth
    self.firstPush = firstPush
    self.firstBarrier = firstBarrier
    self.rounds = rounds
  }
}
