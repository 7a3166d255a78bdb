/// What a TD3 run adds to become robust; each part is an option, and they combine.
///
/// The strength ε of attacks is in the units of observations (standard deviations, where these are normalised) and is given
/// step by step, by a `Curriculum`: nothing is compiled anew when it changes.
public struct RobustTraining: Hashable, Sendable, Codable {
  /// Steps of the projected gradient in training; 0 trains on what is seen.
  public var attackSteps = 0
  /// Step size over ε.
  public var attackRate = 1.0
  /// Whether the critic learns on the true state while the actor sees the attacked one.
  public var criticSeesTruth = false
  /// Where attacks act in training; our choice, as the paper does not say.
  public var attackPlace = AttackPlace.flights
  /// Off where its weight is 0.
  public var alignment = Alignment(weight: 0)
  /// Weight of the policy's smoothness, max over the ball of |π(s) - π(s + δ)|² (SA-regularisation: Zhang et al., "Robust deep
  /// reinforcement learning against adversarial perturbations on state observations", 2020).
  public var smoothness = 0.0
  /// Share of each action that an adversary of its own chooses (action-robust control: Tessler, Efroni, Mannor 2019).
  public var adversaryShare = 0.0

  public init() {}

  /// Where attacks act in training.
  public enum AttackPlace: String, CaseIterable, Sendable, Codable {
    /// On what the policy sees when it acts. What it saw is kept beside the truth: each action stays with its cause.
    case flights
    /// On batches of clean flights, anew in each update. The actions of a batch were chosen on the truth, so that a critic
    /// that sees attacked states learns of other actions than the policy does there, and may fail.
    case batches
  }

  /// Expert-guided alignment of the critic: a loss between the values of an anchor on clean states and its own values.
  public struct Alignment: Hashable, Sendable, Codable {
    /// Whose values the critic is held to.
    public enum Anchor: String, CaseIterable, Sendable, Codable {
      /// The clean expert, for all stages.
      case expert
      /// What the stage before left.
      case previousStage
    }
    /// At which actions values are compared.
    public enum Action: String, CaseIterable, Sendable, Codable {
      /// Of the policy that is trained, on what it sees.
      case own
      /// Of the anchor, on the clean state.
      case expert
    }

    /// Factor of the alignment in the critic's loss.
    public var weight: Double
    /// 1 or 2: W_p^p.
    public var order = 1
    /// Compares state by state, not the laws.
    public var isPairwise = false
    /// Whose values the critic is held to.
    public var anchor = Anchor.expert
    /// At which actions values are compared.
    public var action = Action.own

    public init(weight: Double) { self.weight = weight }
  }

  /// - Throws: `ControlError` for a number out of range.
  func validate() throws {
    guard attackSteps >= 0, attackRate > 0 else {
      throw ControlError("attackSteps (\(attackSteps)) must not be negative, attackRate (\(attackRate)) be positive")
    }
    guard adversaryShare >= 0, adversaryShare < 1 else {
      throw ControlError("adversaryShare must be in 0..<1 and is \(adversaryShare)")
    }
    guard smoothness >= 0 else { throw ControlError("smoothness must not be negative and is \(smoothness)") }
    guard attackPlace == .flights || attackSteps > 0 else {
      throw ControlError("attackPlace is about attacks: attackSteps must be at least 1")
    }
    guard alignment.weight >= 0, (1...2).contains(alignment.order) else {
      throw ControlError("an alignment has a weight of at least 0 and the order 1 or 2")
    }
  }
}

/// Stages of rising (or any) attack strength, each of a fixed budget, or left early once the values have stayed together.
public struct Curriculum: Hashable, Sendable, Codable {
  /// ε of each stage.
  public var strengths: [Double]
  /// Environment steps of each stage, at most.
  public var stepsPerStage: Int
  /// A stage is over as soon as the shift of values W_1 is at most this; its budget decides where this is 0.
  public var largestShift: Double

  public init(strengths: [Double], stepsPerStage: Int, largestShift: Double = 0) {
    self.strengths = strengths
    self.stepsPerStage = stepsPerStage
    self.largestShift = largestShift
  }

  /// One strength from start to end.
  public static func fixed(_ strength: Double, steps: Int) -> Curriculum {
    Curriculum(strengths: [strength], stepsPerStage: steps)
  }

  /// Equal stages `largest / count, ..., largest`.
  public static func rising(to largest: Double, stages: Int, steps: Int) -> Curriculum {
    Curriculum(
      strengths: (1...stages).map { largest * Double($0) / Double(stages) }, stepsPerStage: max(steps / stages, 1))
  }

  /// Environment steps of all stages, where none ends early.
  public var totalSteps: Int { strengths.count * stepsPerStage }
  /// The control that every curriculum needs: its mean strength throughout.
  public var meanStrength: Double { strengths.reduce(0, +) / Double(strengths.count) }
}
