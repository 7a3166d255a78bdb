import Compilation
import Differentiation
import TestSupport
import Testing

/// What stands before a composite is as it may: rearranged tensors, and one tensor in two places.
@Suite struct CompositeInputTests {
  typealias Function = @Sendable ([Tensor]) -> Tensor

  private static let cases: [(name: String, shapes: [Shape], function: Function)] = [
    (
      "grouped attention of reshaped products", [[2, 5, 12], [12, 12], [12, 4], [12, 4]],
      { x in
        groupedAttention(
          query: x[0].matmul(x[1]).reshaped(to: [2, 5, 3, 4]), key: x[0].matmul(x[2]).reshaped(to: [2, 5, 1, 4]),
          value: x[0].matmul(x[3]).reshaped(to: [2, 5, 1, 4])
        ).squared.sum()
      }
    ),
    (
      "attention of a transposed tensor", [[3, 2, 5, 2, 3]],
      { selfAttention(packed: $0[0].transposed([1, 2, 0, 3, 4]), causal: true).squared.sum() }
    ),
    (
      "layer norm with one tensor as scale and shift", [[4, 6], [6]],
      { x in
        let y = layerNorm(x[0], scale: x[1], shift: x[1], epsilon: 1e-3)
        return (y * y.squared).sum()
      }
    ),
    (
      "layer norm of a negated, broadcast row", [[6], [6], [6]],
      { x in
        let y = layerNorm((-x[0]).broadcast(to: [3, 6]) * 2, scale: -x[1], shift: x[2], epsilon: 1e-3)
        return (y * y.squared).sum()
      }
    ),
    (
      "cross-entropy of transposed logits", [[5, 4]],
      { x in
        let labels = x[0].graph.constant(NDArray([0, 2, 4, 1] as [Int32]))
        return softmaxCrossEntropy(x[0].transposed(), labels: labels).squared.sum()
      }
    ),
  ]

  /// float32, which has composites, against float64, which has none: value, gradient, and the gradient of its square.
  @Test(arguments: cases.indices) func derivativesOfSecondOrder(_ index: Int) throws {
    let (name, shapes, function) = Self.cases[index]
    let inputs = shapes.enumerated().map { RandomKey(seed: 7).split($0).normal($1) }
    func run(_ type: ElementType) throws -> [NDArray] {
      let given = inputs.map { $0.converted(to: type) }
      return try Program(inputs: given.map { TensorType(of: $0) }) { _, x in
        let value = function(Array(x))
        let slopes = gradients(of: value, withRespectTo: Array(x))
        let square = slopes.dropFirst().reduce(slopes[0].squared.sum()) { $0 + $1.squared.sum() }
        return [value] + slopes + gradients(of: square, withRespectTo: Array(x))
      }.run(given).map { $0.converted(to: .float64) }
    }
    let wide = inputs.map { $0.converted(to: .float64) }
    let error = try GradientCheck.worstError(of: { _, x in [function(x)] }, at: wide, order: 2)
    #expect(error < GradientCheck.tolerance(order: 2), "\(name)")
    // Some hundred roundings of sums of up to 12 terms; slopes of slopes double an error a few times.
    #expect(
      Deviation.worst(of: try run(.float32), from: try run(.float64)) < rounding(.float32, terms: 100, condition: 8),
      "\(name)")
  }
}
