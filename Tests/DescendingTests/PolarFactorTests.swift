import Descending
import Foundation
import TestSupport
import Testing

@Suite struct PolarFactorTests {
  private func step(_ chain: String, _ w: NDArray, gradient: NDArray, count: Int = 1) throws -> NDArray {
    let run = try DescentRun(try ChainParser.parse(chain), from: Tree(["w": w])) { p in
      (p["w"]! * p["w"]!.graph.constant(gradient)).sum()
    }
    try run.run(count)
    return run.parameters["w"]!
  }

  /// What the iteration makes of a singular value.
  private func brought(_ value: Double, steps: Int) -> Double {
    (0..<steps).reduce(value) { x, _ in 3.4445 * x - 4.775 * x * x * x + 2.0315 * x * x * x * x * x }
  }

  /// U Σ Vᵀ becomes U p(Σ / |Σ|) Vᵀ √max(1, outputs / inputs), wide or tall; U and V are rotations here.
  @Test(arguments: [1, 5, 8]) func singularValuesComeNearOne(_ steps: Int) throws {
    let (u, v, sigma) = ((0.6, 0.8), (0.28, 0.96), [3.0, 0.5])
    let norm = (sigma[0] * sigma[0] + sigma[1] * sigma[1]).squareRoot() + 1e-7
    func matrix(_ s: [Double]) -> [[Double]] {
      let (a, b) = ([[u.0, -u.1], [u.1, u.0]], [[v.0, -v.1], [v.1, v.0]])
      return (0..<2).map { i in (0..<2).map { j in a[i][0] * s[0] * b[j][0] + a[i][1] * s[1] * b[j][1] } }
    }
    let expected = matrix(sigma.map { brought($0 / norm, steps: steps) })
    let values = matrix(sigma)
    // A row or a column of zeros more.
    for (shape, isTall) in [(Shape([2, 2]), false), (Shape([2, 3]), false), (Shape([3, 2]), true)] {
      let columns = shape[1]
      var gradient = [Double](repeating: 0, count: shape.count)
      for i in 0..<2 { for j in 0..<2 { gradient[i * columns + j] = values[i][j] } }
      let found = try step(
        "polar \(steps) | rate 0.5", NDArray.zeros(shape, .float64),
        gradient: NDArray(gradient, shape: shape)
      ).doubles
      let factor = isTall ? 1 : (Double(columns) / 2).squareRoot()
      for i in 0..<2 {
        for j in 0..<2 { #expect(abs(found[i * columns + j] + 0.5 * factor * expected[i][j]) < 1e-9) }
      }
    }
    if steps >= 5 { for s in sigma { #expect((0.65...1.25).contains(brought(s / norm, steps: steps))) } }
  }

  /// The scale of a gradient does not count, nor does that of the velocity: Muon's mean and a sum give one step.
  @Test func scaleDoesNotCount() throws {
    let w = NDArray([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], shape: [2, 3])
    let g = [1.0, -2, 0.5, 0.25, 1.5, -1]
    let chain = "momentum 0.95 nesterov=true | polar | rate 0.02"
    let one = try step(chain, w, gradient: NDArray(g, shape: [2, 3]), count: 4)
    let other = try step(chain, w, gradient: NDArray(g.map { 1000 * $0 }, shape: [2, 3]), count: 4)
    for (a, b) in zip(one.doubles, other.doubles) { #expect(abs(a - b) < 1e-6) }
    // No gradient, no step.
    let still = try step(chain, w, gradient: NDArray.zeros([2, 3], .float64))
    #expect(still == w)
  }

  /// A convolution's kernel is the matrix of its outputs.
  @Test func kernelsAreMatrices() throws {
    let g = (0..<24).map { sin(Double(3 * $0 + 1)) }
    let kernel = try step(
      "polar | rate 1", NDArray.zeros([2, 2, 3, 2], .float64), gradient: NDArray(g, shape: [2, 2, 3, 2]))
    let matrix = try step(
      "polar | rate 1", NDArray.zeros([12, 2], .float64), gradient: NDArray(g, shape: [12, 2]))
    for (a, b) in zip(kernel.doubles, matrix.doubles) { #expect(abs(a - b) < 1e-12) }
  }

  @Test func vectorsAreRefused() throws {
    let chain = try ChainParser.parse("polar | rate 1")
    #expect { try chain.initialState(for: ["layer/bias": TensorType([3])]) } throws: {
      "\($0)".contains("layer/bias has the shape [3]") && "\($0)".contains("groups (")
    }
    let groups = try ChainParser.parse(
      "groups (*/weight: momentum 0.95 nesterov=true | polar | rate 0.02; */bias: adam | rate 0.001)")
    let state = try groups.initialState(for: ["layer/bias": TensorType([3]), "layer/weight": TensorType([2, 3])])
    #expect(!state.isEmpty)
    #expect(throws: DescentError.self) { try ChainParser.parse("polar 0 | rate 1") }
  }

  /// A tensor moves by the rate times the coefficient of its length; where a length is zero, by the plain step.
  @Test func trustRatioMovesByTheParametersLength() throws {
    let moved = try step("trustratio 0.5 | rate 0.1", NDArray([3.0, 4]), gradient: NDArray([0.0, 7])).doubles
    #expect(abs(moved[0] - 3) < 1e-12 && abs(moved[1] - (4 - 0.1 * 0.5 * 5)) < 1e-7)
    #expect(
      try abs(step("trustratio | rate 0.1", NDArray([0.0, 0]), gradient: NDArray([0.0, 7])).doubles[1] + 0.7) < 1e-7)
    #expect(
      try step("trustratio | rate 0.1", NDArray([1.0, 2]), gradient: NDArray([0.0, 0])).doubles == [1, 2])
    #expect(
      try abs(step("trustratio except=w | rate 0.1", NDArray([1.0, 2]), gradient: NDArray([0.0, 7])).doubles[1] - 1.3)
        < 1e-7)
    #expect {
      try step("trustratio except=bias | rate 0.1", NDArray([1.0, 2]), gradient: NDArray([0.0, 7]))
    } throws: { "\($0)".contains("no parameter matches bias") }
  }
}
