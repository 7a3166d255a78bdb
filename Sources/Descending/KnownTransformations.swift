/// Which transformations text can name: those of the library, and those that a program adds.
extension TransformationKind {
  /// All transformations of the library.
  public static let all: [TransformationKind] = [
    // On gradients.
    OrthogonalProjection.kind,
    WeightDecay.kind,
    ClipByGlobalNorm.kind,
    ClipByValue.kind,
    Centralization.kind,
    GradientNoise.kind,
    Sign.kind,
    // Scalings.
    Momentum.kind,
    Adam.kind,
    RMSProp.kind,
    AdaGrad.kind,
    Lion.kind,
    AdaBelief.kind,
    RectifiedAdam.kind,
    AdaMax.kind,
    AdaDelta.kind,
    Adan.kind,
    AdEMAMix.kind,
    Adopt.kind,
    Mars.kind,
    Adafactor.kind,
    ResilientPropagation.kind,
    Prodigy.kind,
    DistanceOverGradients.kind,
    AdaHessian.kind,
    Sophia.kind,
    Shampoo.kind,
    Soap.kind,
    Psgd.kind,
    LBFGS.kind,
    PolarFactor.kind,
    TrustRatio.kind,
    Scale.kind,
    LossScaled.kind,
    // Steps.
    LearningRate.kind,
    SoftThreshold.kind,
    Bounds.kind,
    MovingAverage.kind,
    // Around others.
    ApplyIfFinite.kind,
    Cautious.kind,
    Accumulate.kind,
    Lookahead.kind,
    ScheduleFree.kind,
    Grouped.kind,
  ]

  private static let registered = KindRegistry<TransformationKind>("transformation or method")

  /// Those of the library, then those that were registered, in that order.
  public static var known: [TransformationKind] { all + registered.kinds }

  /// Makes a transformation of your own known to text: to `ChainParser`, to experiments and arms that take chains.
  ///
  /// Call it once, before a chain that names it is read.
  ///
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have
  ///   one name.
  public static func register(_ kind: TransformationKind) throws {
    try registered.add(kind, taken: all.map(\.name) + DescentMethodKind.known.map(\.name))
  }

  /// - Throws: `DescentError` saying what to write for a name of another library, or naming the nearest known name.
  public static func named(_ name: String) throws -> TransformationKind {
    let (known, methods) = (known, DescentMethodKind.known.map(\.name))
    if let kind = known.first(where: { $0.name == name }) { return kind }
    guard !methods.contains(name) else {
      let inside = name == "newton" ? "clip 1 | rate 1" : "clip 1 | momentum 0.9 | rate 0.1"
      throw DescentError(
        "\(name) is no stage of a chain but holds one: all stages go into its parentheses, as in \(name) (\(inside))")
    }
    let hint = ForeignName.answer(name) ?? NearestName.hint(name, among: known.map(\.name) + methods)
    throw DescentError("there is no transformation \(name); \(hint)\(ForeignName.ownHint(hint, "stages"))")
  }
}

extension TransformationKind: NamedKind {}
