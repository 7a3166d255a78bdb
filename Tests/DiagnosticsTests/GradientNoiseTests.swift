import Diagnostics
import Foundation
import Testing

@Suite struct GradientNoiseTests {
  /// A linear model whose single gradients are known: of (x w - y)², 2 x (x w - y).
  private func population(_ count: Int, _ width: Int) -> (data: ExampleArrays, gradients: [[Double]], at: Tree<NDArray>)
  {
    let key = RandomKey(seed: 5)
    let data = ExampleArrays(
      features: key.split("x").normal([count, width]), targets: key.split("y").normal([count, 1]))
    let weights = [Double](repeating: 0.5, count: width)
    let (x, y) = (data.features.doubles, data.targets.doubles)
    let gradients = (0..<count).map { row in
      let error = (0..<width).reduce(-y[row]) { $0 + x[row * width + $1] * weights[$1] }
      return (0..<width).map { 2 * x[row * width + $0] * error }
    }
    return (data, gradients, Tree([(path: "weight", leaf: NDArray(weights.map { Float($0) }, shape: [width, 1]))]))
  }

  private func moments(_ gradients: [[Double]]) -> (trace: Double, square: Double) {
    let n = Double(gradients.count)
    let mean = gradients[0].indices.map { i in gradients.reduce(0) { $0 + $1[i] } / n }
    let square = mean.reduce(0) { $0 + $1 * $1 }
    let sum = gradients.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
    return ((sum - n * square) / (n - 1), square)
  }

  private let probe = HessianProbe(Linear(4, 1, bias: false)) { LossFunction.squaredError.perSample($0, $1) }

  /// Parts of one example, all of them: both numbers are exact, and nothing is left to correct.
  @Test func allExamplesOneByOne() throws {
    let (data, gradients, weights) = population(60, 4)
    let expected = moments(gradients)
    let noise = try probe.noise(at: weights, on: data, parts: 60, of: 60)
    #expect(abs(noise.trace - expected.trace) < 1e-5 * expected.trace)
    #expect(abs(noise.squaredLength - expected.square) < 1e-5 * expected.square)
    #expect(abs(noise.scale! - expected.trace / expected.square) < 1e-4 * noise.scale!)
    // Without one example after another, from the gradients themselves: those left are a sample of all 60.
    let signals = gradients.indices.map { i -> Double in
      var rest = gradients
      rest.remove(at: i)
      let found = moments(rest)
      return (found.square - found.trace / 59 * (1 - 59 / 60.0)) / found.trace
    }
    let mean = signals.reduce(0, +) / 60
    let error = (59.0 / 60 * signals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }).squareRoot()
    #expect(abs(noise.signal.error - error) < 1e-4 * error)
  }

  /// Parts of random draws: on the mean what all examples have, within five standard errors; and the interval of a single draw
  /// holds the true scale about as often as it says.
  @Test(arguments: [(40, 10), (100, 20), (400, 20)]) func drawsAreUnbiased(_ drawn: Int, _ parts: Int) throws {
    let (data, gradients, weights) = population(400, 4)
    let expected = moments(gradients)
    let draws = try (0..<300).map { draw in
      let rows = Array(RandomKey(seed: draw).permutation(400).prefix(drawn))
      let (x, y) = (data.features.doubles, data.targets.doubles)
      let part = ExampleArrays(
        features: NDArray(rows.flatMap { row in (0..<4).map { Float(x[4 * row + $0]) } }, shape: [drawn, 4]),
        targets: NDArray(rows.map { Float(y[$0]) }, shape: [drawn, 1]))
      return try probe.noise(at: weights, on: part, parts: parts, of: 400)
    }
    func check(_ values: [Double], _ truth: Double) {
      let n = Double(values.count)
      let mean = values.reduce(0, +) / n
      let error = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1) / n).squareRoot()
      #expect(abs(mean - truth) < 5 * error + 1e-5 * abs(truth), "\(mean) ± \(error), not \(truth)")
    }
    check(draws.map(\.trace), expected.trace)
    check(draws.map(\.squaredLength), expected.square)
    let scale = expected.trace / expected.square
    let held = draws.filter { ($0.low ?? .infinity) <= scale && scale <= ($0.high ?? .infinity) }.count
    #expect(held > 240, "\(held) of 300 intervals hold the scale")
  }

  /// Where all gradients are one there is no noise; where they cancel there is no signal.
  @Test func endsOfTheScale() throws {
    let one = Tree([(path: "weight", leaf: NDArray([Float(0)], shape: [1, 1]))])
    let probe = HessianProbe(Linear(1, 1, bias: false)) { LossFunction.squaredError.perSample($0, $1) }
    func noise(_ targets: [Float]) throws -> GradientNoise {
      let x = NDArray([Float](repeating: 1, count: targets.count), shape: [targets.count, 1])
      let data = ExampleArrays(features: x, targets: NDArray(targets, shape: [targets.count, 1]))
      return try probe.noise(at: one, on: data, parts: targets.count, of: 1000)
    }
    #expect(try noise([1, 1, 1, 1]).trace == 0)
    #expect(try noise([1, 1, 1, 1]).squaredLength == 4)
    #expect(try noise([1, 1, 1, 1]).scale == 0)
    let cancelling = try noise([1, -1, 1, -1, 1, -1])
    #expect(cancelling.squaredLength < 0 && cancelling.scale == nil && cancelling.high == nil)
  }
}
