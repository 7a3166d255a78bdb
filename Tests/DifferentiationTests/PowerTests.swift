import Differentiation
import TestSupport
import Testing

/// Derivatives of x^y where one of both is 0, or the base below it: those of PyTorch.
@Suite struct PowerTests {
  @Test(arguments: [
    (-2.0, 2.0, -4.0, Double.nan), (0, 2, 0, 0), (0, 0, 0, 0), (0, 0.5, .infinity, 0), (-2, 0, 0, .nan),
    (0, 1, 1, 0), (3, 2, 6, 9.887510598012987),
  ])
  func slopes(_ x: Double, _ y: Double, _ byBase: Double, _ byExponent: Double) throws {
    let results = try Evaluation.compiled.run([NDArray(x), NDArray(y)]) { _, t in
      gradients(of: pow(t[0], t[1]), withRespectTo: t)
    }.map(\.item)
    for (result, expected) in zip(results, [byBase, byExponent]) {
      let isSame = result == expected || (result.isNaN && expected.isNaN) || abs(result - expected) < 1e-14
      #expect(isSame, "\(x)^\(y): \(result), not \(expected)")
    }
  }

  /// x^0 is a constant, also at 0, with all its derivatives.
  @Test func noPowerIsAConstant() throws {
    let results = try Evaluation.compiled.run([NDArray([0.0, -1, 2])]) { _, t in
      let slope = gradients(of: pow(t[0], 0).sum(), withRespectTo: t)[0]
      return [slope, gradients(of: slope.sum(), withRespectTo: t)[0]]
    }
    #expect(results.allSatisfy { $0.doubles.allSatisfy { $0 == 0 } })
  }

  /// Where x^y bends, at an exponent of 0, too: d²/dxdy is 1 / x there.
  @Test func bendsAtNoPower() throws {
    let bend = try Evaluation.compiled.run([NDArray(2.0), NDArray(0.0)]) { _, t in
      [gradients(of: gradients(of: pow(t[0], t[1]), withRespectTo: [t[0]])[0], withRespectTo: [t[1]])[0]]
    }[0].item
    #expect(abs(bend - 0.5) < 1e-15)
  }
}
