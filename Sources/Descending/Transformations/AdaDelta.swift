/// Gradients times the root of the running mean square of steps over that of gradients, so that units agree: a rate of 1.
///
/// v <- d v + (1 - d) g², u = sqrt(x + epsilon) / sqrt(v + epsilon) g, x <- d x + (1 - d) u². The first steps are about
/// sqrt(epsilon) long. Zeiler, "ADADELTA: an adaptive learning rate method", 2012, arXiv 1212.5701.
public struct AdaDelta: NamedTransformation {
  /// The share of both mean squares that is kept from update to update.
  public let decay: Double
  /// Added below both roots: how long the first steps are.
  public let epsilon: Double

  public init(decay: Double = 0.9, epsilon: Double = 1e-6) { (self.decay, self.epsilon) = (decay, epsilon) }

  public static let kind = TransformationKind(
    "adadelta", "scale by the root mean square of steps over that of gradients; rate 1",
    TransformationOption(
      "decay", .decay.doubtingRate(of: "adadelta"), standard: AdaDelta().decay, "of both mean squares"
    ) { (t: AdaDelta) in t.decay },
    TransformationOption("epsilon", .epsilon, standard: AdaDelta().epsilon, "added below both roots") {
      (t: AdaDelta) in t.epsilon
    }, examples: ["adadelta | rate 1", "adadelta 0.95 1e-4 | rate 1"]
  ) { AdaDelta(decay: $0, epsilon: $1) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("square").merging(parameters.zeros("step"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let square = runningMean(decay, state.subtree("square"), updates.map(\.squared))
    let steps = state.subtree("step")
    let ratio = steps.zipped(with: square.tree) { x, v in root(x + epsilon) / root(v + epsilon) }
    let scaled = Updates(updates.tree.zipped(with: ratio) { $0 * $1 })
    let next = runningMean(decay, steps, scaled.map(\.squared))
    return (scaled, square.tree.prefixed("square").merging(next.tree.prefixed("step")))
  }
}
