/// The sign of a mean of gradient and average: u = sign(b1 a + (1 - b1) g), then a <- b2 a + (1 - b2) g.
///
/// All numbers move by the rate, whatever their gradient: rates are three to ten times smaller than Adam's, decays as much larger.
/// Chen et al., "Symbolic discovery of optimization algorithms", 2023, arXiv 2302.06675.
public struct Lion: NamedTransformation {
  /// The average's part in the sign.
  public let beta1: Double
  /// The share of the average that is kept from update to update.
  public let beta2: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.99) { (self.beta1, self.beta2) = (beta1, beta2) }

  public static let kind = TransformationKind(
    "lion", "the sign of a mean of gradient and average",
    TransformationOption(
      "beta1", .decay.doubtingRate(of: "lion"), standard: Lion().beta1, "the average's part in the sign"
    ) { (t: Lion) in t.beta1 },
    TransformationOption("beta2", .decay, standard: Lion().beta2, "decay of the average") { (t: Lion) in t.beta2 },
    examples: ["lion | rate 0.005", "lion 0.95 0.98 | decay 0.1 | rate linear(0.01, 0, 2500updates)"]
  ) { Lion(beta1: $0, beta2: $1) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> { parameters.zeros("average") }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let average = state.subtree("average")
    let mean = runningMean(beta1, average, updates)
    return (mean.map { sign($0) }, runningMean(beta2, average, updates).tree.prefixed("average"))
  }
}
