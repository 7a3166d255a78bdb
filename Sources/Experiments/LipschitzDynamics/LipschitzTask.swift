import Diagnostics
import Foundation
import Training

/// The examples that descents are drawn from.
package struct LipschitzPool: Sendable {
  let train: Dataset
  let normalization: Normalization?

  package init(_ configuration: LipschitzDynamicsConfiguration, _ locator: DataLocator) throws {
    let (name, samples) = (configuration.data.name, configuration.data.samples)
    if name == "gaussians" {
      train = Self.gaussians(2 * samples)
      normalization = nil
    } else {
      train = try locator.load(name).train
      // Of all training images, so that subsets share it.
      let statistics = train.channelStatistics()
      normalization = Normalization(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
    }
    guard train.count >= samples else {
      throw SettingsError("data.samples: \(name) has \(train.count) training examples, fewer than \(samples)")
    }
  }

  /// Small images of three classes, near enough to be confused.
  private static func gaussians(_ count: Int) -> Dataset {
    let key = RandomKey(seed: 0).split("gaussians")
    return .gaussianClasses(count: count, shape: [6, 6, 1], distance: 0.5, centres: key.split("centres"), key: key)
  }

  /// The training set of a key, some labels replaced by random ones.
  func trainingSet(_ count: Int, labelNoise: Double, key: RandomKey) -> Dataset {
    train.subset(Array(key.split("samples").permutation(train.count).prefix(count)))
      .withLabelNoise(labelNoise, key: key.split("labels"))
  }
}

/// One descent with its predicted and observed paths.
package struct LipschitzTask {
  let configuration: LipschitzDynamicsConfiguration
  let variant: LipschitzVariant
  let seed: Int
  package let trainer: Trainer
  let probe: LipschitzProbe
  let examples: ExampleArrays
  package let schedule: LipschitzSchedule

  package init(
    _ configuration: LipschitzDynamicsConfiguration, _ variant: LipschitzVariant, seed: Int, pool: LipschitzPool
  ) throws {
    self.configuration = configuration
    self.variant = variant
    self.seed = seed
    // Only batches differ between seeds that share a start.
    let start = RandomKey(seed: variant.isStartShared ? configuration.seeds.first : seed)
    let training = pool.trainingSet(
      configuration.data.samples, labelNoise: variant.labelNoise, key: start.split("data"))
    let batches = try BatchSequence(
      training, batchSize: variant.batch, key: RandomKey(seed: seed).split("batches"),
      normalization: pool.normalization, sampling: variant.order)
    let model = variant.model(training.exampleShape, classes: training.classNames.count, configuration.model)
    var steps: [any GradientTransformation] = [LearningRate(variant.rate)]
    if variant.decay > 0 { steps.insert(WeightDecay(variant.decay), at: 0) }
    trainer = try Trainer(
      model: model, loss: .crossEntropy, optimizer: Chain(steps), batches: batches, key: start.split("training"))
    probe = try LipschitzProbe(model, gapFloor: configuration.looks.gapFloor) {
      LossFunction.crossEntropy.perSample($0, $1)
    }
    var features = training.featureArray(0..<training.count)
    pool.normalization?.apply(to: &features)
    examples = ExampleArrays(features: features, targets: training.targetArray(at: Array(0..<training.count)))
    schedule = configuration.schedule(variant)
  }

  /// A guess at the time, from a few updates and one look; the descent is thrown away.
  func cost() throws -> TaskCost {
    func look() throws { _ = try probe.look(trainer.state.parameters, on: examples) }
    _ = try trainer.advance()
    var start = Date()
    for _ in 0..<5 { _ = try trainer.advance() }
    let step = Date().timeIntervalSince(start) / 5
    try look()
    start = Date()
    try look()
    return TaskCost(
      seconds: step * Double(configuration.descent.steps)
        + Date().timeIntervalSince(start) * Double(schedule.looks.count + 1),
      bytes: trainer.program.workingByteCount)
  }

  /// Runs to the end.
  ///
  /// - Parameter clock: seconds, from any origin.
  package func run(clock: () -> Double = { 0 }) throws -> TaskOutcome {
    var values: [Measure: Double] = [:]
    var seconds: [Measure: Double] = [.descentSeconds: 0, .lookSeconds: 0, .normSeconds: 0]
    func timed<R>(_ part: Measure, _ body: () throws -> R) rethrows -> R {
      let start = clock()
      defer { seconds[part]! += clock() - start }
      return try body()
    }
    func look() throws -> LipschitzLook { try probe.look(trainer.state.parameters, on: examples) }

    try timed(.normSeconds) { try measureNorms("start", into: &values) }
    let (rate, batch, decay) = (variant.rate, variant.batch, variant.decay)
    let first = try timed(.lookSeconds) { try look() }
    var network = LipschitzPrediction(rate: rate, batch: batch, decay: decay, from: first)
    var layers = probe.paths.indices.map {
      LipschitzPrediction(rate: rate, batch: batch, decay: decay, layer: $0, from: first)
    }
    record(network, layers, first, into: &values)
    var windows = WindowSums(network)
    let (isWindow, isRecorded) = (Set(schedule.windows), Set(schedule.recorded))
    var (smallestGap, floored) = (1.0, 0)
    for step in schedule.looks {
      try timed(.descentSeconds) { while trainer.step < step { _ = try trainer.advance() } }
      let found = try timed(.lookSeconds) { try look() }
      network.extend(to: step, found)
      for index in layers.indices { layers[index].extend(to: step, found) }
      smallestGap = min(smallestGap, found.layers.map(\.relativeGap).min() ?? 1)
      floored += found.layers.reduce(0) { $0 + $1.flooredPairs }
      if isWindow.contains(step) { windows.close(at: network) }
      if isRecorded.contains(step) { record(network, layers, found, into: &values) }
    }
    for (path, layer) in zip(probe.paths, layers) {
      values[.layer(path, .start)] = layer.start
      values[.layer(path, .z)] = layer.observed
      values[.layer(path, .predicted)] = layer.predicted
      values[.layer(path, .stepped)] = layer.steppedPrediction
      values[.layer(path, .deviation)] = layer.deviation
      values[.layer(path, .drift)] = layer.totals.drift
      values[.layer(path, .curvature)] = layer.totals.curvature
      values[.layer(path, .diffusion)] = layer.totals.diffusion
    }
    values[.windowCount] = Double(windows.count)
    values[.windowSquares] = windows.squares
    values[.windowDiffusion] = windows.diffusion
    values[.leastGap] = smallestGap
    values[.flooredPairs] = Double(floored)
    try timed(.normSeconds) { try measureNorms("end", into: &values) }
    values.merge(seconds) { $1 }
    values[.lookCount] = Double(schedule.looks.count + 1)
    return TaskOutcome(values, step: trainer.step, text: "parameters \(trainer.state.parameters.digest)")
  }

  private func record(
    _ path: LipschitzPrediction, _ layers: [LipschitzPrediction], _ look: LipschitzLook,
    into values: inout [Measure: Double]
  ) {
    let step = path.step
    for (name, layer) in zip(probe.paths, layers) {
      values[.at(step, layer: name, .z)] = layer.observed
      values[.at(step, layer: name, .predicted)] = layer.predicted
      values[.at(step, layer: name, .deviation)] = layer.deviation
    }
    values[.at(step, .z)] = path.observed
    values[.at(step, .predicted)] = path.predicted
    values[.at(step, .stepped)] = path.steppedPrediction
    values[.at(step, .deviation)] = path.deviation
    values[.at(step, .drift)] = path.totals.drift
    values[.at(step, .curvature)] = path.totals.curvature
    values[.at(step, .diffusion)] = path.totals.diffusion
    values[.at(step, .joint)] = path.jointDiffusion
    values[.at(step, .loss)] = look.loss
    values[.at(step, .accuracy)] = look.accuracy ?? .nan
  }

  /// Norms of convolutions: of the reshaped weights, on a torus, and with the padding that the model has.
  private func measureNorms(_ moment: String, into values: inout [Measure: Double]) throws {
    for norm in try probe.convolutionNorms(trainer.state.parameters, on: examples) {
      let name = "\(norm.path)/\(moment)"
      values[.norm(name, .matrix)] = norm.matrix
      values[.norm(name, .bound)] = norm.matrixBound
      values[.norm(name, .circular)] = norm.torus
      values[.norm(name, .padded)] = norm.padded
    }
  }
}

/// Observed less predicted changes over windows.
private struct WindowSums {
  private var residual = 0.0
  private var total: Double
  private(set) var count = 0
  /// Σ (ΔZ - predicted ΔZ)².
  private(set) var squares = 0.0
  /// ∫ |λ_Z|² over the same windows.
  private(set) var diffusion = 0.0

  init(_ path: LipschitzPrediction) { total = path.totals.diffusion }

  mutating func close(at path: LipschitzPrediction) {
    let now = path.observed - path.steppedPrediction
    squares += (now - residual) * (now - residual)
    diffusion += path.totals.diffusion - total
    (residual, total) = (now, path.totals.diffusion)
    count += 1
  }
}
