/// Adds coefficient times parameter to each gradient. Before a `Momentum` it is L2 regularisation as in SGD; after
/// `Adam` it is decoupled (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
public struct WeightDecay: NamedTransformation {
  /// What each parameter is multiplied by before it is added to its gradient.
  public let coefficient: Double
  /// Parameters whose path matches one of these patterns are left out.
  public let excluded: [String]

  public init(_ coefficient: Double, excluding excluded: [String] = []) {
    self.coefficient = coefficient
    self.excluded = excluded
  }

  public var requirements: Requirements { .parameters }

  public static let kind = TransformationKind(
    "decay", "add coefficient times parameter (weight decay)",
    TransformationOption("coefficient", .notNegative, "per update") { (t: WeightDecay) in t.coefficient },
    TransformationOption(
      "except", .patterns(none: "none"), standard: [], "path patterns joined by + that are left out"
    ) { (t: WeightDecay) in t.excluded },
    examples: ["decay 1e-3 | rate 0.1", "decay 1e-3 except=b+c | rate 0.1"]
  ) { WeightDecay($0, excluding: $1) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    // Behind the rate the sign is turned: parameters would grow by the coefficient at each step.
    guard !context.hasStepped else {
      throw DescentError(
        "\(description) must come before the rate, as in \(description) | rate 0.01: behind it weights grow")
    }
    let excluded = ExcludedPaths(patterns: excluded)
    try excluded.check(among: updates.paths, for: description)
    let parameters = try context.parameters()
    let decayed = updates.tree.mapWithPaths { path, g -> Tensor in
      guard let w = parameters[path], !excluded.contains(path) else { return g }
      return g + coefficient * w
    }
    return (Updates(decayed), state)
  }
}
