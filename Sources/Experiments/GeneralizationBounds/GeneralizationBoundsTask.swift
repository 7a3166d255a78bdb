import Diagnostics
import Foundation
import Training

/// A point of the grid: data set, size of the training set, batch size.
public struct BoundsSpot: SweepArm {
  package var data: String
  package var samples: Int
  package var batch: Int

  package init(data: String, samples: Int, batch: Int) {
    self.data = data
    self.samples = samples
    self.batch = batch
  }

  public var description: String { "\(data) n \(samples) b \(batch)" }
}

/// One descent with its twins, and all that the bounds need of it.
package struct BoundsTask {
  let configuration: GeneralizationBoundsConfiguration
  let spot: BoundsSpot
  let seed: Int
  let pool: BoundsPool
  package let trainer: Trainer
  /// Descents on the same but for one sample.
  package let twins: [Trainer]
  private let training: Dataset

  package init(
    _ configuration: GeneralizationBoundsConfiguration, _ spot: BoundsSpot, seed: Int, pool: BoundsPool
  ) throws {
    self.configuration = configuration
    self.spot = spot
    self.seed = seed
    self.pool = pool
    let training = pool.trainingSet(spot.samples, seed: seed)
    self.training = training
    let key = RandomKey(seed: seed)
    func trainer(_ dataset: Dataset) throws -> Trainer {
      let batches = try BatchSequence(
        dataset, batchSize: spot.batch, key: key.split("batches"), normalization: pool.normalization)
      return try Trainer(
        model: pool.model(configuration.model), loss: .crossEntropy,
        optimizer: Chain([LearningRate(configuration.descent.rate)]), batches: batches, key: key.split("training"))
    }
    self.trainer = try trainer(training)
    twins = try (0..<configuration.descent.twins).map { index in
      let twinKey = key.split("twin").split(index)
      return try trainer(
        training.replacing(
          twinKey.split("position").integers(count: 1, below: spot.samples)[0], by: pool.replacements,
          at: twinKey.split("replacement").integers(count: 1, below: pool.replacements.count)[0]))
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
    let examples = pool.examples(pool.test, configuration.data.test)
    let point = trainer.state.parameters
    _ = try probe.risk(point, on: examples, deviation: 1, key: RandomKey(seed: 0))
    start = Date()
    _ = try probe.risk(point, on: examples, deviation: 1, key: RandomKey(seed: 0))
    let look = Date().timeIntervalSince(start)
    let (noise, probes) = (configuration.noise, Double(configuration.probes.count))
    // Two sets of examples for each pair of draws; a gradient at a moved point costs about two looks.
    let looks = 2 * Double(noise.pairs) * (Double(noise.count) + 2 * probes) + 4 * Double(noise.count) * probes
    return TaskCost(
      seconds: step * Double(configuration.descent.steps * (1 + configuration.descent.twins)) + look * looks)
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
    // not stand between them.
    let new = pool.examples(pool.test, pool.test.count)
    let seen = pool.examples(training, configuration.noise.examples)
    let noise = RandomKey(seed: seed).split("noise")
    let distances = try twins.map { _ in try TwinDistance(trainer.state.parameters.types) }
    let probes = Set(configuration.probes)
    var values: [Measure: Double] = [.parameterCount: Double(trainer.state.parameters.elementCount)]
    var seconds: [Measure: Double] = [
      .descentSeconds: 0, .twinSeconds: 0, .flatnessSeconds: 0, .gradientSeconds: 0,
    ]
    func timed(_ part: Measure, _ body: () throws -> Void) rethrows {
      let start = clock()
      try body()
      seconds[part]! += clock() - start
    }

    try timed(.gradientSeconds) { try measureGradients(gradients, new, noise, step: 0, into: &values) }
    for step in 1...configuration.descent.steps {
      try timed(.descentSeconds) { _ = try trainer.advance() }
      try timed(.twinSeconds) {
        for (twin, distance) in zip(twins, distances) {
          _ = try twin.advance()
          try distance.observe(trainer.state.parameters, twin.state.parameters)
        }
      }
      guard probes.contains(step) else { continue }
      for (index, distance) in distances.enumerated() { values[.twinDistance(index, at: step)] = distance.distance }
      try timed(.gradientSeconds) { try measureGradients(gradients, new, noise, step: step, into: &values) }
      try timed(.flatnessSeconds) {
        // Both types with one deviation at each step: type I has accumulated it.
        let deviation = configuration.noise.stepDeviation
        for (type, factor) in [(FlatnessType.two, 1.0), (.one, Double(step).squareRoot())] {
          values[.flatness(type, at: step)] = try risks.flatness(
            trainer.state.parameters, new: new, seen: seen, deviation: deviation * factor,
            pairs: configuration.noise.pairs, key: noise.split("step").split(step))
        }
      }
    }
    for (index, distance) in distances.enumerated() { values[.twinPath(index)] = distance.pathSquare }
    let parameters = trainer.state.parameters
    try timed(.flatnessSeconds) {
      for (index, deviation) in configuration.deviations.enumerated() {
        values[.flatness(underNoise: index)] = try risks.flatness(
          parameters, new: new, seen: seen, deviation: deviation, pairs: configuration.noise.pairs,
          key: noise.split("final"))
      }
    }
    let (train, test) = (try risks.risk(parameters, on: seen), try risks.risk(parameters, on: new))
    values.merge([.trainingRisk: train, .testRisk: test, .riskGap: train - test]) { $1 }
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
    let share = (Double(step) / Double(configuration.descent.steps)).squareRoot()
    for (index, deviation) in configuration.deviations.enumerated() {
      values[.gradientShift(underNoise: index, at: step)] =
        step == 0
        ? 0
        : try probe.gradientShift(
          parameters, from: truth, on: new, deviation: deviation * share, key: noise.split("gradient").split(step))
    }
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
