import Diagnostics
import TestSupport
import Testing

@Suite struct RadialGradientTests {
  /// Of a linear model's squared error all is known by hand: y = x w, L = mean (y - t)², ∇L = 2 / n xᵀ (y - t).
  @Test func aLinearModelByHand() throws {
    let model = Linear(2, 1, bias: false)
    let parameters: Tree<NDArray> = ["weight": NDArray([3.0, 4.0], shape: [2, 1])]
    let examples = ExampleArrays(
      features: NDArray([1.0, 0, 0, 1], shape: [2, 2]), targets: NDArray([1.0, 1], shape: [2, 1]))
    let found = try RadialGradient(model) { LossFunction.squaredError($0, $1) }.measure(parameters, on: examples)
    // Residuals are 2 and 3, the gradient is (2, 3), <w, g> = 18, ‖w‖ = 5.
    let part = try #require(found["weight"])
    let tolerance = rounding(terms: 20, scale: 13)
    #expect(abs(part.square - 13) < tolerance && abs(part.along - 18.0 / 5) < tolerance)
    #expect(abs(part.cosine - 18 / (5 * 13.0.squareRoot())) < tolerance)
    #expect(abs(part.across - (13 - 18.0 * 18 / 25)) < tolerance)
  }

  /// Weights before batch normalisation have no gradient along themselves, but for the normalisation's ε; the head has.
  @Test func normalisedWeightsHaveNoRadialGradient() throws {
    let model = NormalizedMLP(inputs: 6, hidden: [8, 8])
    let key = RandomKey(seed: 3)
    let parameters = try model.initialParameters(key: key, .float64)
    let examples = ExampleArrays(
      features: key.split("x").normal([32, 6], .float64),
      targets: NDArray(key.split("y").integers(count: 32, below: 10).map { Int32($0) }))
    let found = try RadialGradient(model) { LossFunction.crossEntropy($0, $1) }
      .measure(parameters, model.initialState(.float64), on: examples)
    for (path, part) in zip(found.paths, found.leaves) where path.hasPrefix("hidden") && path.hasSuffix("weight") {
      // ε = 1e-5 against variances of 0.1 and more.
      #expect(abs(part.cosine) < 1e-3 && part.square > 0, "\(path)")
    }
    #expect(abs(try #require(found["head/weight"]).cosine) > 0.01)
  }
}
