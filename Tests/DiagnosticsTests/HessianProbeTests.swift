import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct HessianProbeTests {
  private func examples(_ seed: Int, _ count: Int, _ width: Int) -> ExampleArrays {
    let key = RandomKey(seed: seed)
    return ExampleArrays(
      features: key.split("x").normal([count, width]), targets: key.split("y").normal([count, 1]))
  }

  private func probe(_ model: any Layer) -> HessianProbe {
    HessianProbe(model, batchSize: 16) { LossFunction.squaredError.perSample($0, $1) }
  }

  /// The Hessian of mean (x w - y)² is 2 XᵀX / n: its ends, by LAPACK. Five products find all of five eigenvalues.
  @Test func endsOfAQuadratic() throws {
    let (data, width) = (examples(1, 40, 5), 5)
    let x = data.features.doubles
    var hessian = [Double](repeating: 0, count: width * width)
    for row in 0..<40 {
      for i in hessian.indices { hessian[i] += 2 * x[width * row + i / width] * x[width * row + i % width] / 40 }
    }
    let expected = try LinearAlgebra.symmetricEigen(of: NDArray(hessian, shape: [width, width])).values.doubles
    let weights = Tree([(path: "weight", leaf: RandomKey(seed: 9).normal([width, 1]))])
    let ends = try probe(Linear(width, 1, bias: false))
      .ends(at: weights, on: data, key: RandomKey(seed: 3), tolerance: 0)
    #expect(ends.products == width)
    #expect(abs(ends.largest - expected[4]) < 1e-5 * expected[4] && abs(ends.least - expected[0]) < 1e-5 * expected[4])
    #expect(ends.largestError < 1e-4 * expected[4] && ends.leastError < 1e-4 * expected[4])
  }

  /// A first direction may hold next to nothing of the largest eigenvalue's: an iteration that ended as soon as it is near some eigenvalue
  /// would name another one.
  @Test func theLargestIsTheLargest() throws {
    let data = ExampleArrays(
      features: NDArray([3.0, 0, 0, 0, 2.9, 0, 0, 0, 2.8].map { Float($0) }, shape: [3, 3]),
      targets: NDArray([Float](repeating: 0, count: 3), shape: [3, 1]))
    let probe = probe(Linear(3, 1, bias: false))
    let weights = Tree([(path: "weight", leaf: NDArray([Float](repeating: 0, count: 3), shape: [3, 1]))])
    for seed in 0..<100 {
      let ends = try probe.ends(at: weights, on: data, key: RandomKey(seed: seed), tolerance: 0.1)
      // 2 x² / 3 of each.
      #expect(abs(ends.largest - 6) < 1e-4 && abs(ends.least - 2 * 2.8 * 2.8 / 3) < 1e-4, "\(seed): \(ends)")
    }
  }

  /// Of a network with hidden units: the Hessian column by column, which is symmetric; its ends are within the errors that are
  /// said, at each number of products; the gradient is that of `RiskProbe`.
  @Test func endsOfANetwork() throws {
    let (model, data) = (MLP([3, 6, 1], activation: .tanh), examples(2, 50, 3))
    let parameters = try model.initialParameters(key: RandomKey(seed: 4))
    let probe = probe(model)
    let count = parameters.leaves.reduce(0) { $0 + $1.count }
    let hessian = try probe.hessian(at: parameters, on: data)
    let largest = hessian.map(abs).max()!
    for i in 0..<count {
      for j in 0..<i { #expect(abs(hessian[i * count + j] - hessian[j * count + i]) < 1e-5 * largest) }
    }
    let expected = try LinearAlgebra.symmetricEigen(of: NDArray(hessian, shape: [count, count])).values.doubles
    let size = max(abs(expected[0]), abs(expected[count - 1]))
    for products in [1, 2, 4, 8, 16, 40] {
      let ends = try probe.ends(
        at: parameters, on: data, key: RandomKey(seed: products), products: products, tolerance: 0)
      #expect(ends.products <= products)
      let slack = 1e-5 * size
      #expect(ends.largest < expected[count - 1] + slack && ends.least > expected[0] - slack)
      // Some eigenvalue is as near as is said.
      for (value, error) in [(ends.largest, ends.largestError), (ends.least, ends.leastError)] {
        #expect(expected.map { abs($0 - value) }.min()! < error + slack, "\(products)")
      }
    }
    let ends = try probe.ends(at: parameters, on: data, key: RandomKey(seed: 5))
    #expect(abs(ends.largest - expected[count - 1]) < 0.011 * size && abs(ends.least - expected[0]) < 0.011 * size)
    #expect(ends.products < 40)

    // Scaled from both sides: D H D.
    let scale = parameters.mapWithPaths { path, leaf in
      NDArray(RandomKey(seed: 6).split(path).normal(count: leaf.count).map { Float(exp($0)) }, shape: leaf.shape)
    }
    let factors = scale.leaves.flatMap(\.doubles)
    let both = hessian.indices.map { hessian[$0] * factors[$0 / count] * factors[$0 % count] }
    let values = try LinearAlgebra.symmetricEigen(of: NDArray(both, shape: [count, count])).values.doubles
    let divided = try probe.ends(at: parameters, on: data, key: RandomKey(seed: 7), tolerance: 0, scale: scale)
    let span = max(abs(values[0]), abs(values[count - 1]))
    #expect(abs(divided.largest - values[count - 1]) < 1e-4 * span && abs(divided.least - values[0]) < 1e-4 * span)

    let risk = RiskProbe(model) { LossFunction.squaredError.perSample($0, $1) }
    let gradient = try probe.gradient(at: parameters, on: data).map(\.doubles)
    #expect(try gradient.squaredDistance(to: risk.gradient(parameters, on: data)) < 1e-10)
  }

  /// A loss that bends nowhere has no curvature, and one that is not finite has none that is known.
  @Test func flatAndNotFinite() throws {
    let data = examples(6, 20, 3)
    let flat = HessianProbe(Linear(3, 1)) { output, _ in output.sum([1]) }
    let parameters = try Linear(3, 1).initialParameters(key: RandomKey(seed: 7))
    let none = try flat.ends(at: parameters, on: data, key: RandomKey(seed: 8))
    #expect(none.largest == 0 && none.least == 0 && none.products == 1)
    #expect(try flat.gradient(at: parameters, on: data).norm > 0)
    let model = MLP([3, 4, 1])
    let wild = try model.initialParameters(key: RandomKey(seed: 7)).map { NDArray(repeating: 1e30, shape: $0.shape) }
    let unknown = try probe(model).ends(at: wild, on: data, key: RandomKey(seed: 8))
    #expect(unknown.largest.isNaN && unknown.leastError.isNaN)
  }
}

extension HessianProbe {
  /// All of the Hessian, row after row, by products with unit vectors.
  func hessian(at parameters: Tree<NDArray>, on data: ExampleArrays) throws -> [Double] {
    let count = parameters.leaves.reduce(0) { $0 + $1.count }
    return try (0..<count).flatMap { column in
      var unit = [Float](repeating: 0, count: count)
      unit[column] = 1
      var start = 0
      let direction = parameters.map { leaf in
        defer { start += leaf.count }
        return NDArray(Array(unit[start..<start + leaf.count]), shape: leaf.shape)
      }
      return try product(with: direction, at: parameters, on: data).leaves.flatMap(\.doubles)
    }
  }
}
