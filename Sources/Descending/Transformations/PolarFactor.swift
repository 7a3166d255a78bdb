/// Replaces each matrix by about its polar factor, so that all of its directions move alike: U Vᵀ for U Σ Vᵀ.
///
/// `momentum 0.95 nesterov=true | polar | rate 0.02` is Muon (Jordan, "Muon: an optimizer for hidden layers in neural
/// networks", 2024). Newton and Schulz's iteration X <- a X + (b X Xᵀ + c (X Xᵀ)²) X from X = G / (|G| + epsilon), with
/// (a, b, c) = (3.4445, -4.775, 2.0315), brings singular values to about 0.7 to 1.2. The result times
/// √max(1, outputs / inputs) goes on. Kernels of convolutions count as the matrix [height · width · channels, features].
///
/// Vectors and numbers have no polar factor: `groups (*/weight: momentum 0.95 nesterov=true | polar | rate 0.02; */bias: adam
/// | rate 0.001)`.
public struct PolarFactor: NamedTransformation {
  /// Of the iteration. Five bring all singular values above a hundredth of the norm near 1.
  public let steps: Int
  /// Added to the norm: much smaller gradients give smaller steps.
  public let epsilon: Double

  public init(steps: Int = 5, epsilon: Double = 1e-7) { (self.steps, self.epsilon) = (steps, epsilon) }

  public static let kind = TransformationKind(
    "polar", "replace each matrix by about its polar factor; behind momentum it is Muon",
    TransformationOption(
      "steps", .count(atMost: 100), standard: PolarFactor().steps, "of Newton and Schulz's iteration"
    ) { (t: PolarFactor) in t.steps },
    TransformationOption("epsilon", .epsilon, standard: PolarFactor().epsilon, "added to the matrix's norm") {
      (t: PolarFactor) in t.epsilon
    },
    examples: ["momentum 0.95 nesterov=true | polar | rate 0.005", "polar 7 | rate 0.01"]
  ) { PolarFactor(steps: $0, epsilon: $1) }

  /// - Throws: `DescentError` naming a parameter that is no matrix.
  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    for (path, type) in parameters where type.shape.rank < 2 {
      throw DescentError(
        "\(description) is for matrices, and \(path) has the shape \(type.shape); give it another chain, as in "
          + "groups (*/weight: momentum 0.95 nesterov=true | polar | rate 0.02; */bias: adam | rate 0.001)")
    }
    return Tree()
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    (
      updates.map { g in
        let outputs = g.shape.dimensions.last ?? 1
        let inputs = g.count / outputs
        let factor = Double(max(1, Double(outputs) / Double(inputs))).squareRoot()
        return (factor * orthogonalized(g.reshaped(to: [inputs, outputs]))).reshaped(to: g.shape)
      }, state
    )
  }

  private func orthogonalized(_ g: Tensor) -> Tensor {
    let isWide = g.shape[0] <= g.shape[1]
    var x = g / (g.length + epsilon)
    for _ in 0..<steps {
      // The smaller of the two products; both give the same.
      let square = isWide ? x.matmul(x.transposed()) : x.transposed().matmul(x)
      let polynomial = -4.775 * square + 2.0315 * square.matmul(square)
      x = 3.4445 * x + (isWide ? polynomial.matmul(x) : x.matmul(polynomial))
    }
    return x
  }
}
