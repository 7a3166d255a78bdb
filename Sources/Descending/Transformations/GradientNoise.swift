/// Adds Gaussian noise of a standard deviation to each element, drawn from the key of the step.
///
/// Neelakantan et al., "Adding gradient noise improves learning for very deep networks", 2015.
public struct GradientNoise: NamedTransformation {
  /// Of the noise on each element, in units of the gradient.
  public let standardDeviation: Double
  public init(_ standardDeviation: Double) { self.standardDeviation = standardDeviation }
  public var requirements: Requirements { .randomness }

  public static let kind = TransformationKind(
    "noise", "add Gaussian noise",
    TransformationOption("deviation", .notNegative, "standard deviation") { (t: GradientNoise) in t.standardDeviation },
    examples: ["noise 0.01 | rate 0.1"]
  ) { GradientNoise($0) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let key = try context.key()
    // A stream for each path, whatever other parameters there are: the key's second word is shifted by the path's hash.
    let noisy = updates.tree.mapWithPaths { path, g -> Tensor in
      let shifted = key + key.graph.constant(NDArray([Int32(0), Int32(bitPattern: FNV.shortHash(path))]))
      return g + standardDeviation * Tensor.random(.normal, g.shape, key: shifted, g.elementType)
    }
    return (Updates(noisy), state)
  }
}
