/// Descent on a transformed loss: the slope of a `LossTransformation` at the present loss, applied to the gradient or
/// to the learning rate.
///
/// With plain gradient descent the two are the same. A method that is invariant to the gradient's scale, such as Adam,
/// feels only changes of the factor through its gradient; through the rate it feels the factor itself. Reads
/// "optimizer/lossFactor", so that a control whose rate is scheduled to the same mean factor can be run beside it.
/// Keslaki, "AYLA", arXiv 2504.01875.
public struct LossScaled: GradientTransformation {
  /// What the factor multiplies.
  public enum Mode: String, Hashable, Sendable, CaseIterable {
    case gradient
    /// The `LearningRate` that follows.
    case rate
  }

  public let transformation: LossTransformation
  public let mode: Mode

  public init(_ transformation: LossTransformation, through mode: Mode = .gradient) {
    self.transformation = transformation
    self.mode = mode
  }

  public var requirements: Requirements { .loss }
  public var description: String {
    let t = transformation
    return "losspower \(t.exponent) through=\(mode.rawValue) frozen=\(t.freezesExponent)"
      + " low=\(t.limits.lowerBound) high=\(t.limits.upperBound)"
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let factor = transformation.factor(of: try context.loss())
    context.read("optimizer/lossFactor", factor)
    switch mode {
    case .gradient: return (factor * updates, state)
    case .rate:
      context.rateFactor = context.rateFactor.map { $0 * factor.cast(to: $0.elementType) } ?? factor
      return (updates, state)
    }
  }
}
