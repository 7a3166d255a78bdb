import Reinforcement
import Reports

/// How a policy came about: the clean expert, or what it became in further training, with or without attacks.
public struct AntifragileArm: SweepArm {
  package enum Plan: String, CaseIterable, Sendable {
    case expert
    /// Without attacks, for as many steps as the others.
    case standard
    /// At the curriculum's largest strength throughout.
    case adversarial
    /// At the curriculum's mean strength throughout: the control of "a curriculum".
    case adversarialMean = "adversarial mean"
    case curriculum
    /// The same stages, the strongest first.
    case reversed = "reversed curriculum"
    case randomised = "domain randomisation"
    case actionRobust = "action-robust"

    /// Whether batches are attacked by the projected gradient.
    var isAttacked: Bool { [.adversarial, .adversarialMean, .curriculum, .reversed].contains(self) }
  }

  package let plan: Plan
  /// Whether the critic learns on the true state.
  package let criticSeesTruth: Bool
  /// λ of the alignment, 0 for none.
  package let weight: Double
  /// State by state in place of laws.
  package let isPairwise: Bool
  /// To what the stage before left, in place of the clean expert.
  package let isChained: Bool

  package static let expert = AntifragileArm(.expert)
  package static let standard = AntifragileArm(.standard)

  package init(
    _ plan: Plan, truth: Bool = false, weight: Double = 0, isPairwise: Bool = false, isChained: Bool = false
  ) {
    (self.plan, criticSeesTruth, self.weight) = (plan, truth, weight)
    (self.isPairwise, self.isChained) = (isPairwise, isChained)
  }

  /// As "curriculum T + W 0.1": the plan, T for a critic that sees the truth, and the alignment with its weight (W for laws,
  /// "pairs" for state by state; "chained" for the stage before as its anchor).
  ///
  /// - Throws: `SettingsError` for a name that means nothing.
  package init(named text: String) throws {
    var words = text.split(separator: " ").map(String.init)
    func drop(_ word: String) -> Bool {
      guard words.last == word else { return false }
      words.removeLast()
      return true
    }
    isChained = drop("chained")
    var (weight, isPairwise) = (0.0, false)
    if words.count > 3, words[words.count - 3] == "+", let number = Double(words[words.count - 1]), number > 0,
      ["W", "pairs"].contains(words[words.count - 2])
    {
      (weight, isPairwise) = (number, words[words.count - 2] == "pairs")
      words.removeLast(3)
    }
    (self.weight, self.isPairwise) = (weight, isPairwise)
    criticSeesTruth = drop("T")
    let name = words.joined(separator: " ")
    guard let plan = Plan(rawValue: name), plan != .expert else {
      throw SettingsError(
        "there is no arm \(text); \(NearestName.hint(name, among: Plan.allCases.dropFirst().map(\.rawValue)))")
    }
    guard plan.isAttacked || (!criticSeesTruth && weight == 0) else {
      throw SettingsError("the arm \(text): T and alignments are for training under attack, which \(name) is not")
    }
    guard !isChained || weight > 0 else { throw SettingsError("the arm \(text): \"chained\" is about an alignment") }
    self.plan = plan
  }

  public var description: String {
    plan.rawValue + (criticSeesTruth ? " T" : "")
      + (weight > 0 ? " + \(isPairwise ? "pairs" : "W") \(Report.number(weight))" : "") + (isChained ? " chained" : "")
  }

  // MARK: Training

  /// The scene that it trains in.
  func environment(_ c: AntifragileControlConfiguration) throws -> any Environment {
    guard plan == .randomised else { return DeconflictionScene.normalized() }
    let spoofing = PositionSpoofing(.constant, magnitude: Float(c.baselines.bias), isRandomized: true)
    return NoisyObservations(DeconflictionScene.normalized(spoofing: spoofing), upTo: Float(c.baselines.noise))
  }

  func method(_ c: AntifragileControlConfiguration) -> TD3 {
    var method = TD3()
    let rate = plan == .expert ? c.learning.expertRate : c.learning.tuningRate
    (method.hidden, method.discount) = (c.learning.hidden, c.learning.discount)
    (method.actorOptimizer, method.criticOptimizer) = ("adam | rate \(rate)", "adam | rate \(rate)")
    if plan.isAttacked {
      (method.robust.attackSteps, method.robust.attackPlace) = (c.attack.trainingSteps, c.attack.trainingPlace)
    }
    method.robust.criticSeesTruth = criticSeesTruth
    if plan == .actionRobust { method.robust.adversaryShare = c.baselines.adversaryShare }
    if weight > 0 {
      var alignment = RobustTraining.Alignment(weight: weight)
      alignment.isPairwise = isPairwise
      alignment.anchor = isChained ? .previousStage : .expert
      method.robust.alignment = alignment
    }
    return method
  }

  func schedule(_ c: AntifragileControlConfiguration) -> OffPolicySchedule {
    var schedule = OffPolicySchedule()
    let l = c.learning
    (schedule.environments, schedule.updatesPerStep, schedule.batch) = (l.environments, l.updatesPerStep, l.batch)
    (schedule.capacity, schedule.warmup) = (l.capacity, l.warmup)
    (schedule.noise, schedule.lastNoise, schedule.noiseSteps) = (0.3, 0.1, l.expertSteps / 3)
    if plan != .expert {
      // The expert flies on; nothing is random but the noise at its last level.
      (schedule.warmsUpRandomly, schedule.noise, schedule.noiseSteps) = (false, 0.1, 0)
    }
    return schedule
  }

  /// Stages of strengths; all plans take the same number of steps.
  func curriculum(_ c: AntifragileControlConfiguration) -> Curriculum {
    var rising = Curriculum.rising(to: c.attack.largest, stages: c.attack.stages, steps: c.learning.tuningSteps)
    switch plan {
    case .curriculum: break
    case .reversed: rising.strengths.reverse()
    case .adversarial: rising = .fixed(c.attack.largest, steps: rising.totalSteps)
    case .adversarialMean: rising = .fixed(rising.meanStrength, steps: rising.totalSteps)
    case .expert, .standard, .randomised, .actionRobust: rising = .fixed(0, steps: rising.totalSteps)
    }
    return rising
  }
}
