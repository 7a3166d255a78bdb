import Foundation

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

  private static let registered = Registered()

  /// Those of the library, then those that were registered, in that order.
  public static var known: [TransformationKind] { all + registered.kinds }

  /// Makes a transformation of your own known to text: to `ChainParser`, to experiments and arms that take chains.
  ///
  /// Call it once, before a chain that names it is read.
  ///
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have
  ///   one name.
  public static func register(_ kind: TransformationKind) throws {
    for word in [kind.name] + kind.options.map(\.name) where !isWord(word) {
      throw DescentError("\"\(word)\" cannot be a name in a chain: begin with a letter, go on with letters and digits")
    }
    let options = kind.options.map(\.name)
    if let twice = options.indices.first(where: { options[..<$0].contains(options[$0]) }) {
      throw DescentError("\(kind.name) has two options called \(options[twice])")
    }
    try registered.add(kind)
  }

  /// - Throws: `DescentError` naming the nearest known name.
  public static func named(_ name: String) throws -> TransformationKind {
    let known = known
    guard let kind = known.first(where: { $0.name == name }) else {
      throw DescentError("there is no transformation \(name); \(NearestName.hint(name, among: known.map(\.name)))")
    }
    return kind
  }

  private static func isWord(_ text: String) -> Bool {
    text.first?.isLetter == true && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
  }

  /// What a program added; any thread may ask while another adds.
  private final class Registered: @unchecked Sendable {
    private let lock = NSLock()
    private var added: [TransformationKind] = []

    var kinds: [TransformationKind] { lock.withLock { added } }

    func add(_ kind: TransformationKind) throws {
      try lock.withLock {
        let taken = (TransformationKind.all + added).map(\.name) + DescentMethodKind.all.map(\.name)
        guard !taken.contains(kind.name) else {
          throw DescentError("the name \(kind.name) is taken by another transformation or method")
        }
        added.append(kind)
      }
    }
  }
}
