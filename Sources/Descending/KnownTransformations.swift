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
    Scale.kind,
    LossScaled.kind,
    // Steps.
    LearningRate.kind,
    MovingAverage.kind,
    // Around others.
    ApplyIfFinite.kind,
    Accumulate.kind,
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

  /// - Throws: `DescentError` naming the nearest known name.
  public static func named(_ name: String) throws -> TransformationKind {
    let known = known
    guard let kind = known.first(where: { $0.name == name }) else {
      throw DescentError("there is no transformation \(name); \(NearestName.hint(name, among: known.map(\.name)))")
    }
    return kind
  }
}

extension TransformationKind: NamedKind {}
