/// Removes from each gradient its part along the parameter itself, tensor by tensor.
///
/// g' = g - (<w, g> / (<w, w> + epsilon)) w, and with renormalisation g' |g| / (|g'| + epsilon), epsilon 1e-30. It keeps a network from
/// lowering the loss by mere scaling of weights. Hedges, "OrthoGrad improves neural calibration", arXiv 2506.04487;
/// Prieto et al., "Grokking at the edge of numerical stability", arXiv 2501.04697.
///
/// The published form leaves nothing out. Where a gradient is parallel to its parameter, rounding noise would be blown up to
/// the gradient's length; with `guarded` (our choice, on by default) tensors of one element are left as they are, and
/// a projection shorter than 1e-6 |g| is not renormalised.
public struct OrthogonalProjection: NamedTransformation {
  /// Whether what is left gets the gradient's length back.
  public let renormalizes: Bool
  /// Whether tensors of one element and nearly parallel gradients are spared.
  public let guarded: Bool
  /// Only parameters whose path matches one of these patterns; all when empty.
  public let paths: [String]
  /// Added to what divides.
  public let epsilon: Double

  public init(renormalizes: Bool = true, guarded: Bool = true, paths: [String] = [], epsilon: Double = 1e-30) {
    self.renormalizes = renormalizes
    self.guarded = guarded
    self.paths = paths
    self.epsilon = epsilon
  }

  public var requirements: Requirements { .parameters }

  public static let kind = TransformationKind(
    "orthogonal", "remove the part of each gradient along its parameter (OrthoGrad)",
    TransformationOption("renormalize", .flag, standard: standard.renormalizes, "restore the gradient's length") {
      (t: OrthogonalProjection) in t.renormalizes
    },
    TransformationOption(
      "guard", .flag, standard: standard.guarded,
      "leave single elements, and gradients of which less than 1e-6 is left, as they are"
    ) { (t: OrthogonalProjection) in t.guarded },
    TransformationOption("only", .patterns(none: "all"), standard: standard.paths, "path patterns joined by +") {
      (t: OrthogonalProjection) in t.paths
    },
    TransformationOption(
      "epsilon", .epsilon, standard: standard.epsilon, "added to the parameter's square and to the length that is left"
    ) { (t: OrthogonalProjection) in t.epsilon },
    examples: [
      "orthogonal | momentum 0.9 | rate 0.02", "orthogonal renormalize=false | rate 0.1",
      "orthogonal guard=false | rate 0.1",
    ]
  ) { OrthogonalProjection(renormalizes: $0, guarded: $1, paths: $2, epsilon: $3) }

  private static let standard = OrthogonalProjection()

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let parameters = try context.parameters()
    let chosen = ChosenPaths(patterns: paths)
    try chosen.check(among: updates.paths, for: description)
    let projected = updates.tree.mapWithPaths { path, g -> Tensor in
      guard chosen.contains(path), !(guarded && g.count == 1), let w = parameters[path] else { return g }
      return project(g, w)
    }
    return (Updates(projected), state)
  }

  private func project(_ g: Tensor, _ w: Tensor) -> Tensor {
    let along = (w * g).sum() / (w.squared.sum() + epsilon)
    let orthogonal = g - along * w
    guard renormalizes else { return orthogonal }
    let (length, remaining) = (g.length, orthogonal.length)
    let scale = length / (remaining + epsilon)
    return orthogonal * (guarded ? select(remaining .< 1e-6 * length, scale.filled(with: 1), scale) : scale)
  }
}
