import Compilation
import Differentiation
import Foundation
import Reinforcement
import TestSupport
import Testing

@Suite struct WassersteinTests {
  /// All orders of 0..<n.
  private func permutations(_ n: Int) -> [[Int]] {
    guard n > 0 else { return [[]] }
    return permutations(n - 1).flatMap { shorter in
      (0...shorter.count).map { Array(shorter[..<$0]) + [n - 1] + Array(shorter[$0...]) }
    }
  }

  /// The cheapest of all matchings.
  private func bruteForce(_ x: [Double], _ y: [Double], _ p: Double) -> Double {
    let costs = permutations(x.count).map { order in
      order.enumerated().reduce(0.0) { $0 + pow(abs(x[$1.offset] - y[$1.element]), p) }
    }
    return pow(costs.min()! / Double(x.count), 1 / p)
  }

  @Test(arguments: [1.0, 2.0, 3.0]) func sortingIsTheCheapestMatching(_ p: Double) {
    for n in 1...6 {
      let key = RandomKey(seed: 20 + n)
      let (x, y) = (key.split("x").normal(count: n), key.split("y").normal(count: n))
      let expected = bruteForce(x, y, p)
      #expect(abs(Wasserstein.distance(x, y, order: p) - expected) < rounding(terms: 8 * Double(n), scale: 10))
    }
  }

  /// Samples of two sizes: as their copies up to the same size.
  @Test func sizesMayDiffer() {
    let key = RandomKey(seed: 30)
    let (x, y) = (key.split("x").normal(count: 2), key.split("y").normal(count: 3))
    let expected = bruteForce(x.flatMap { [$0, $0, $0] }, y.flatMap { [$0, $0] }, 1)
    #expect(abs(Wasserstein.distance(x, y) - expected) < rounding(terms: 40, scale: 5))
  }

  /// As a loss: the value is W_p^p, the slope that of central differences; pairwise it is another thing.
  @Test(arguments: [1, 2]) func theLossIsDifferentiable(_ p: Int) throws {
    let n = 6
    let key = RandomKey(seed: 40)
    let (x, y) = (key.split("x").normal(count: n), key.split("y").normal(count: n))
    let program = try Program(inputs: [TensorType([n], .float64), TensorType([n], .float64)]) { _, t in
      let loss = Wasserstein.loss(t[0], t[1], order: p)
      return [loss, gradients(of: loss, withRespectTo: [t[0]])[0], Wasserstein.pairwiseLoss(t[0], t[1], order: p)]
    }
    let result = try program.run([NDArray(x), NDArray(y)])
    let expected = pow(bruteForce(x, y, Double(p)), Double(p))
    #expect(abs(result[0].item - expected) < rounding(terms: 30, scale: 10))
    #expect(result[2].item > expected)
    let h = 1e-6
    for index in 0..<n {
      var (up, down) = (x, x)
      up[index] += h
      down[index] -= h
      let slope =
        (pow(Wasserstein.distance(up, y, order: Double(p)), Double(p))
          - pow(Wasserstein.distance(down, y, order: Double(p)), Double(p))) / (2 * h)
      #expect(abs(result[1][flat: index] - slope) < GradientCheck.tolerance(step: h, size: 1))
    }
  }

  /// In the type and size of a training batch the slope is exactly the sign of each matched difference over the size.
  @Test func aBatchHasTheSlopeOfItsMatching() throws {
    let n = 128
    let key = RandomKey(seed: 50)
    let (x, y) = (key.split("x").normal([n]), key.split("y").normal([n]))
    let program = try Program(inputs: [TensorType([n]), TensorType([n])]) { _, t in
      gradients(of: Wasserstein.loss(t[0], t[1]), withRespectTo: [t[0]])
    }
    let slope = try program.run([x, y])[0].floats
    let (a, b) = (x.floats, y.floats.sorted())
    let order = a.indices.sorted { a[$0] < a[$1] }
    for (place, index) in order.enumerated() { #expect(slope[index] == (a[index] > b[place] ? 1 : -1) / Float(n)) }
  }
}
