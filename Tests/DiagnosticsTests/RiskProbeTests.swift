import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct RiskProbeTests {
  private let model = Linear(3, 1, bias: false)

  private func examples(_ seed: Int, _ count: Int, scale: Double = 1) -> ExampleArrays {
    let key = RandomKey(seed: seed)
    return ExampleArrays(
      features: key.split("x").normal([count, 3], standardDeviation: scale), targets: key.split("y").normal([count, 1]))
  }

  private func squaredError() -> RiskProbe {
    RiskProbe(model, batchSize: 16) { LossFunction.squaredError.perSample($0, $1) }
  }

  private var weights: Tree<NDArray> { Tree([(path: "weight", leaf: RandomKey(seed: 9).normal([3, 1]))]) }

  /// The Hessian of mean (x w - y)² is 2 XᵀX / n: its trace, and the trace of its square.
  private func traces(_ examples: ExampleArrays) -> (trace: Double, square: Double) {
    let x = examples.features.doubles
    var hessian = [Double](repeating: 0, count: 9)
    for row in 0..<examples.count {
      for i in 0..<9 { hessian[i] += 2 * x[3 * row + i / 3] * x[3 * row + i % 3] / Double(examples.count) }
    }
    return (hessian[0] + hessian[4] + hessian[8], hessian.reduce(0) { $0 + $1 * $1 })
  }

  /// Risk and gradient by hand, in parts of 16, 16 and 8 examples.
  @Test func riskAndGradientByHand() throws {
    let (data, probe) = (examples(1, 40), squaredError())
    let (x, y, w) = (data.features.doubles, data.targets.doubles, weights.leaves[0].doubles)
    var (risk, gradient) = (0.0, [0.0, 0, 0])
    for row in 0..<40 {
      var error = -y[row]
      for c in 0..<3 { error += x[3 * row + c] * w[c] }
      risk += error * error / 40
      for c in 0..<3 { gradient[c] += 2 * error * x[3 * row + c] / 40 }
    }
    // Sums over 40 examples and 3 columns.
    let tolerance = rounding(.float32, terms: drift(of: 43))
    #expect(abs(try probe.risk(weights, on: data) - risk) < tolerance * risk)
    let expected = Tree(sortedPaths: ["weight"], leaves: [gradient])
    #expect(try probe.gradient(weights, on: data).squaredDistance(to: expected) < 3 * pow(2 * tolerance, 2))
  }

  /// For a quadratic loss the rise is σ²/2 times the trace of the Hessian, and the flatness term the difference.
  @Test func flatnessOfAQuadraticIsItsTrace() throws {
    let (new, seen, probe) = (examples(1, 40), examples(2, 24, scale: 0.6), squaredError())
    let (sigma, pairs) = (0.7, 4000)
    let (a, b) = (traces(new), traces(seen))
    let rise = try probe.rise(weights, on: new, deviation: sigma, pairs: pairs, key: RandomKey(seed: 3))
    // A pair of opposite draws gives σ²/2 εᵀHε, whose variance is σ⁴/2 tr H².
    let error = sigma * sigma * (a.square / 2 / Double(pairs)).squareRoot()
    #expect(abs(rise - sigma * sigma / 2 * a.trace) < 4 * error)
    let flatness = try probe.flatness(
      weights, new: new, seen: seen, deviation: sigma, pairs: pairs, key: RandomKey(seed: 4))
    #expect(abs(flatness - sigma * sigma / 2 * (a.trace - b.trace)) < 4 * error)
  }

  /// For a quadratic loss noise moves the gradient by H σ ε: σ² tr H² in the mean.
  @Test func gradientShiftOfAQuadratic() throws {
    let (data, probe) = (examples(1, 40), squaredError())
    let draws = try (0..<600).map {
      try probe.gradientShift(weights, on: data, deviation: 0.3, key: RandomKey(seed: 7).split($0))
    }
    let mean = draws.reduce(0, +) / 600
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 599
    #expect(abs(mean - 0.09 * traces(data).square) < 4 * (variance / 600).squareRoot())
  }

  /// Common random numbers: on one set twice nothing is left, and a key repeats itself.
  @Test func noiseIsShared() throws {
    let (data, probe) = (examples(1, 40), squaredError())
    let key = RandomKey(seed: 5)
    #expect(try probe.flatness(weights, new: data, seen: data, deviation: 1, pairs: 2, key: key) == 0)
    let first = try probe.rise(weights, on: data, deviation: 1, pairs: 2, key: key)
    let again = try probe.rise(weights, on: data, deviation: 1, pairs: 2, key: key)
    let other = try probe.rise(weights, on: data, deviation: 1, pairs: 2, key: key.split("other"))
    #expect(first == again && first != other)
  }

  /// Under ever larger noise a bounded loss is that of a random network, the same on all examples: the flatness term
  /// becomes the gap itself, so that a bound with such noise says nothing else.
  @Test func largeNoiseLeavesTheGap() throws {
    let model = MLP([4, 8, 3])
    let probe = RiskProbe(model) { BoundedLoss.clippedCrossEntropy(limit: 2).perSample($0, $1) }
    let parameters = try model.initialParameters(key: RandomKey(seed: 8))
    func examples(_ label: Int32, _ key: RandomKey) -> ExampleArrays {
      ExampleArrays(features: key.normal([60, 4]), targets: NDArray([Int32](repeating: label, count: 60)))
    }
    let (new, seen) = (examples(0, RandomKey(seed: 9)), examples(1, RandomKey(seed: 10)))
    let gap = try probe.risk(parameters, on: seen) - probe.risk(parameters, on: new)
    func flatness(_ deviation: Double) throws -> Double {
      try probe.flatness(
        parameters, new: new, seen: seen, deviation: deviation, pairs: 3000, key: RandomKey(seed: 11))
    }
    #expect(abs(gap) > 0.1)
    // Small noise changes a loss by its square, 1e-4, times the curvature: far below the gap.
    #expect(abs(try flatness(0.01) / gap) < 0.01)
    // Deviation of the mean of 3,000 pairs: below 1 / √3000.
    #expect(abs(try flatness(1e4) - gap) < 4 / 3000.0.squareRoot())
  }

  /// No two leaves take the same noise: of w and v in mean (x w + v)², equal draws would correlate.
  @Test func leavesTakeDifferentNoise() throws {
    let model = MLP([1, 1])  // bias and weight, both single numbers
    let data = ExampleArrays(
      features: NDArray([Float(1)], shape: [1, 1]), targets: NDArray([Float(0)], shape: [1, 1]))
    let probe = RiskProbe(model) { LossFunction.squaredError.perSample($0, $1) }
    let zero = try model.initialParameters(key: RandomKey(seed: 0)).map { NDArray.zeros($0.shape) }
    // E (ε + ε')² is 2 for independent draws and 4 for equal ones.
    let rise = try probe.rise(zero, on: data, deviation: 1, pairs: 4000, key: RandomKey(seed: 6))
    #expect(abs(rise - 2) < 4 * (8.0 / 4000).squareRoot())
  }

  @Test func boundedLossesByHand() throws {
    let output = NDArray([Float(3), 0, 0, 5], shape: [2, 2])
    let labels = NDArray([Int32(0), 0])
    func values(_ loss: BoundedLoss) throws -> [Double] {
      try Program(inputs: [TensorType(of: output), TensorType(of: labels)]) { _, x in [loss.perSample(x[0], x[1])] }
        .run([output, labels])[0].doubles
    }
    let clipped = try values(.clippedCrossEntropy(limit: 2))
    #expect(abs(clipped[0] - log(1 + exp(-3))) < rounding(.float32, terms: 2, scale: 3) && clipped[1] == 2)
    #expect(try values(.zeroOne) == [0, 1])
    #expect(BoundedLoss.clippedCrossEntropy(limit: 3).subGaussianParameter == 1.5 && BoundedLoss.zeroOne.range == 1)
  }

  /// Distance and path of twins by hand; what is watched does not change.
  @Test func twinDistanceByHand() throws {
    func point(_ a: [Float], _ b: Float) -> Tree<NDArray> {
      Tree([(path: "a", leaf: NDArray(a)), (path: "b", leaf: NDArray([b]))])
    }
    let first = point([1, 2], 3)
    let twins = try TwinDistance(first.types)
    try twins.observe(first, first)
    #expect(twins.distance == 0 && twins.pathSquare == 0)
    try twins.observe(first, point([1, 0], 2))  // difference (0, 2, 1)
    #expect(abs(twins.distance - 5.0.squareRoot()) < rounding(.float32, terms: 1, scale: 3) && twins.pathSquare == 5)
    try twins.observe(first, point([4, 2], 2))  // difference (-3, 0, 1), moved by (-3, -2, 0)
    #expect(abs(twins.distance - 10.0.squareRoot()) < rounding(.float32, terms: 1, scale: 4) && twins.pathSquare == 18)
    #expect(first == point([1, 2], 3))
    #expect(throws: ArgumentError.self) { try twins.observe(first, point([1, 2, 3], 3)) }
  }
}
