/// Gradients divided by the root of the sum of all their squares: v <- v + g^2, g / (sqrt(v) + epsilon).
///
/// Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
public struct AdaGrad: NamedTransformation {
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(epsilon: Double = 1e-10) { self.epsilon = epsilon }

  public static let kind = TransformationKind(
    "adagrad", "divide by the root of the summed squares",
    TransformationOption(
      "epsilon",
      .epsilon.doubting { $0 >= 1e-4 ? "a rate, which is a stage of its own: adagrad | rate \($0)" : nil },
      standard: AdaGrad().epsilon, "added to the root"
    ) { (t: AdaGrad) in t.epsilon }, examples: ["adagrad | rate 0.3"]
  ) { AdaGrad(epsilon: $0) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("square")
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let square = Updates(state.subtree("square")) + updates.map(\.squared)
    let scaled = updates.tree.zipped(with: square.tree) { g, v in g / (root(v) + epsilon) }
    return (Updates(scaled), square.tree.prefixed("square"))
  }
}
