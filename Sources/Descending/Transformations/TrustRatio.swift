/// Scales each tensor's update to the length of its parameter: coefficient · |w| / |u| times u; u itself where one of them
/// is zero.
///
/// Behind Adam and a decay it is LAMB (You et al., "Large batch optimization for deep learning: training BERT in 76
/// minutes", 2020), before a momentum LARS (You, Gitman, Ginsburg, "Large batch training of convolutional networks",
/// 2017). With the rate η a tensor moves by η times the coefficient of its own length at each step.
public struct TrustRatio: NamedTransformation {
  /// What the ratio of both lengths is multiplied by.
  public let coefficient: Double
  /// Parameters whose path matches one of these patterns keep their updates, as biases often do.
  public let excluded: [String]

  public init(_ coefficient: Double = 1, excluding excluded: [String] = []) {
    self.coefficient = coefficient
    self.excluded = excluded
  }

  public var requirements: Requirements { .parameters }

  public static let kind = TransformationKind(
    "trustratio", "scale each tensor's update to its parameter's length (LARS, LAMB)",
    TransformationOption("coefficient", .positive, standard: TrustRatio().coefficient, "times the ratio of lengths") {
      (t: TrustRatio) in t.coefficient
    },
    TransformationOption(
      "except", .patterns(none: "none"), standard: [], "path patterns joined by + that are left out"
    ) { (t: TrustRatio) in t.excluded },
    examples: ["adam | trustratio | rate 0.005", "trustratio 0.1 except=b+c | rate 0.05"]
  ) { TrustRatio($0, excluding: $1) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let excluded = ExcludedPaths(patterns: excluded)
    try excluded.check(among: updates.paths, for: description)
    let parameters = try context.parameters()
    let scaled = updates.tree.mapWithPaths { path, u -> Tensor in
      guard let w = parameters[path], !excluded.contains(path) else { return u }
      let (length, own) = (w.length, u.length)
      let ratio = select(own .> 0, coefficient * length / select(own .> 0, own, 1), 1)
      return select(length .> 0, ratio, 1) * u
    }
    return (Updates(scaled), state)
  }
}
