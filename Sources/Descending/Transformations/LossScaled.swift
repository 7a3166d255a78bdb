/// Descent on a transformed loss: the slope of a `LossTransformation` at the present loss, applied to the gradient or
/// to the learning rate.
///
/// With plain gradient descent the two are the same. A method that is invariant to the gradient's scale, such as Adam,
/// feels only changes of the factor through its gradient; through the rate it feels the factor itself. Reads
/// "optimizer/lossFactor", so that a control whose rate is scheduled to the same mean factor can be run beside it.
/// Keslaki, "AYLA", arXiv 2504.01875.
public struct LossScaled: NamedTransformation {
  /// What the factor multiplies.
  public enum Mode: String, Hashable, Sendable, CaseIterable {
    case gradient
    /// The `LearningRate` that follows.
    case rate
  }

  /// The power law whose slope is the factor.
  public let transformation: LossTransformation
  /// What the factor acts on.
  public let mode: Mode

  public init(_ transformation: LossTransformation, through mode: Mode = .gradient) {
    self.transformation = transformation
    self.mode = mode
  }

  public var requirements: Requirements { .loss }

  public static let kind = TransformationKind(
    "losspower", "descend on a power of the loss (AYLA)",
    TransformationOption(
      "exponent", .lossExponent,
      "a number; piecewise(N_ABOVE, N_BELOW), as piecewise(0.8, 1.2), for losses of 1 or more and below; or "
        + "sigmoid(N_SMALL, N_LARGE), as sigmoid(1.2, 0.8), for small losses and large ones"
    ) { (t: LossScaled) in t.transformation.exponent },
    TransformationOption(
      "through", .choice, standard: standard.mode, "gradient, or rate: what the slope of the power multiplies"
    ) { (t: LossScaled) in t.mode },
    TransformationOption(
      "frozen", .flag, standard: standard.transformation.freezesExponent,
      "take an exponent that depends on the loss as a constant"
    ) { (t: LossScaled) in t.transformation.freezesExponent },
    TransformationOption(
      "low", .notNegative, standard: standard.transformation.limits.lowerBound, "the least factor"
    ) { (t: LossScaled) in t.transformation.limits.lowerBound },
    TransformationOption(
      "high", .number, standard: standard.transformation.limits.upperBound, "the largest factor"
    ) { (t: LossScaled) in t.transformation.limits.upperBound },
    examples: [
      "losspower 1.5 | rate 0.01", "losspower 0.8 through=rate | momentum | rate 0.02",
      "losspower piecewise(0.8, 1.2) | rate 0.05", "losspower sigmoid(1.2, 0.8) frozen=false | rate 0.05",
      "losspower 1.2 through=rate | adam | rate 0.02",
    ]
  ) { exponent, mode, frozen, low, high in
    guard high >= low else { throw DescentError("losspower: high must be at least low and is \(high)") }
    return LossScaled(LossTransformation(exponent, freezesExponent: frozen, limits: low...high), through: mode)
  }

  private static let standard = LossScaled(LossTransformation(.constant(1)))

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let factor = transformation.factor(of: try context.loss())
    context.record("optimizer/lossFactor", factor)
    switch mode {
    case .gradient:
      context.transformLoss(by: description)
      return (factor * updates, state)
    case .rate:
      context.rateFactor = context.rateFactor.map { $0 * factor.cast(to: $0.elementType) } ?? factor
      return (updates, state)
    }
  }
}
