/// Adds coefficient times parameter to each gradient. Before a `Momentum` it is L2 regularisation as in SGD; after
/// `Adam` it is decoupled (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
public struct WeightDecay: GradientTransformation {
  public let coefficient: Double
  /// Parameters whose path matches one of these patterns are left out.
  public let excluded: [String]

  public init(_ coefficient: Double, excluding excluded: [String] = []) {
    self.coefficient = coefficient
    self.excluded = excluded
  }

  public var requirements: Requirements { .parameters }
  public var description: String {
    "decay \(coefficient)" + (excluded.isEmpty ? "" : " except=\(excluded.joined(separator: "+"))")
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    // Behind the rate the sign is turned: parameters would grow by the coefficient at each step.
    guard !context.hasStepped else {
      throw DescentError(
        "\(description) must come before the rate, as in \(description) | rate 0.01: behind it weights grow")
    }
    let parameters = try context.parameters()
    let decayed = updates.tree.mapWithPaths { path, g -> Tensor in
      guard let w = parameters[path], !excluded.contains(where: { PathPattern($0).matches(path) }) else { return g }
      return g + coefficient * w
    }
    return (Updates(decayed), state)
  }
}
