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

/// One descent with its predicted and observed paths, or several from one start.
package struct LipschitzTask {
  let configuration: LipschitzDynamicsConfiguration
  let variant: LipschitzVariant
  package let trainer: Trainer
  let probe: LipschitzProbe
  let examples: ExampleArrays
  package let schedule: LipschitzSchedule
  /// A descent from the same start whose batches come from another key.
  private let descent: (RandomKey) throws -> Trainer
  private let key: RandomKey

  package init(
    _ configuration: LipschitzDynamicsConfiguration, _ variant: LipschitzVariant, seed: Int, pool: LipschitzPool
  ) throws {
    self.configuration = configuration
    self.variant = variant
    let key = RandomKey(seed: seed)
    self.key = key
    let training = pool.trainingSet(
      configuration.data.samples, labelNoise: variant.labelNoise, key: key.split("data"))
    let model = variant.model(training.exampleShape, classes: training.classNames.count, configuration.model)
    var steps: [any GradientTransformation] = [LearningRate(variant.rate)]
    if variant.decay > 0 { steps.insert(WeightDecay(variant.decay), at: 0) }
    let optimizer = Chain(steps)
    descent = { batchKey in
      let batches = try BatchSequence(
        training, batchSize: variant.batch, key: batchKey, normalization: pool.normalization, sampling: variant.order)
      return try Trainer(
        model: model, loss: .crossEntropy, optimizer: optimizer, batches: batches, key: key.split("training"))
    }
    trainer = try descent(key.split("batches"))
    probe = try LipschitzProbe(model, gapFloor: configuration.looks.gapFloor) {
      LossFunction.crossEntropy.perSample($0, $1)
    }
    var features = training.featureArray(0..<training.count)
    pool.normalization?.apply(to: &features)
    examples = ExampleArrays(features: features, targets: training.targetArray(at: Array(0..<training.count)))
    schedule = configuration.schedule(variant)
  }

  /// A guess at the time, from a few updates and one look of each kind; the descent is thrown away.
  func cost() throws -> TaskCost {
    func seconds(_ repetitions: Int, _ body: () throws -> Void) rethrows -> Double {
      try body()
      let start = Date()
      for _ in 0..<repetitions { try body() }
      return Date().timeIntervalSince(start) / Double(repetitions)
    }
    let step = try seconds(5) { _ = try trainer.advance() }
    let bytes = trainer.program.workingByteCount
    let steps = configuration.descent.steps
    guard !variant.isReplicated else {
      return TaskCost(seconds: step * Double(steps * configuration.factors.replicates), bytes: bytes)
    }
    let parameters = trainer.state.parameters
    let first = try probe.look(parameters, on: examples)
    let look = try seconds(1) { _ = try probe.look(parameters, on: examples) }
    let glance = try seconds(3) { _ = try probe.look(parameters, on: examples, curvaturesOf: first) }
    return TaskCost(
      seconds: step * Double(steps) + look * Double(schedule.looks.count + 1)
        + glance * Double(steps / schedule.stride), bytes: bytes)
  }

  /// Runs to the end.
  ///
  /// - Parameter clock: seconds, from any origin.
  package func run(clock: () -> Double = { 0 }) throws -> TaskOutcome {
    if variant.isReplicated { return try runReplicates(clock) }
    var values: [Measure: Double] = [:]
    var seconds: [Measure: Double] = [.descentSeconds: 0, .lookSeconds: 0, .glanceSeconds: 0, .normSeconds: 0]
    func timed<R>(_ part: Measure, _ body: () throws -> R) rethrows -> R {
      let start = clock()
      defer { seconds[part]! += clock() - start }
      return try body()
    }

    try timed(.normSeconds) { try measureNorms("start", into: &values) }
    let (rate, batch, decay) = (variant.rate, variant.batch, variant.decay)
    var whole = try timed(.lookSeconds) { try probe.look(trainer.state.parameters, on: examples) }
    var network = LipschitzPrediction(rate: rate, batch: batch, decay: decay, rule: .leftPoint, from: whole)
    var layers = probe.paths.indices.map {
      LipschitzPrediction(rate: rate, batch: batch, decay: decay, layer: $0, rule: .leftPoint, from: whole)
    }
    record(network, layers, whole, into: &values)
    var windows = WindowSums(network)
    var ahead = StepSums()
    let (isWhole, isWindow, isRecorded) = (Set(schedule.looks), Set(schedule.windows), Set(schedule.recorded))
    var (smallestGap, floored, glances) = (1.0, 0, 0)
    for step in 1...configuration.descent.steps {
      _ = try timed(.descentSeconds) { try trainer.advance() }
      let isLook = isWhole.contains(step)
      guard isLook || step % schedule.stride == 0 else {
        // One step after a look Z alone is needed.
        if step - network.step == 1 { try ahead.add(network, observed: logBound()) }
        continue
      }
      let parameters = trainer.state.parameters
      let found: LipschitzLook
      if isLook {
        found = try timed(.lookSeconds) { try probe.look(parameters, on: examples) }
        whole = found
      } else {
        found = try timed(.glanceSeconds) { try probe.look(parameters, on: examples, curvaturesOf: whole) }
        glances += 1
      }
      if step - network.step == 1 { ahead.add(network, observed: found.logBound) }
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
    values[.stepCount] = Double(ahead.count)
    values[.stepSquares] = ahead.squares
    values[.stepDiffusion] = ahead.diffusion
    values[.lookStride] = Double(schedule.stride)
    values[.leastGap] = smallestGap
    values[.flooredPairs] = Double(floored)
    try timed(.normSeconds) { try measureNorms("end", into: &values) }
    values.merge(seconds) { $1 }
    values[.lookCount] = Double(schedule.looks.count + 1)
    values[.glanceCount] = Double(glances)
    return TaskOutcome(values, step: trainer.step, text: "parameters \(trainer.state.parameters.digest)")
  }

  /// Z of the trainer's point.
  private func logBound() throws -> Double {
    try probe.norms(trainer.state.parameters).reduce(0) { $0 + log($1.value) }
  }

  /// Descents from one start on one training set, each with batches of its own: how far their ends scatter.
  private func runReplicates(_ clock: () -> Double) throws -> TaskOutcome {
    let start = clock()
    let ends = try (0..<configuration.factors.replicates).map { index in
      let trainer = try descent(key.split("replicate").split(index))
      for _ in 0..<configuration.descent.steps { _ = try trainer.advance() }
      return try probe.norms(trainer.state.parameters).reduce(0) { $0 + log($1.value) }
    }
    return TaskOutcome(
      [.replicateVariance: Summary(ends).variance, .descentSeconds: clock() - start], step: configuration.descent.steps)
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

/// Observed less predicted changes over single steps.
private struct StepSums {
  private(set) var count = 0
  /// Σ (ΔZ - predicted ΔZ)².
  private(set) var squares = 0.0
  /// Σ η |λ_Z|² of the same steps, the layers' noises together.
  private(set) var diffusion = 0.0

  /// - Parameters:
  ///   - path: at the look before the step.
  ///   - observed: Z after it.
  mutating func add(_ path: LipschitzPrediction, observed: Double) {
    let residual = observed - path.observed - path.nextChange
    squares += residual * residual
    diffusion += path.nextVariance
    count += 1
  }
}

/// Observed less predicted changes over windows.
private struct WindowSums {
  private var residual = 0.0
  private var total: Double
  private(set) var count = 0
  /// Σ (ΔZ - predicted ΔZ)².
  private(set) var squares = 0.0
  /// ∫ |λ_Z|² over the same windows, the layers' noises together.
  private(set) var diffusion = 0.0

  init(_ path: LipschitzPrediction) { total = path.jointDiffusion }

  mutating func close(at path: LipschitzPrediction) {
    let now = path.observed - path.steppedPrediction
    squares += (now - residual) * (now - residual)
    diffusion += path.jointDiffusion - total
    (residual, total) = (now, path.jointDiffusion)
    count += 1
  }
}
