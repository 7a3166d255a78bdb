/// Plain descent that estimates its own rate: the largest distance from the start so far over the root of all squared gradients; a rate of 1.
///
/// With r the largest |x_i - x_0| so far, at least start (1 + |x_0|), and G the sum of all |g_i|², the factor is r / sqrt(G + epsilon): Ivgi,
/// Hinder, Carmon, "DoG is SGD's best friend: a parameter-free dynamic step size schedule", 2023, arXiv 2302.12022, (DoG), who judge
/// it by a mean of the points (`average`). With `weighted` it is r² / sqrt(the sum of all r_i² |g_i|² + epsilon): Khaled, Mishchenko, Jin,
/// "DoWG unleashed: an efficient universal parameter-free gradient descent method", 2023, arXiv 2305.16284. Reads "optimizer/distance".
public struct DistanceOverGradients: NamedTransformation {
  /// The distance at first, as a share of 1 + |x_0|.
  public let start: Double
  /// Whether squares of gradients weigh as much as those of the distance then: DoWG.
  public let weighted: Bool
  /// Added to the sum of squares.
  public let epsilon: Double

  public init(start: Double = 1e-6, weighted: Bool = false, epsilon: Double = 1e-8) {
    (self.start, self.weighted, self.epsilon) = (start, weighted, epsilon)
  }

  public var requirements: Requirements { .parameters }

  public static let kind = TransformationKind(
    "dog", "plain descent that estimates its own rate from the way so far; rate 1",
    TransformationOption(
      "start", .number("between 1e-12 and 1e6") { (1e-12...1e6).contains($0) }, standard: DistanceOverGradients().start,
      "the first distance, as a share of 1 + |x0|"
    ) { (t: DistanceOverGradients) in t.start },
    TransformationOption(
      "weighted", .flag, standard: DistanceOverGradients().weighted, "weigh gradients by the distance then: DoWG"
    ) { (t: DistanceOverGradients) in t.weighted },
    TransformationOption(
      "epsilon", .epsilon, standard: DistanceOverGradients().epsilon, "added to the sum of squares"
    ) { (t: DistanceOverGradients) in t.epsilon },
    examples: ["dog | rate 1", "dog start=0.001 weighted=true | rate 1"]
  ) { DistanceOverGradients(start: $0, weighted: $1, epsilon: $2) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("origin").merging(Tree(["distance": NDArray(0.0), "squares": NDArray(0.0)]))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let (here, origin) = try context.origin(in: state)
    let squared = { (u: Updates) in dot(u, u).cast(to: .float64) }
    let least = start * (1 + Updates(origin).wideLength)
    let distance = max(max((here - Updates(origin)).wideLength, least), state["distance"]!)
    let weight = weighted ? distance.squared : distance.filled(with: 1)
    let squares = state["squares"]! + weight * squared(updates)
    let factor = (weighted ? distance.squared : distance) * rsqrt(squares + epsilon)
    context.record("optimizer/distance", distance)
    return (
      factor * updates, origin.prefixed("origin").merging(Tree(["distance": distance, "squares": squares]))
    )
  }
}
