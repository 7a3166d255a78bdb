import Compilation
import Differentiation
import TestSupport
import Testing

@Suite struct DerivativeTests {
  @Test(arguments: operationCases) func firstOrder(_ item: OperationCase) throws {
    // A cast rounds to float32, and is linear.
    let isCast = item.name == "cast"
    let error = try GradientCheck.worstError(of: item.function, at: item.inputs, step: isCast ? 1e-2 : 1e-5)
    #expect(
      error < (isCast ? rounding(.float32, terms: 8) / 1e-2 : GradientCheck.tolerance()), "\(item.name): \(error)")
  }

  @Test(arguments: operationCases) func secondOrder(_ item: OperationCase) throws {
    let error = try GradientCheck.worstError(of: item.function, at: item.inputs, order: 2)
    #expect(error < GradientCheck.tolerance(order: 2), "\(item.name): \(error)")
  }

  @Test func thirdOrder() throws {
    let x = RandomKey(seed: 3).normal([4], .float64)
    let error = try GradientCheck.worstError(of: { _, x in [tanh(x[0]) * exp(x[0]).sum()] }, at: [x], order: 3)
    #expect(error < GradientCheck.tolerance(order: 3))
  }

  @Test func gradientThroughAGradientStep() throws {
    let x = RandomKey(seed: 3).normal([4], .float64)
    let error = try GradientCheck.worstError(
      of: { _, x in
        let inner = (exp(x[0]) * x[0]).sum()
        let adapted = x[0] - 0.1 * gradients(of: inner, withRespectTo: [x[0]])[0]
        return [(adapted.squared * sin(adapted)).sum()]
      }, at: [x])
    #expect(error < GradientCheck.tolerance())
  }

  @Test func pushforwardIsTheTransposeOfPullback() throws {
    let x = RandomKey(seed: 3).normal([4], .float64)
    let v = RandomKey(seed: 4).normal([4], .float64)
    let results = try Evaluation.compiled.run([x, v]) { _, x in
      let y = tanh(x[0]) * x[0].sum()
      return [
        pushforward(of: [y], from: [x[0]], along: [x[1]])[0],
        (1 - tanh(x[0]).squared) * x[1] * x[0].sum() + tanh(x[0]) * x[1].sum(),
      ]
    }
    for (a, b) in zip(results[0].doubles, results[1].doubles) { #expect(abs(a - b) < rounding(terms: 20, scale: 4)) }
  }

  @Test func unrelatedInputsHaveZeroGradientAndChainsTotalDerivatives() throws {
    let x = NDArray([2.0, 3.0])
    let results = try Evaluation.compiled.run([x, x]) { _, x in
      let y = x[0] * 3
      return gradients(of: y.squared.sum(), withRespectTo: [x[0], y, x[1]])
        + gradients(of: (x[0].stoppingGradient * x[0]).sum(), withRespectTo: [x[0]])
    }
    #expect(results[0].doubles == [36, 54])
    #expect(results[1].doubles == [12, 18])
    #expect(results[2].doubles == [0, 0])
    #expect(results[3].doubles == [2, 3])
  }

  @Test func onlyAScalarHasAGradient() {
    #expect(throws: ShapeError.self) {
      try Program(inputs: [TensorType([2])]) { _, x in gradients(of: x[0], withRespectTo: [x[0]]) }
    }
  }

  @Test func theCheckCatchesAWrongDerivative() throws {
    let x = RandomKey(seed: 3).normal([4], .float64)
    let error = try GradientCheck.worstError(of: { _, x in [x[0] * x[0].stoppingGradient] }, at: [x])
    #expect(error > 0.1)
  }
}
