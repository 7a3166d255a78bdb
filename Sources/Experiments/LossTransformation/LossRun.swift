/// What is run: a trial of the search, a method as tuned by it, its control, or an exponent where the loss crosses zero.
public struct LossRun: SweepArm {
  package enum Kind: Hashable, Sendable {
    case trial(LossTrial)
    case tuned
    /// The plain method at the mean effective rate of the tuned one of the same seed.
    case control
    case crossing(exponent: Double)
  }

  package let problem: String
  package let arm: LossArm
  package let kind: Kind

  package init(_ problem: String, _ arm: LossArm, _ kind: Kind = .tuned) {
    (self.problem, self.arm, self.kind) = (problem, arm, kind)
  }

  /// SGD on the double well without its offset, at the rate of tuned SGD and a constant exponent.
  package static func crossing(_ exponent: Double) -> LossRun {
    LossRun("well", LossArm(.sgd, .constant), .crossing(exponent: exponent))
  }

  public var description: String {
    switch kind {
    case .trial(let trial): "tune/\(problem)/\(arm)/\(trial)"
    case .tuned: "\(problem)/\(arm)"
    case .control: "\(problem)/\(arm) control"
    case .crossing(let exponent): "crossing/n \(exponent)"
    }
  }
}

extension Measure {
  static let finalTestLoss = Measure("testLoss")
  /// Percent; on the double well the share of starts that end in the lower well.
  static let finalAccuracy = Measure("accuracy")
  /// Updates until the level was passed, one more than all where it never was.
  static let updatesToLevel = Measure("steps")
  static let diverged = Measure("diverged")
  static let trialRate = Measure("rate")
  /// The time-mean of the length of a step over that of the plain method.
  static let relativeStep = Measure("relative")
  static let meanRate = Measure("meanRate")
  static let logRelativeStep = Measure("logRelative")
  static let logFactor = Measure("logFactor")
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
