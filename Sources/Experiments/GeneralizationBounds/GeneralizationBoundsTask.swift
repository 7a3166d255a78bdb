import Diagnostics
import Foundation
import RunLogs
import Training

/// A point of the grid: data set, size of the training set, batch size.
package struct BoundsSpot: Hashable, Sendable, CustomStringConvertible {
  package var data: String
  package var samples: Int
  package var batch: Int

  package init(data: String, samples: Int, batch: Int) {
    self.data = data
    self.samples = samples
    self.batch = batch
  }

  package var description: String { "\(data) n \(samples) b \(batch)" }
  package func task(_ seed: Int) -> String { "\(self)/seed \(seed)" }
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

  /// Runs to the end and records one result.
  package func run(_ context: RunContext) throws {
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
    var values: [String: Double] = ["parameters": Double(trainer.state.parameters.elementCount)]
    var seconds = ["descent": 0.0, "twins": 0, "flatness": 0, "gradients": 0]
    func timed(_ part: String, _ body: () throws -> Void) rethrows {
      let start = context.elapsed
      try body()
      seconds[part]! += context.elapsed - start
    }

    try timed("gradients") { try measureGradients(gradients, new, noise, step: 0, into: &values) }
    for step in 1...configuration.descent.steps {
      try timed("descent") { _ = try trainer.advance() }
      try timed("twins") {
        for (twin, distance) in zip(twins, distances) {
          _ = try twin.advance()
          try distance.observe(trainer.state.parameters, twin.state.parameters)
        }
      }
      guard probes.contains(step) else { continue }
      for (index, distance) in distances.enumerated() { values["twin/\(index)/distance/\(step)"] = distance.distance }
      try timed("gradients") { try measureGradients(gradients, new, noise, step: step, into: &values) }
      try timed("flatness") {
        // Both types with one deviation at each step: type I has accumulated it.
        let deviation = configuration.noise.stepDeviation
        for (type, factor) in [("two", 1.0), ("one", Double(step).squareRoot())] {
          values["flatness/\(type)/\(step)"] = try risks.flatness(
            trainer.state.parameters, new: new, seen: seen, deviation: deviation * factor,
            pairs: configuration.noise.pairs, key: noise.split("step").split(step))
        }
      }
    }
    for (index, distance) in distances.enumerated() { values["twin/\(index)/path"] = distance.pathSquare }
    let parameters = trainer.state.parameters
    try timed("flatness") {
      for (index, deviation) in configuration.deviations.enumerated() {
        values["flatness/noise/\(index)"] = try risks.flatness(
          parameters, new: new, seen: seen, deviation: deviation, pairs: configuration.noise.pairs,
          key: noise.split("final"))
      }
    }
    values["risk/train"] = try risks.risk(parameters, on: seen)
    values["risk/test"] = try risks.risk(parameters, on: new)
    values["gap"] = values["risk/train"]! - values["risk/test"]!
    for (part, time) in seconds { values["seconds/\(part)"] = time }
    try context.record(
      "result", task: spot.task(seed), step: trainer.step, values, text: "parameters \(parameters.digest)")
  }

  /// Mini-batch noise of the gradient about the true one, and how far accumulated noise moves it, at the parameters of a step.
  private func measureGradients(
    _ probe: RiskProbe, _ new: ExampleArrays, _ noise: RandomKey, step: Int, into values: inout [String: Double]
  ) throws {
    let parameters = trainer.state.parameters
    let batches = trainer.batches
    let next = batches.batch(step, order: batches.order(epoch: step / batches.batchesPerEpoch))
    let batch = try probe.gradient(parameters, on: ExampleArrays(features: next.features, targets: next.targets))
    // The true gradient is known from finitely many examples only: what that adds to the square is known from how far
    // the gradients of both halves are apart, and taken off.
    let halves = try new.halves.map { try probe.gradient(parameters, on: $0) }
    let truth = halves[0].zipped(with: halves[1]) { zip($0, $1).map { ($0 + $1) / 2 } }
    values["variance/\(step)"] = batch.squaredDistance(to: truth) - halves[0].squaredDistance(to: halves[1]) / 4
    let share = (Double(step) / Double(configuration.descent.steps)).squareRoot()
    for (index, deviation) in configuration.deviations.enumerated() {
      values["shift/\(index)/\(step)"] =
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
