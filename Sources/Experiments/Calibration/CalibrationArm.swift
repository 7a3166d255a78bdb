import Descending

/// SGD, or SGD of which the gradients of some parameters are projected.
public struct CalibrationArm: SweepArm {
  public let description: String
  /// Patterns of projected parameters; nil for plain SGD, empty for all.
  package let patterns: [String]?

  package static let sgd = CalibrationArm(description: "sgd", patterns: nil)
  package static let orthogonal = CalibrationArm(description: "orthogonal", patterns: [])

  func optimizer(_ d: CalibrationConfiguration.Descent) -> Chain {
    var stages: [any GradientTransformation] = []
    if let patterns {
      stages.append(OrthogonalProjection(renormalizes: d.renormalizes, guarded: d.isGuarded, paths: patterns))
    }
    return Chain(stages + [WeightDecay(d.weightDecay), Momentum(d.momentum), LearningRate(d.rate)])
  }
}
