import Datasets
import Experiments
import Foundation
import MultiObjective
import RunLogs
import TestSupport
import Testing
import Training

/// The problems of the experiment are what they say.
@Suite struct MultiObjectiveProblemTests {
  /// Made-up samples until ε are many, so that a descent may take many.
  private let configuration: MultiObjectiveConfiguration = {
    var c = MultiObjectiveExperiment.presets[0].configuration
    (c.logistic.epochs, c.quadratic.epochs) = (1e9, 1e9)
    return c
  }()

  private func gradients(_ problem: MultiObjectiveProblem, _ x: [Double]) throws -> [[Double]] {
    try problem.objectives.evaluate(at: x).gradients
  }

  /// One Hessian with the given spectrum for all objectives, and the convex hull of the minima is what is Pareto-optimal.
  @Test func theQuadraticIsWhatItSays() throws {
    let (d, condition) = (5, 16.0)
    let problem = try MultiObjectiveProblem.quadratic(
      samples: 40, dimension: d, objectives: 3, condition: condition, key: RandomKey(seed: 4), programs: nil)
    let zero = [Double](repeating: 0, count: d)
    let atZero = try gradients(problem, zero)
    var hessians = (0..<3).map { _ in [Double](repeating: 0, count: d * d) }
    for k in 0..<d {
      var x = zero
      x[k] = 1
      for (s, g) in try gradients(problem, x).enumerated() {
        for i in 0..<d { hessians[s][i * d + k] = g[i] - atZero[s][i] }
      }
    }
    // Differences of two gradients, each a mean over 40 samples of 5 products.
    let tolerance = rounding(terms: 2 * (40 + 5), scale: 1 + atZero.joined().map { abs($0) }.max()!)
    for s in 1..<3 { #expect(zip(hessians[s], hessians[0]).allSatisfy { abs($0 - $1) < tolerance }) }
    let hessian = NDArray(hessians[0], shape: [d, d])
    let eigenvalues = try LinearAlgebra.symmetricEigen(of: hessian).values.doubles.sorted()
    for k in 0..<d { #expect(abs(eigenvalues[k] - pow(condition, Double(k) / 4 - 1)) < Double(d) * tolerance) }
    #expect(problem.strongConvexity == 1 / condition)
    let minima = try atZero.map { try LinearAlgebra.solve(hessian, NDArray($0.map { -$0 }, shape: [d, 1])).doubles }
    for (weights, isInside) in [([0.2, 0.5, 0.3], true), ([1, 0, 0], true), ([1.2, -0.4, 0.2], false)] {
      let x = (0..<d).map { i in (0..<3).reduce(0.0) { $0 + weights[$1] * minima[$1][i] } }
      let (distance, stationarity) = (problem.squaredDistance!(x), try problem.objectives.stationarity(at: x))
      // Squared distances are differences of products of vectors to the minima (d terms, 9 of them); what the solution is off
      // by, condition x tolerance, enters by its square. Gradients are no longer than these vectors.
      let farthest = minima.map { zip(x, $0).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }.max()!
      let nothing = rounding(terms: Double(d + 9), scale: farthest) + pow(condition * tolerance, 2)
      #expect((distance < nothing) == isInside && (stationarity < nothing) == isInside)
    }
  }

  /// Descent along the minimum-norm direction contracts stationarity by (1 - η μ)² at least in each step.
  @Test func fullGradientsContractTheQuadratic() throws {
    let problem = try MultiObjectiveProblem.quadratic(
      samples: 30, dimension: 4, objectives: 3, condition: 10, key: RandomKey(seed: 1), programs: nil)
    let descent = MultiObjectiveDescent(
      problem.objectives, method: .mgd, rate: 0.5, start: problem.start, key: RandomKey(seed: 0))
    var before = try problem.objectives.stationarity(at: descent.point)
    for _ in 0..<40 {
      try descent.advance()
      let now = try problem.objectives.stationarity(at: descent.point)
      #expect(now <= before * pow(1 - 0.5 * problem.strongConvexity!, 2) * (1 + rounding(terms: 60, condition: 100)))
      before = now
    }
  }

  /// Mean losses and gradients of the logistic problem by plain sums and central differences.
  @Test func theLogisticProblemHasItsGradients() throws {
    let problem = MultiObjectiveProblem.logistic(
      samples: 12, configuration.synthetic, key: RandomKey(seed: 2), programs: nil)
    let (x, h) = (problem.start, 1e-5)
    let found = try gradients(problem, x)
    for k in x.indices {
      var (up, down) = (x, x)
      up[k] += h
      down[k] -= h
      let (a, b) = (try problem.objectives.evaluate(at: up).values, try problem.objectives.evaluate(at: down).values)
      // Losses up to 10, of sums of 24 numbers, over the step, and h² / 6 of third derivatives up to 10.
      let tolerance = rounding(terms: 24, scale: 10) / h + h * h / 6 * 10
      for s in 0..<found.count { #expect(abs((a[s] - b[s]) / (2 * h) - found[s][k]) < tolerance) }
    }
    // Far out the penalty is ρ d, whatever the labels: the losses are then not convex.
    let far = try problem.objectives.evaluate(at: x.map { _ in 0 }).values
    #expect(far.allSatisfy { abs($0 - log(2)) < rounding(terms: 24) })
  }

  /// The programs of one problem serve another with the same numbers.
  @Test func programsAreShared() throws {
    let key = RandomKey(seed: 3)
    let fresh = MultiObjectiveProblem.logistic(samples: 20, configuration.synthetic, key: key, programs: nil)
    let other = MultiObjectiveProblem.logistic(
      samples: 33, configuration.synthetic, key: RandomKey(seed: 9), programs: nil)
    let shared = MultiObjectiveProblem.logistic(
      samples: 20, configuration.synthetic, key: key, programs: other.objectives)
    #expect(try gradients(fresh, fresh.start) == gradients(shared, shared.start))
  }

  /// The head of a digit has no part in the other's loss; both have the trunk.
  @Test func twoDigitsShareATrunk() throws {
    let bytes = RandomKey(seed: 5).integers(count: 6 * 784, below: 256).map { UInt8($0) }
    let digits = Dataset(
      name: "digits", features: .images(bytes, height: 28, width: 28, channels: 1),
      targets: .classes([0, 1, 2, 3, 4, 9]),
      classNames: (0..<10).map { "\($0)" })
    let problem = try MultiObjectiveProblem.multiMNIST(
      samples: 4, test: 3, digits: (digits, digits), key: RandomKey(seed: 6), programs: nil)
    #expect(problem.start.count == 260 + 5020 + 16_050 + 2 * (2550 + 510))
    let found = try gradients(problem, problem.start)
    // Paths in order: left, right, trunk.
    let (left, right, trunk) = (0..<3060, 3060..<6120, 6120..<problem.start.count)
    for (own, other, s) in [(left, right, 0), (right, left, 1)] {
      #expect(found[s][own].contains { $0 != 0 } && found[s][other].allSatisfy { $0 == 0 })
      #expect(found[s][trunk].contains { $0 != 0 })
    }
    #expect(problem.test!.sampleCount == 3)
  }

  /// Flows are in units of the training rows' deviations, and eight losses are means of squares.
  @Test func riverFlowIsStandardised() throws {
    let (rows, width) = (50, 3)
    let features = RandomKey(seed: 7).normal(count: rows * width).map { Float(5 + 3 * $0) }
    let targets = RandomKey(seed: 8).normal(count: rows * 8).map { Float(100 + 20 * $0) }
    let data = Dataset(
      name: "flows", features: .numbers(NDArray(features, shape: [rows, width])),
      targets: .numbers(NDArray(targets, shape: [rows, 8])))
    let problem = try MultiObjectiveProblem.riverFlow(
      samples: rows, width: 2, data: (data, data), key: RandomKey(seed: 1), programs: nil)
    // With all parameters 0 the prediction is the mean, and the loss the variance of standardised numbers.
    let values = try problem.objectives.evaluate(at: problem.start.map { _ in 0 }).values
    // Sums over 50 rows, of numbers whose mean is five deviations.
    let tolerance = rounding(terms: Double(2 * rows), condition: 25)
    #expect(values.count == 8 && values.allSatisfy { abs($0 - Double(rows - 1) / Double(rows)) < tolerance })
    #expect(throws: SettingsError.self) {
      try MultiObjectiveProblem.riverFlow(
        samples: rows + 1, width: 2, data: (data, data), key: RandomKey(seed: 1), programs: nil)
    }
  }

  /// A descent that ends no better than a prediction without features has failed, however stationary; a better one not.
  @Test(arguments: [(1e-12, 1.0), (0.5, 0.0)]) func toStandStillIsToFail(rate: Double, failed: Double) throws {
    let arena = MultiObjectiveArena(problem: "quadratic", samples: 16)
    var problem = try MultiObjectiveProblem.quadratic(
      samples: 16, dimension: 3, objectives: 2, condition: 4, key: RandomKey(seed: 1), programs: nil)
    let losses = try problem.objectives.look(at: problem.start).values
    problem.idleLoss = losses.reduce(0, +) / Double(losses.count)
    let task = MultiObjectiveTask(
      configuration: configuration, run: MultiObjectiveRun(arena, MultiObjectiveArm(.stimulus), rate: rate), seed: 0,
      keepsCurve: true)
    let values = try task.measured(problem)
    #expect(values[.failed] == failed)
    #expect(values[.lookStationarity(at: 0)] == values[.startStationarity] && values[lookSamples[0]] == 0)
    // What was counted until a level is what the look at it had counted.
    if let samples = values[.samples(untilLevel: 0)] {
      let looks = values.keys.filter { $0.tag.hasSuffix("/samples") && values[$0] == samples }
      #expect(looks.count == 1)
    } else {
      #expect(failed == 1)
    }
  }

  /// L of the logistic problem bounds differences of gradients, and descents by full gradients meet the theorem's bound at
  /// the rate 1 / (2 L).
  @Test func theTheoremHoldsWhereItIsMeant() throws {
    let problem = MultiObjectiveProblem.logistic(
      samples: 40, configuration.synthetic, key: RandomKey(seed: 2), programs: nil)
    let smoothness = try #require(problem.smoothness)
    let (a, b) = (try gradients(problem, problem.start), try gradients(problem, problem.start.map { $0 + 0.1 }))
    let step = 0.1 * Double(problem.start.count).squareRoot()
    for (g, h) in zip(a, b) {
      let change = zip(g, h).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      #expect(change > 0 && change <= smoothness * step)
    }
    let descent = MultiObjectiveDescent(
      problem.objectives, method: .mgd, rate: 1 / (2 * smoothness), start: problem.start, key: RandomKey(seed: 0))
    func mean() throws -> Double {
      let values = try problem.objectives.look(at: descent.point).values
      return values.reduce(0, +) / Double(values.count)
    }
    let first = try mean()
    var looks: [MultiObjectiveEvidence.Look] = []
    for step in 0..<60 {
      let stationarity = try problem.objectives.stationarity(at: descent.point)
      looks.append(.init(step: Double(step), samples: 0, stationarity: stationarity))
      try descent.advance()
    }
    let ratio = MultiObjectiveEvidence.boundRatio(looks, rate: 1 / (2 * smoothness), fall: first - (try mean()))
    #expect(ratio > 0 && ratio < 1)
  }
}
