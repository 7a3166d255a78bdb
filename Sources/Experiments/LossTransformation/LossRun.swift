/// What is run: a trial of the search, a method as tuned by it, its control, or an exponent where the loss crosses zero.
public struct LossRun: SweepArm {
  package enum Kind: Hashable, Sendable {
    case trial(LossTrial)
    case tuned(LossCriterion)
    /// The plain method at the mean effective rate, on the same seed, of the one that was tuned by the loss.
    case control
    case crossing(exponent: Double)
  }

  package let problem: String
  package let arm: LossArm
  package let kind: Kind

  package init(_ problem: String, _ arm: LossArm, _ kind: Kind = .tuned(.loss)) {
    (self.problem, self.arm, self.kind) = (problem, arm, kind)
  }

  /// SGD on the double well without its offset, at the rate of tuned SGD and a constant exponent.
  package static func crossing(_ exponent: Double) -> LossRun {
    LossRun("well", LossArm(.sgd, .constant), .crossing(exponent: exponent))
  }

  public var description: String {
    switch kind {
    case .trial(let trial): "tune/\(problem)/\(arm)/\(trial)"
    case .tuned(.loss): "\(problem)/\(arm)"
    case .tuned(let criterion): "\(problem)/\(arm) for \(criterion)"
    case .control: "\(problem)/\(arm) control"
    case .crossing(let exponent): "crossing/n \(exponent)"
    }
  }
}

extension Measure {
  static let finalTestLoss = Measure("testLoss")
  /// Percent; on the double well the share of all starts that end in the lower well, that is how many cross the barrier.
  static let finalAccuracy = Measure("accuracy")
  /// Updates until the level was passed, one more than all where it never was; on the double well until the height above
  /// the minimum of the well in which the descent ends.
  static let updatesToLevel = Measure("steps")
  static let diverged = Measure("diverged")
  static let trialRate = Measure("rate")
  /// The time-mean of the length of a step over that of the plain method.
  static let relativeStep = Measure("relative")
  static let meanRate = Measure("meanRate")
  /// The slope of the logarithm of the relative step over that of the factor, within descents: 1 where steps follow the
  /// factor, 0 where they do not feel it.
  static let following = Measure("following")
  static let formulaError = Measure("formulaError")
  /// Distance of the end from the next minimum.
  static let place = Measure("place")
  /// The share of starts that end where the loss is zero and slopes.
  static let stalled = Measure("stalled")
  static let descentSeconds = Measure("seconds/descent")
  static let measureSeconds = Measure("seconds/measures")

  /// Seconds of an update with and without the measure of its relative step.
  static func watchedSeconds(_ problem: String) -> Measure { Measure("seconds/\(problem)/watched") }
  static func bareSeconds(_ problem: String) -> Measure { Measure("seconds/\(problem)/bare") }

  static func end(ofStart index: Int) -> Measure { Measure("end/\(index)") }
}

/// The loss along a descent, by update.
let lossCurve = MeasureFamily<Int>("curve/")
