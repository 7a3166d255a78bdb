import Foundation
import MultiObjective
import TestSupport
import Testing

/// Three strongly convex objectives on 64 samples: f_s = mean over j of |x - c_s - e_j|² w_s / 2.
@Suite struct MultiObjectiveDescentTests {
  private let n = 64
  private let d = 4

  private func objectives() -> Objectives {
    let noise = RandomKey(seed: 1).normal([n, d], .float64)
    return Objectives(count: 3, dimension: d, data: [noise]) { x, rows in
      (0..<3).map { s in
        let centre = x.graph.constant(NDArray((0..<4).map { $0 == s ? 3.0 : 0 }))
        return (x - centre - rows[0]).squared.sum([1]) * (0.5 * Double(s + 1))
      }
    }
  }

  private func descent(_ method: MultiObjectiveMethod, _ objectives: Objectives) -> MultiObjectiveDescent {
    MultiObjectiveDescent(
      objectives, method: method, rate: 0.1, start: [5, -4, 3, 6], key: RandomKey(seed: 2))
  }

  /// Mean gradients of any samples are those of plain sums.
  @Test func gradientsAreMeans() throws {
    let noise = RandomKey(seed: 1).normal([n, d], .float64).doubles
    let x = [0.5, -1, 2, 0]
    for samples in [[3], [0, 7, 7], Array(0..<n)] {
      let found = try objectives().evaluate(at: x, samples: samples).gradients
      for s in 0..<3 {
        for k in 0..<d {
          let mean = samples.reduce(0.0) { $0 + noise[$1 * d + k] } / Double(samples.count)
          #expect(
            abs(found[s][k] - Double(s + 1) * (x[k] - (k == s ? 3 : 0) - mean)) < rounding(terms: 64 + 4, scale: 9))
        }
      }
    }
  }

  /// A full anchor each q steps, two gradients of q samples between.
  @Test func samplesAreCounted() throws {
    let (full, recursive, batched) = (
      descent(.mgd, objectives()), descent(.stimulus, objectives()), descent(.smgd, objectives())
    )
    for _ in 0..<17 { for item in [full, recursive, batched] { try item.advance() } }
    #expect(full.samples == 17 * 64)
    #expect(recursive.samples == 3 * 64 + 14 * 2 * 8)
    #expect(batched.samples == 17 * 8)
  }

  /// A batch of one's own choice, and no anchor below it.
  @Test func batchesAreAsTold() throws {
    var settings = MultiObjectiveSettings()
    settings.batchSize = 5
    // So large that any few samples would do.
    (settings.epsilon, settings.gammaFactor) = (1e9, 1e-9)
    for (method, expected) in [(MultiObjectiveMethod.smgd, 4 * 5), (.stimulus, 64 + 3 * 2 * 5)] {
      let descent = MultiObjectiveDescent(
        objectives(), method: method, rate: 0.1, start: [5, -4, 3, 6], key: RandomKey(seed: 2), settings: settings)
      for _ in 0..<4 { try descent.advance() }
      #expect(descent.samples == expected)
    }
    let adaptive = MultiObjectiveDescent(
      objectives(), method: .stimulusPlus, rate: 0.1, start: [5, -4, 3, 6], key: RandomKey(seed: 2), settings: settings)
    try adaptive.advance()
    #expect(adaptive.anchorSize == 10)
    for _ in 0..<5 { try adaptive.advance() }
    #expect(adaptive.anchorSize == 5 && adaptive.samples == 10 + 4 * 2 * 5 + 5)
  }

  /// Without momentum the method with it is the one without.
  @Test func noMomentumIsNone() throws {
    var settings = MultiObjectiveSettings()
    settings.momentum = 0
    let still = MultiObjectiveDescent(
      objectives(), method: .stimulusM, rate: 0.1, start: [5, -4, 3, 6], key: RandomKey(seed: 2), settings: settings)
    let plain = descent(.stimulus, objectives())
    for _ in 0..<20 { for item in [still, plain] { try item.advance() } }
    #expect(still.point == plain.point)
  }

  /// Objectives on other samples share the programs and nothing else.
  @Test func programsServeOtherSamples() throws {
    let first = objectives()
    _ = try first.evaluate(at: [1, 2, 3, 4])
    let other = RandomKey(seed: 8).normal([20, d], .float64)
    let mean = (0..<d).map { k in (0..<20).reduce(0.0) { $0 + other.doubles[$1 * d + k] } / 20 }
    let (shared, x) = (first.on([other]), [1.0, 2, 3, 4])
    #expect(shared.sampleCount == 20 && first.sampleCount == n)
    let gradient = try shared.evaluate(at: x).gradients[1]
    for k in 0..<d {
      #expect(abs(gradient[k] - 2 * (x[k] - (k == 1 ? 3 : 0) - mean[k])) < rounding(terms: 20 + 4, scale: 8))
    }
  }

  /// Here the recursion is exact (all samples have one curvature): every variance-reduced method becomes stationary.
  @Test(arguments: [MultiObjectiveMethod.mgd, .stimulus, .stimulusM]) func becomesStationary(
    _ method: MultiObjectiveMethod
  ) throws {
    let objectives = objectives()
    let descent = descent(method, objectives)
    let before = try objectives.stationarity(at: descent.point)
    for _ in 0..<400 { try descent.advance() }
    // 400 steps shrink a gradient to at most 0.9^400, 5e-19 of itself; 1e-12 of its square stands far above rounding.
    #expect(try objectives.stationarity(at: descent.point) < 1e-12 * before)
  }

  /// Scalarisation by recursive gradients ends where the mean objective is least.
  @Test func scalarisationMinimisesTheMean() throws {
    let objectives = objectives()
    let descent = descent(.scalarizationSpider, objectives)
    for _ in 0..<400 { try descent.advance() }
    let gradients = try objectives.evaluate(at: descent.point).gradients
    // The recursion adds up the rounding of 400 steps.
    let tolerance = rounding(terms: 400, scale: 30)
    for k in 0..<d { #expect(abs((0..<3).reduce(0) { $0 + gradients[$1][k] }) < tolerance) }
  }

  /// Every method goes down on the true stationarity, to a fifth in 150 steps, minibatches with their noise too, and a rate
  /// that is too large is seen.
  @Test(arguments: MultiObjectiveMethod.allCases) func descends(_ method: MultiObjectiveMethod) throws {
    let objectives = objectives()
    let descent = descent(method, objectives)
    let before = try objectives.stationarity(at: descent.point)
    for _ in 0..<150 { try descent.advance() }
    #expect(descent.isFinite)
    #expect(try objectives.stationarity(at: descent.point) < 0.2 * before)
    let wild = MultiObjectiveDescent(
      objectives, method: method, rate: 1e6, start: [5, -4, 3, 6], key: RandomKey(seed: 2))
    for _ in 0..<60 { try wild.advance() }
    #expect(!wild.isFinite)
  }
}
