/// Draws parameters towards 0 and leaves those at 0 that are near it: descent on the loss plus strength · Σ|w|, by its proximal step.
///
/// With w the parameter, u the step and η the rate in force, sign(w + u) max(|w + u| - η strength, 0) - w goes on, so that a parameter becomes
/// exactly 0 (the lasso, where the loss is a squared error). Behind plain descent its fixed points are those of the loss plus
/// strength · Σ|w|. Behind what makes steps longer than η g, it is that of a smaller strength: (1 - d) strength behind `momentum` of decay d. Behind
/// `adam` and others that scale elements apart it is decoupled, as `decay` is there. Prodigy's and DoG's rate is 1: the
/// strength is taken off in each update.
///
/// A line search and Newton's method see the loss alone and would refuse its steps: they do not hold it. Reads "optimizer/zeroFraction", the
/// share of elements that are 0 after the step.
///
/// Daubechies, Defrise, De Mol, "An iterative thresholding algorithm for linear inverse problems with a sparsity constraint", 2004; Parikh and Boyd,
/// "Proximal algorithms", 2014, section 6.5.2.
///
/// ```swift
/// let lasso = Chain { LearningRate(0.1); SoftThreshold(0.01, paths: ["*/weight"]) }
/// ```
public struct SoftThreshold: NamedTransformation {
  /// What Σ|w| is multiplied by where it is added to the loss.
  public let strength: Double
  /// Only parameters whose path matches one of these patterns; all when empty.
  public let paths: [String]

  public init(_ strength: Double, paths: [String] = []) { (self.strength, self.paths) = (strength, paths) }

  public var requirements: Requirements { .parameters }
  public var presumesItsSteps: Bool { true }

  public static let kind = TransformationKind(
    "l1",
    "add strength times the sum of absolute values, by its proximal step: small parameters become 0; behind the rate",
    TransformationOption("strength", .notNegative, "of the sum of absolute values") { (t: SoftThreshold) in t.strength
    },
    TransformationOption("only", .patterns(none: "all"), standard: [], "path patterns joined by +") {
      (t: SoftThreshold) in t.paths
    },
    examples: ["rate 0.05 | l1 1e-3", "momentum 0.9 | rate 0.02 | l1 1e-3"]
  ) { SoftThreshold($0, paths: $1) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    guard context.hasStepped else {
      throw DescentError("\(description) must come after the rate, which it is multiplied by")
    }
    guard let rate = context.rate else {
      throw DescentError(
        "\(description) is multiplied by the rate, and the one of these steps is not known: put it into the parentheses, "
          + "behind the rate there")
    }
    let chosen = ChosenPaths(patterns: paths)
    try chosen.check(among: updates.paths, for: description)
    let start = try context.startOfStep()
    var zeros: [Tensor] = []
    var count = 0
    let steps = updates.tree.mapWithPaths { path, u -> Tensor in
      guard chosen.contains(path), let w = start[path] else { return u }
      let reached = w + u
      let threshold = (strength * rate).cast(to: w.elementType)
      let shrunk = sign(reached) * max(abs(reached) - threshold, 0)
      zeros.append((shrunk .== 0).cast(to: .float64).sum())
      count += w.count
      return shrunk - w
    }
    if let first = zeros.first {
      context.record("optimizer/zeroFraction", zeros.dropFirst().reduce(first, +) / Double(Swift.max(count, 1)))
    }
    return (Updates(steps), state)
  }
}
