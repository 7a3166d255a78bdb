import Foundation
import MultiObjective
import TestSupport
import Testing

@Suite struct MinimumNormTests {
  /// Of two vectors the weight of the first is <b, b - a> / |a - b|², cut to 0...1.
  @Test func twoVectorsHaveAClosedForm() {
    for seed in 0..<50 {
      let key = RandomKey(seed: seed)
      let a = key.split("a").normal(count: 3)
      let b = key.split("b").normal(count: 3).map { $0 + (seed % 2 == 0 ? 2 : 0) }
      let (aa, ab, bb) = (product(a, a), product(a, b), product(b, b))
      let expected = min(1, max(0, (bb - ab) / (aa - 2 * ab + bb)))
      let found = MinimumNorm(of: [a, b])
      let tolerance = rounding(terms: 30, condition: (aa + bb) / (aa - 2 * ab + bb))
      #expect(abs(found.weights[0] - expected) < tolerance && abs(found.weights[1] - (1 - expected)) < tolerance)
    }
  }

  /// At the solution no vector has a smaller product with the point than the point with itself.
  @Test(arguments: [1, 2, 3, 5, 8, 20]) func theConditionsHold(count: Int) {
    for seed in 0..<20 {
      for dimension in [2, 10, 40] {
        let key = RandomKey(seed: seed).split(dimension)
        let shift = key.split("shift").normal(count: dimension)
        let vectors = (0..<count).map { i in zip(key.split(i).normal(count: dimension), shift).map { $0 + $1 } }
        let found = MinimumNorm(of: vectors)
        #expect(abs(found.weights.reduce(0, +) - 1) < rounding(terms: 40) && found.weights.min()! >= 0)
        let point = (0..<dimension).map { k in (0..<count).reduce(0) { $0 + found.weights[$1] * vectors[$1][k] } }
        let scale = vectors.map { product($0, $0) }.max()!
        let least = vectors.map { product($0, point) }.min()!
        // Products of up to 40 numbers, combined for up to 20 vectors.
        let tolerance = rounding(terms: Double(dimension + 8 * count), scale: scale)
        #expect(product(point, point) - least < tolerance)
        #expect(abs(product(point, point) - found.squaredNorm) < tolerance)
      }
    }
  }

  /// No point of a fine random search lies nearer.
  @Test func nothingInTheHullIsNearer() {
    let key = RandomKey(seed: 3)
    let vectors = (0..<4).map { i in key.split(i).normal(count: 3).map { $0 + 1 } }
    let found = MinimumNorm(of: vectors)
    let draws = key.split("draws").uniform(count: 4 * 20_000)
    for draw in 0..<20_000 {
      let raw = (0..<4).map { -log(max(draws[4 * draw + $0], 1e-300)) }
      let sum = raw.reduce(0, +)
      let point = (0..<3).map { k in (0..<4).reduce(0) { $0 + raw[$1] / sum * vectors[$1][k] } }
      #expect(product(point, point) >= found.squaredNorm - rounding(terms: 20, scale: 10))
    }
  }

  /// Weights stay weights, and the conditions hold, for vectors that depend on each other up to rounding.
  @Test func nearlyDependentVectorsAreNoTrouble() {
    for seed in 0..<60 {
      let key = RandomKey(seed: seed)
      let basis = (0..<3).map { i in key.split(i).normal(count: 4).map { $0 + 1 } }
      let vectors = (0..<12).map { i -> [Double] in
        let (mix, noise) = (key.split("mix").split(i).uniform(count: 3), key.split("noise").split(i).normal(count: 4))
        return (0..<4).map { k in
          (0..<3).reduce(0.0) { $0 + mix[$1] * basis[$1][k] } + pow(10, -Double(6 + i)) * noise[k]
        }
      }
      let found = MinimumNorm(of: vectors)
      #expect(abs(found.weights.reduce(0, +) - 1) < rounding(terms: 40) && found.weights.min()! >= 0)
      let point = (0..<4).map { k in (0..<12).reduce(0) { $0 + found.weights[$1] * vectors[$1][k] } }
      let scale = vectors.map { product($0, $0) }.max()!
      // What the solver takes for dependent (a pivot below 1e-14) lies within 1e-7 of the others' hull, and most of it across
      // the gap. A thousandth of that is asked for.
      #expect(product(point, point) - vectors.map { product($0, point) }.min()! < 1e-10 * scale)
    }
  }

  @Test func equalAndZeroVectorsAreNoTrouble() {
    #expect(MinimumNorm(of: [[1, 2], [1, 2], [1, 2]]).squaredNorm == 5)
    #expect(MinimumNorm(of: [[0, 0], [0, 0]]).squaredNorm == 0)
    #expect(MinimumNorm(of: [[1, 0], [-1, 0]]).squaredNorm < rounding(terms: 4))
    #expect(projectedOntoSimplex([2, 0, 0]) == [1, 0, 0])
  }

  private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}
