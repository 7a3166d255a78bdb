import Descending

/// A base optimizer, and what is projected before it.
public struct CalibrationArm: SweepArm {
  /// What turns gradients into steps, behind the projection and weight decay.
  package enum Base: String, CaseIterable, Sendable {
    /// SGD with momentum: the published base.
    case sgd
    case nesterov
    case adam
    /// The sign of the velocity, as Lion's step without its second coefficient.
    case sign
  }

  public let description: String
  /// Patterns of projected parameters; nil for none, empty for all.
  package let patterns: [String]?
  package var base = Base.sgd
  /// Whether a projected gradient gets its length back; nil for as the configuration says.
  package var renormalizes: Bool?
  /// Features in place of the configuration's.
  package var width: Int?
  /// Times the configuration's epochs.
  package var lengthening = 1
  /// Whether it is full-batch descent by the projected gradient alone, as in the theorem on convergence.
  package var isPlain = false

  init(description: String, patterns: [String]?) { (self.description, self.patterns) = (description, patterns) }

  package static let sgd = CalibrationArm(description: "sgd", patterns: nil)
  package static let orthogonal = CalibrationArm(description: "orthogonal", patterns: [])

  private static func pair(_ suffix: String, _ change: (inout CalibrationArm) -> Void) -> [CalibrationArm] {
    [sgd, orthogonal].map { arm in
      var copy = CalibrationArm(description: "\(arm)\(suffix)", patterns: arm.patterns)
      change(&copy)
      return copy
    }
  }

  /// Without the projection and with it.
  package static func pair(on base: Base) -> [CalibrationArm] {
    base == .sgd ? [sgd, orthogonal] : pair(", \(base.rawValue)") { $0.base = base }
  }

  /// Without the projection and with it.
  package static func pair(width: Int) -> [CalibrationArm] { pair(", width \(width)") { $0.width = width } }

  /// Without the projection and with it.
  package static func pair(lengthening: Int) -> [CalibrationArm] {
    pair(", \(lengthening) times as long") { $0.lengthening = lengthening }
  }

  /// With the length of projected gradients as the projection leaves it.
  package static var unrenormalized: CalibrationArm {
    var arm = CalibrationArm(description: "orthogonal, not renormalised", patterns: [])
    arm.renormalizes = false
    return arm
  }

  /// The published simplification, for which convergence is claimed: no renormalisation, momentum, decay or mini-batches.
  package static var plain: CalibrationArm {
    var arm = CalibrationArm(description: "orthogonal, plain form", patterns: [])
    (arm.renormalizes, arm.isPlain) = (false, true)
    return arm
  }

  func optimizer(_ c: CalibrationConfiguration) -> Chain {
    let d = c.descent
    var stages: [any GradientTransformation] = []
    if let patterns {
      stages.append(
        OrthogonalProjection(
          renormalizes: renormalizes ?? d.renormalizes, guarded: d.isGuarded && !isPlain, paths: patterns))
    }
    if isPlain { return Chain(stages + [LearningRate(c.variants.plainRate)]) }
    stages.append(WeightDecay(d.weightDecay))
    switch base {
    case .sgd: stages += [Momentum(d.momentum), LearningRate(d.rate)]
    case .nesterov: stages += [Momentum(d.momentum, nesterov: true), LearningRate(d.rate)]
    case .adam: stages += [Adam(), LearningRate(c.variants.adamRate)]
    case .sign: stages += [Momentum(d.momentum), Sign(), LearningRate(c.variants.signRate)]
    }
    return Chain(stages)
  }
}
