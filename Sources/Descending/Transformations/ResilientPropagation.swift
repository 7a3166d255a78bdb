/// The sign of each gradient times a size of its own, which grows while the sign stays and shrinks where it changes.
///
/// Where the sign changes there is no step, and none is compared with at the next update. Sizes start at 1, so that the rate is the first
/// step. For gradients of all examples: with batches, signs change by chance. Riedmiller and Braun, "A direct adaptive method for faster
/// backpropagation learning: the RPROP algorithm", 1993, in the form without going back of Igel and Hüsken, 2000 (iRprop-), as in PyTorch.
public struct ResilientPropagation: NamedTransformation {
  /// What a size is multiplied by where the sign changes.
  public let shrinkage: Double
  /// What it is multiplied by where the sign stays.
  public let growth: Double
  /// The least and the largest size.
  public let limits: ClosedRange<Double>

  public init(shrinkage: Double = 0.5, growth: Double = 1.2, limits: ClosedRange<Double> = 1e-6...50) {
    (self.shrinkage, self.growth, self.limits) = (shrinkage, growth, limits)
  }

  public static let kind = TransformationKind(
    "rprop", "the gradient's sign times a size that grows while the sign stays",
    TransformationOption(
      "shrink",
      .number("between 0 and 1", examples: ["0.5", "0.25"]) { $0 > 0 && $0 < 1 }.doubting {
        $0 < 0.2 ? "a rate, which is a stage of its own: rprop | rate \($0)" : nil
      }, standard: ResilientPropagation().shrinkage, "times the size where the sign changes"
    ) { (t: ResilientPropagation) in t.shrinkage },
    TransformationOption(
      "grow", .number("above 1") { $0 > 1 }, standard: ResilientPropagation().growth,
      "times the size where the sign stays"
    ) { (t: ResilientPropagation) in t.growth },
    TransformationOption(
      "least", .positive, standard: ResilientPropagation().limits.lowerBound, "size, as a share of the rate"
    ) { (t: ResilientPropagation) in t.limits.lowerBound },
    TransformationOption(
      "most", .positive, standard: ResilientPropagation().limits.upperBound, "size, in rates"
    ) { (t: ResilientPropagation) in t.limits.upperBound },
    examples: ["rprop | rate 0.01", "rprop 0.5 1.1 most=10 | rate 0.02"]
  ) { shrinkage, growth, least, most in
    guard least <= most else { throw DescentError("rprop: most must be at least least, \(least), and is \(most)") }
    return ResilientPropagation(shrinkage: shrinkage, growth: growth, limits: least...most)
  }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    let sizes = parameters.map { NDArray(repeating: 1, shape: $0.shape, elementType: $0.elementType) }
    return parameters.zeros("before").merging(sizes.prefixed("size"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let signs = updates.map { sign($0) }
    let agreement = signs.tree.zipped(with: state.subtree("before")) { $0 * $1 }
    let sizes = agreement.zipped(with: state.subtree("size")) { agrees, size in
      let factor = select(
        agrees .> 0, agrees.filled(with: growth), select(agrees .< 0, agrees.filled(with: shrinkage), 1))
      return min(max(size * factor, limits.lowerBound), limits.upperBound)
    }
    let taken = signs.tree.zipped(with: agreement) { s, agrees in select(agrees .< 0, s.filled(with: 0), s) }
    let next = taken.prefixed("before").merging(sizes.prefixed("size"))
    return (Updates(taken.zipped(with: sizes) { $0 * $1 }), next)
  }
}
