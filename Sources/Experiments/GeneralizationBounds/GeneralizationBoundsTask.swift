import Diagnostics
import Foundation
import Training

/// How often a descent sees its samples.
package enum BoundsRegime: String, CaseIterable, Sendable {
  /// Each sample once at most.
  case single = "one pass"
  /// Small training sets many times.
  case several = "several passes"
  /// Until the training loss hardly falls, without twins.
  case plateau
}

/// A point of the grid: data set, size of the training set, batch size, regime.
public struct BoundsSpot: SweepArm {
  package var data: String
  package var samples: Int
  package var batch: Int
  package var regime: BoundsRegime
  /// Updates.
  package var steps: Int

  package init(data: String, samples: Int, batch: Int, regime: BoundsRegime = .several, steps: Int) {
    (self.data, self.samples, self.batch, self.regime, self.steps) = (data, samples, batch, regime, steps)
  }

  public var description: String {
    "\(data) n \(samples) b \(batch)" + (regime == .several ? "" : ", \(regime.rawValue)")
  }
}

/// One descent with its twins, and all that the bounds need of it.
package struct BoundsTask {
  let configuration: GeneralizationBoundsConfiguration
  let spot: BoundsSpot
  let seed: Int
  let pool: BoundsPool
  package let trainer: Trainer
  /// Descents on the same but for one sample that is visited.
  package let twins: [Trainer]
  /// Positions in the training set that the descent visits, rising.
  package let visited: [Int]
  private let training: Dataset
  private let test: Dataset
  private let probes: [Int]

  package init(
    _ configuration: GeneralizationBoundsConfiguration, _ spot: BoundsSpot, seed: Int, pool: BoundsPool
  ) throws {
    self.configuration = configuration
    self.spot = spot
    self.seed = seed
    self.pool = pool
    probes = configuration.probes(spot)
    let training = pool.trainingSet(spot.samples, seed: seed)
    self.training = training
    let count = spot.regime == .plateau ? 0 : configuration.descent.twins
    let unseen = try pool.unseen(configuration.data.test, replacements: count, seed: seed)
    test = unseen.test
    let key = RandomKey(seed: seed)
    func trainer(_ dataset: Dataset) throws -> Trainer {
      let batches = try BatchSequence(
        dataset, batchSize: spot.batch, key: key.split("batches"), normalization: pool.normalization)
      return try Trainer(
        model: pool.model(configuration.model), loss: .crossEntropy,
        optimizer: Chain([LearningRate(configuration.descent.rate)]), batches: batches, key: key.split("training"))
    }
    self.trainer = try trainer(training)
    let visited = self.trainer.batches.visited(spot.steps)
    self.visited = visited
    twins = try (0..<count).map { index in
      let draw = key.split("twin").split(index).split("position").integers(count: 1, below: visited.count)[0]
      return try trainer(training.replacing(visited[draw], by: unseen.replacements, at: index))
    }
  }

  /// A guess at the time, from a few updates and one look at the noise; the descents are thrown away.
  func cost() throws -> TaskCost {
    _ = try trainer.advance()
    var start = Date()
    for _ in 0..<5 { _ = try trainer.advance() }
    let step = Date().timeIntervalSince(start) / 5
    let loss = try configuration.boundedLoss()
    let probe = RiskProbe(pool.model(configuration.model)) { loss.perSample($0, $1) }
    let examples = pool.examples(test, test.count)
    let point = trainer.state.parameters
    _ = try probe.risk(point, on: examples, deviation: 1, key: RandomKey(seed: 0))
    start = Date()
    _ = try probe.risk(point, on: examples, deviation: 1, key: RandomKey(seed: 0))
    let look = Date().timeIntervalSince(start)
    let (noise, probes) = (configuration.noise, Double(probes.count))
    // Two sets of examples for each pair of draws; a gradient at a moved point costs about two looks.
    let looks =
      spot.regime == .plateau
      ? 4 * Double(noise.pairs) * probes
      : 2 * Double(noise.pairs) * Double(noise.count + 2) + 4 * Double(noise.count) * (probes + 1)
    return TaskCost(seconds: step * Double(spot.steps * (1 + twins.count)) + look * looks)
  }

  /// Runs to the end.
  ///
  /// - Parameter clock: seconds, from any origin.
  package func run(clock: () -> Double = { 0 }) throws -> TaskOutcome {
    let loss = try configuration.boundedLoss()
    let model = pool.model(configuration.model)
    let risks = RiskProbe(model) { loss.perSample($0, $1) }
    let gradients = RiskProbe(model) { LossFunction.crossEntropy.perSample($0, $1) }
    // Gap and flatness take the same examples: as noise grows the one becomes the other, and errors of sampling must
    // not stand between them. Samples that were never seen are new to the network: the training set differs from new data
    // by the visited alone, and so by their share of the difference.
    let new = pool.examples(test, test.count)
    let seen = pool.examples(training.subset(Array(visited.prefix(configuration.noise.examples))), visited.count)
    let share = Double(visited.count) / Double(spot.samples)
    let noise = RandomKey(seed: seed).split("noise")
    let distances = try twins.map { _ in try TwinDistance(trainer.state.parameters.types) }
    let isTwinned = !twins.isEmpty
    var values: [Measure: Double] = [
      .parameterCount: Double(trainer.state.parameters.elementCount), .visitedShare: share,
      .passes: Double(spot.steps * spot.batch) / Double(spot.samples),
      .trainingRisk(at: 0): try risks.risk(trainer.state.parameters, on: seen),
    ]
    var seconds: [Measure: Double] = [
      .descentSeconds: 0, .twinSeconds: 0, .flatnessSeconds: 0, .gradientSeconds: 0,
    ]
    func timed(_ part: Measure, _ body: () throws -> Void) rethrows {
      let start = clock()
      try body()
      seconds[part]! += clock() - start
    }

    if isTwinned {
      try timed(.gradientSeconds) { try measureGradients(gradients, new, noise, step: 0, into: &values) }
    }
    let looks = Set(probes)
    for step in 1...spot.steps {
      try timed(.descentSeconds) { _ = try trainer.advance() }
      try timed(.twinSeconds) {
        for (twin, distance) in zip(twins, distances) {
          _ = try twin.advance()
          try distance.observe(trainer.state.parameters, twin.state.parameters)
        }
      }
      guard looks.contains(step) else { continue }
      for (index, distance) in distances.enumerated() { values[.twinDistance(index, at: step)] = distance.distance }
      if isTwinned {
        try timed(.gradientSeconds) { try measureGradients(gradients, new, noise, step: step, into: &values) }
      }
      values[.trainingRisk(at: step)] = try risks.risk(trainer.state.parameters, on: seen)
      guard !isTwinned || step == spot.steps else { continue }
      try timed(.flatnessSeconds) {
        // One deviation at each step, so small that both types have the same at the first look: from there on type I
        // accumulates it. All of a long descent would leave a random network, whose bounded loss cannot rise.
        let deviation = configuration.noise.stepDeviation
        let growth = (Double(step) / Double(probes[0])).squareRoot()
        for (type, factor) in [(FlatnessType.two, 1.0), (.one, growth)] {
          values[.flatness(type, at: step)] =
            share
            * (try risks.flatness(
              trainer.state.parameters, new: new, seen: seen, deviation: deviation * factor,
              pairs: configuration.noise.pairs, key: noise.split("step").split(step)))
        }
        values[.noisyRisk] = try risks.risk(
          trainer.state.parameters, on: new, deviation: deviation * growth, key: noise.split("accumulated"))
      }
    }
    for (index, distance) in distances.enumerated() { values[.twinPath(index)] = distance.pathSquare }
    let parameters = trainer.state.parameters
    if isTwinned {
      try timed(.flatnessSeconds) {
        for (index, deviation) in configuration.deviations.enumerated() {
          values[.flatness(underNoise: index)] =
            share
            * (try risks.flatness(
              parameters, new: new, seen: seen, deviation: deviation, pairs: configuration.noise.pairs,
              key: noise.split("final")))
        }
      }
    }
    let (train, test) = (try risks.risk(parameters, on: seen), try risks.risk(parameters, on: new))
    values.merge([.trainingRisk: train, .testRisk: test, .riskGap: share * (train - test)]) { $1 }
    values.merge(seconds) { $1 }
    return TaskOutcome(values, step: trainer.step, text: "parameters \(parameters.digest)")
  }

  /// Mini-batch noise of the gradient about the true one, and how far accumulated noise moves it, at the parameters of a step.
  private func measureGradients(
    _ probe: RiskProbe, _ new: ExampleArrays, _ noise: RandomKey, step: Int, into values: inout [Measure: Double]
  ) throws {
    let parameters = trainer.state.parameters
    let batches = trainer.batches
    let next = batches.batch(step, order: batches.order(epoch: step / batches.batchesPerEpoch))
    let batch = try probe.gradient(parameters, on: ExampleArrays(features: next.features, targets: next.targets))
    // The true gradient is known from finitely many examples only: what that adds to the square is known from how far
    // the gradients of both halves are apart, and taken off.
    let halves = try new.halves.map { try probe.gradient(parameters, on: $0) }
    let truth = halves[0].zipped(with: halves[1]) { zip($0, $1).map { ($0 + $1) / 2 } }
    values[.gradientVariance(at: step)] =
      batch.squaredDistance(to: truth) - halves[0].squaredDistance(to: halves[1]) / 4
    let share = (Double(step) / Double(spot.steps)).squareRoot()
    for (index, deviation) in configuration.deviations.enumerated() {
      values[.gradientShift(underNoise: index, at: step)] =
        step == 0
        ? 0
        : try probe.gradientShift(
          parameters, from: truth, on: new, deviation: deviation * share, key: noise.split("gradient").split(step))
    }
  }
}

extension BatchSequence {
  /// Positions of the examples that the first updates see, rising.
  fileprivate func visited(_ steps: Int) -> [Int] {
    var seen = Set<Int>()
    for epoch in 0...(steps - 1) / batchesPerEpoch where seen.count < dataset.count {
      let batches = min(batchesPerEpoch, steps - epoch * batchesPerEpoch)
      seen.formUnion(order(epoch: epoch).prefix(batches * batchSize))
    }
    return seen.sorted()
  }
}

extension ExampleArrays {
  /// The first and the second half of an even number of examples.
  fileprivate var halves: [ExampleArrays] {
    [0..<count / 2, count / 2..<count].map {
      ExampleArrays(features: features.rows($0), targets: targets.rows($0))
    }
  }
}
