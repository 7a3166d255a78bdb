import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct GeneralizationBoundTests {
  /// Formulas of some twenty operations, with values up to 6.
  private let tolerance = rounding(terms: 20, scale: 6)

  private func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// Against Monte Carlo in three dimensions: KL = E_p log(p / q), TV = E_p max(0, 1 - q / p).
  @Test(arguments: [(0.3, 0.5), (1.0, 0.4), (2.0, 1.5)])
  func gaussianDivergencesMatchMonteCarlo(distance: Double, deviation: Double) {
    let direction = [2.0 / 3, -1.0 / 3, 2.0 / 3].map { distance * $0 }
    let draws = 200_000
    let noise = RandomKey(seed: 1).normal(count: 3 * draws)
    var (divergence, squares, variation) = (0.0, 0.0, 0.0)
    for i in 0..<draws {
      var ratio = 0.0  // log(p / q) at x = σ ε with means 0 and b: (‖x - b‖² - ‖x‖²) / (2 σ²)
      for c in 0..<3 {
        let x = deviation * noise[3 * i + c]
        let away = x - direction[c]
        ratio += (away * away - x * x) / (2 * deviation * deviation)
      }
      divergence += ratio / Double(draws)
      squares += ratio * ratio / Double(draws)
      variation += max(0, 1 - exp(-ratio)) / Double(draws)
    }
    let error = ((squares - divergence * divergence) / Double(draws)).squareRoot()
    let exact = GaussianDivergence.kullbackLeibler(distance: distance, deviation: deviation)
    #expect(abs(divergence - exact) < 4 * error)
    let total = GaussianDivergence.totalVariation(distance: distance, deviation: deviation)
    // The variable lies in [0, 1], so its standard error is at most 1 / (2 √draws).
    #expect(abs(variation - total) < 4 * 0.5 / Double(draws).squareRoot())
    #expect(abs(total - (2 * normalDistribution(distance / (2 * deviation)) - 1)) < tolerance)
  }

  /// Against the area between two densities in one dimension, half of it, by the midpoint rule.
  @Test func totalVariationMatchesAnIntegral() {
    for (distance, deviation) in [(0.1, 0.3), (0.7, 0.2), (3.0, 1.0)] {
      func density(_ x: Double) -> Double {
        exp(-x * x / (2 * deviation * deviation)) / (deviation * (2 * Double.pi).squareRoot())
      }
      let (low, high, count) = (-10 * deviation, distance + 10 * deviation, 20_000)
      let step = (high - low) / Double(count)
      let area = (0..<count).reduce(0.0) { sum, i in
        let x = low + (Double(i) + 0.5) * step
        return sum + abs(density(x) - density(x - distance)) / 2 * step
      }
      // The midpoint rule misses step² / 8 times the jump of the slope where the densities cross. Elsewhere both are smooth
      // and vanish at the ends, where it converges faster than any power.
      let jump = 2 * density(distance / 2) * distance / 2 / (deviation * deviation)
      #expect(
        abs(area - GaussianDivergence.totalVariation(distance: distance, deviation: deviation))
          < step * step / 8 * jump + rounding(terms: drift(of: count)))
    }
  }

  /// The best of a fine grid of deviations is where the closed form says.
  @Test(arguments: [(0.01, 3.0), (2.0, 0.05), (1e-4, 40.0)])
  func optimalNoiseMatchesAMinimisation(memory: Double, curvature: Double) {
    let tradeOff = NoiseTradeOff(memory: memory, curvature: curvature)
    let grid = (0...40_000).map { exp(-10 + 20 * Double($0) / 40_000) }
    let best = grid.min { tradeOff.bound(deviation: $0) < tradeOff.bound(deviation: $1) }!
    // Two steps of the grid, and their square.
    #expect(abs(tradeOff.optimalDeviation / best - 1) < 1e-3)
    #expect(abs(tradeOff.optimalBound / tradeOff.bound(deviation: best) - 1) < 1e-6)
    // Memory as 1 / n gives n^(-2/3): eight times the samples, a quarter of the bound.
    let more = NoiseTradeOff(memory: memory / 8, curvature: curvature)
    #expect(abs(more.optimalBound / tradeOff.optimalBound - 0.25) < tolerance)
  }

  /// Sizes that cannot be, as of an edited log, have no bound.
  @Test(arguments: [-1, Double.nan]) func whatIsNoSizeHasNoBound(_ bad: Double) {
    #expect(GaussianDivergence.kullbackLeibler(distance: bad, deviation: 1).isNaN)
    #expect(GaussianDivergence.totalVariation(distance: 1, deviation: bad).isNaN)
    #expect(GaussianDivergence.pinsker(distance: bad, deviation: 1).isNaN)
    #expect(GaussianDivergence.pinsker(distance: 1, deviation: 0).isNaN)
    let bounds = [
      GeneralizationBound.typeTwo(range: 1, distances: [1], deviation: 1, flatness: bad),
      .typeTwo(range: 1, distances: [1, bad], deviation: 1, flatness: 0),
      .typeTwo(range: 1, distances: [], deviation: 1, flatness: 0),
      .typeTwoTotalVariation(range: 1, distances: [1], deviation: bad, flatness: 0),
      .typeTwoSubGaussian(parameter: 1, distances: [bad], deviation: 1, flatness: 0),
      .typeOne(range: 1, pathSquares: [bad], stepDeviation: 1, flatness: 0),
      .typeOne(range: 1, pathSquares: [1], stepDeviation: bad, flatness: 0),
    ]
    for (index, bound) in bounds.enumerated() { #expect(bound.total.isNaN, "\(index)") }
    #expect(NoiseTradeOff(memory: bad, curvature: 1).optimalDeviation.isNaN)
    #expect(NoiseTradeOff(memory: 1, curvature: 0).optimalBound.isNaN)
  }

  /// A learner whose risks are known exactly: fair bits x, θ their mean, and it predicts 1 where θ > 1/2. Its noisy
  /// gap never exceeds the trajectory term, and with one sample equals it: the constant cannot be halved.
  @Test(arguments: [1, 3, 5, 9], [0.02, 0.1, 0.3, 1.0])
  func trajectoryTermHoldsForAKnownLearner(samples n: Int, deviation: Double) {
    var (gap, weight) = (0.0, pow(0.5, Double(n)))  // weight: the probability of `ones` ones
    for ones in 0...n {
      let theta = Double(ones) / Double(n)
      let saysOne = normalDistribution((theta - 0.5) / deviation)
      let training = theta * (1 - saysOne) + (1 - theta) * saysOne
      gap += weight * (training - 0.5)
      weight *= Double(n - ones) / Double(ones + 1)
    }
    // The replacement differs from the sample half of the time, and then moves the mean by 1 / n.
    let bound = GeneralizationBound.typeTwoTotalVariation(
      range: 1, distances: [0, 1 / Double(n)], deviation: deviation, flatness: 0)
    #expect(abs(gap) <= bound.trajectory + tolerance)
    if n == 1 { #expect(abs(abs(gap) - bound.trajectory) < tolerance) }
  }

  /// What theory orders: total variation below Pinsker below the root of the mean square (R = M / 2); one noise on
  /// the final iterate below the chain rule along the path; log(1 + x) below x.
  @Test func boundsAreOrdered() {
    for trial in 0..<50 {
      let key = RandomKey(seed: trial)
      let scale = exp(3 * key.split("scale").normal(count: 1)[0])
      let (twins, steps) = (4, 6)
      let moves = key.split("moves").normal(count: twins * steps * 2).map { $0 * scale }
      var (distances, squares) = ([Double](), [Double]())
      for twin in 0..<twins {
        var (x, y, square) = (0.0, 0.0, 0.0)
        for step in 0..<steps {
          let at = (twin * steps + step) * 2
          x += moves[at]
          y += moves[at + 1]
          square += moves[at] * moves[at] + moves[at + 1] * moves[at + 1]
        }
        distances.append((x * x + y * y).squareRoot())
        squares.append(square)
      }
      let stepDeviation = 0.7
      let deviation = stepDeviation * Double(steps).squareRoot()
      let variation = GeneralizationBound.typeTwoTotalVariation(
        range: 2, distances: distances, deviation: deviation, flatness: 0.1)
      let two = GeneralizationBound.typeTwo(range: 2, distances: distances, deviation: deviation, flatness: 0.1)
      let subGaussian = GeneralizationBound.typeTwoSubGaussian(
        parameter: 1, distances: distances, deviation: deviation, flatness: 0.1)
      let one = GeneralizationBound.typeOne(range: 2, pathSquares: squares, stepDeviation: stepDeviation, flatness: 0.1)
      #expect(variation.total <= two.total && two.total <= subGaussian.total && two.total <= one.total)
      #expect(variation.trajectory < two.trajectory && variation.trajectory <= 2)

      let stretches = (0..<3).map { i in
        GeneralizationBound.Stretch(
          steps: Double(i + 1), rate: 0.1, deviation: 0.02, variance: squares[i], sensitivity: squares[i + 1])
      }
      let wangMao = GeneralizationBound.wangMao(
        parameter: 1, sampleCount: 50, parameterCount: 7, stretches: stretches, flatness: 0)
      let linear = (stretches.reduce(0) { $0 + $1.steps * 25 * $1.variance } / 50).squareRoot()
      let neu = GeneralizationBound.neu(parameter: 1, sampleCount: 50, stretches: stretches, flatness: 0)
      #expect(wangMao.trajectory <= linear && 2 * linear <= neu.trajectory)
    }
  }

  /// Every formula once, by hand.
  @Test func boundsByHand() {
    let two = GeneralizationBound.typeTwo(range: 3, distances: [0.2, 0.4], deviation: 0.5, flatness: 0.25)
    #expect(abs(two.trajectory - 0.9) < tolerance && abs(two.total - 1.15) < tolerance)
    let squares = GeneralizationBound.typeTwoSubGaussian(
      parameter: 1.5, distances: [0.3, 0.4], deviation: 0.5, flatness: 0)
    #expect(abs(squares.trajectory - 3 * 0.125.squareRoot()) < tolerance)
    let one = GeneralizationBound.typeOne(range: 2, pathSquares: [4, 16], stepDeviation: 0.5, flatness: 0)
    #expect(abs(one.trajectory - 6) < tolerance)
    let stretch = GeneralizationBound.Stretch(steps: 10, rate: 0.2, deviation: 0.1, variance: 3, sensitivity: 2)
    let neu = GeneralizationBound.neu(parameter: 0.5, sampleCount: 8, stretches: [stretch], flatness: 1)
    #expect(abs(neu.trajectory - 25.0.squareRoot()) < tolerance && abs(neu.total - 6) < tolerance)
    let wangMao = GeneralizationBound.wangMao(
      parameter: 0.5, sampleCount: 8, parameterCount: 6, stretches: [stretch], flatness: 0)
    #expect(abs(wangMao.trajectory - (0.25 * 6 / 8 * 10 * log(3)).squareRoot()) < tolerance)
  }
}
