import Compilation
import Descending
import Foundation
import TestSupport
import Testing

@Suite struct LossTransformationTests {
  private static let transformations = [
    LossTransformation(.constant(2)), LossTransformation(.constant(0.5)),
    LossTransformation(.piecewise(above: 0.75, below: 1.5)),
    LossTransformation(.sigmoid(from: 2, to: 0.5)), LossTransformation(.sigmoid(from: 0.8, to: 1.5, slope: 10)),
    LossTransformation(.sigmoid(from: 2, to: 0.5), freezesExponent: false),
  ]
  private static let losses = [-3, -0.5, -0.01, 0.004, 0.3, 0.9, 1.1, 2, 20]

  /// The factor is the derivative of the transformed loss, traced and on paper.
  @Test func theFactorIsTheSlope() throws {
    for transformation in Self.transformations {
      for loss in Self.losses {
        let results = try Evaluation.compiled.run([NDArray(loss)]) { _, x in
          [gradients(of: transformation(x[0]), withRespectTo: x)[0], transformation.factor(of: x[0])]
        }.map(\.item)
        let plain = transformation.factor(of: loss)
        let tolerance = rounding(terms: 50, scale: max(1, plain))
        #expect(abs(results[0] - plain) < tolerance, "\(transformation.exponent) at \(loss)")
        #expect(abs(results[1] - plain) < tolerance, "\(transformation.exponent) at \(loss)")
      }
    }
  }

  @Test func theValueIsThePowerWithItsSign() throws {
    for (loss, power, expected) in [(0.25, 0.5, 0.5), (-4, 2, -16), (3, 1, 3), (0, 2, 0), (0, 0.5, 0)] {
      let value = try Evaluation.compiled.run([NDArray(Double(loss))]) { _, x in
        [LossTransformation(.constant(power))(x[0])]
      }[0].item
      #expect(abs(value - expected) <= rounding(terms: 4, scale: abs(expected)), "\(loss) to \(power)")
    }
  }

  /// The whole derivative, also of second order, against central differences.
  @Test func isDifferentiableTwice() throws {
    for transformation in Self.transformations where !transformation.freezesExponent || !isSigmoid(transformation) {
      for order in [1, 2] {
        let error = try GradientCheck.worstError(
          of: { _, x in [transformation(x[0] - 1), transformation(x[0])] }, at: [NDArray(1.7)], order: order)
        #expect(error < GradientCheck.tolerance(order: order), "\(transformation.exponent), order \(order): \(error)")
      }
    }
  }

  private func isSigmoid(_ transformation: LossTransformation) -> Bool {
    if case .sigmoid = transformation.exponent { true } else { false }
  }

  /// n |l|^(n-1) is 1 at |l| = n^(-1/(n-1)), and clipped at the limits; a loss of 0 is not transformed.
  @Test func theFactorCrossesOneWhereTheoryPutsIt() {
    for (n, threshold) in [(1.5, 0.444), (2, 0.5), (3, 0.577), (0.5, 0.25), (0.75, 0.316)] {
      let exact = pow(n, -1 / (n - 1))
      #expect(abs(exact - threshold) < 5e-4)  // printed with three digits
      let transformation = LossTransformation(.constant(n))
      #expect(abs(transformation.factor(of: exact) - 1) < rounding(terms: 8))
      #expect((transformation.factor(of: 1.01 * exact) > 1) == (n > 1))
    }
    #expect(LossTransformation(.constant(2)).factor(of: 1e-9) == 1e-3)
    #expect(LossTransformation(.constant(0.5)).factor(of: 1e-12) == 1e3)
    #expect(LossTransformation(.constant(2)).factor(of: 0.0) == 1)
  }

  /// The power law holds down to the smallest losses.
  @Test func smallLossesHaveNoFloor() throws {
    for loss in [1e-9, 1e-12, -1e-100, 1e-300] {
      for n in [0.8, 1.2] {
        let transformation = LossTransformation(.constant(n), limits: 0...1e300)
        let exact = n * pow(abs(loss), n - 1)
        let traced = try Evaluation.compiled.run([NDArray(loss)]) { _, x in [transformation.factor(of: x[0])] }[0].item
        // A logarithm of up to 700 is rounded, and raised.
        #expect(abs(traced / exact - 1) < 1e-12 && abs(transformation.factor(of: loss) / exact - 1) < 1e-12)
      }
    }
  }

  /// Stationary points stay: the whole slope of a smooth exponent is positive.
  @Test func smoothExponentsAddNoStationaryPoint() {
    for slope in [1.0, 4, 10] {
      for (from, to) in [(2, 0.5), (0.5, 2), (1.5, 0.8), (0.8, 1.5)] {
        let transformation = LossTransformation(
          .sigmoid(from: from, to: to, slope: slope), freezesExponent: false, limits: -1e9...1e9)
        for step in 0...200 {
          #expect(transformation.factor(of: 1e-4 * pow(31e4, Double(step) / 200)) > 0)
        }
      }
    }
  }

  /// Plain descent on the transformed loss, on scaled gradients and at a scaled rate are one method; with Adam the last
  /// two differ.
  @Test func throughGradientAndRateAgreeForPlainDescent() throws {
    func end(_ chain: String, _ loss: @escaping (Parameters) -> Tensor = TestProblem.valley.loss) throws -> [Double] {
      let run = try DescentRun(try Chain(chain), from: Tree(["b": NDArray([1.5, 1.0])]), loss: loss)
      try run.run(5)
      return run.parameters["b"]!.doubles
    }
    let transformed = try end("rate 0.02") { LossTransformation(.constant(1.5))(TestProblem.valley.loss($0)) }
    let gradient = try end("losspower 1.5 | rate 0.02")
    let rate = try end("losspower 1.5 through=rate | rate 0.02")
    let tolerance = rounding(terms: 100, scale: 1.5)  // five steps of some twenty roundings
    for index in 0..<2 {
      #expect(abs(transformed[index] - gradient[index]) < tolerance)
      #expect(abs(gradient[index] - rate[index]) < tolerance)
    }
    #expect(try end("rate 0.02") != gradient)
    let adam = (
      try end("losspower 1.5 | adam | rate 0.02"), try end("losspower 1.5 through=rate | adam | rate 0.02")
    )
    #expect(abs(adam.0[0] - adam.1[0]) > 1e-4)  // no rounding
  }

  /// Adam does not feel a constant factor of the gradient.
  @Test func adamIsInvariantToScale() throws {
    func end(_ chain: String) throws -> [Double] {
      let run = try DescentRun(try Chain(chain), from: TestProblem.valley.start, loss: TestProblem.valley.loss)
      try run.run(20)
      return run.parameters["b"]!.doubles
    }
    for (a, b) in zip(try end("adam | rate 0.02"), try end("scale 100 | adam | rate 0.02")) {
      // Twenty steps of 0.02, which Adam's 1e-8 changes by its ratio to gradients above 0.04.
      #expect(abs(a - b) < 20 * 0.02 * 1e-8 / 0.04)
    }
  }
}
