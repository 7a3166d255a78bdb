import Diagnostics
import Foundation
import Training

/// The images of one seed: a balanced training subset, a held-out part for the temperature, test images for all.
struct CalibrationData {
  let train: Dataset
  let validation: Dataset
  let test: Dataset
  let normalization: Normalization

  init(_ configuration: CalibrationConfiguration, _ locator: DataLocator, seed: Int) throws {
    let (all, testing) = try locator.load(configuration.data.name)
    let key = RandomKey(seed: seed).split("data")
    let parts = try all.split(
      [configuration.data.validation, all.count - configuration.data.validation], key: key.split("validation"))
    validation = parts[0]
    train = try parts[1].balancedSubset(perClass: configuration.data.trainPerClass, key: key.split("subset"))
    // The same test images for every seed.
    test = try testing.split([configuration.data.test], key: RandomKey(seed: 0).split("test"))[0]
    let statistics = train.channelStatistics()
    normalization = Normalization(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
  }

  func features(_ dataset: Dataset, _ range: Range<Int>) -> NDArray {
    var images = dataset.featureArray(range)
    normalization.apply(to: &images)
    return images
  }
}

/// One descent of one arm, with all that is measured on it.
struct CalibrationTask {
  let configuration: CalibrationConfiguration
  let seed: Int
  let data: CalibrationData
  let trainer: Trainer
  private let arm: CalibrationArm
  private let experiment: CalibrationExperiment
  private let predictor: Predictor

  init(
    _ experiment: CalibrationExperiment, _ arm: CalibrationArm, seed: Int, data: CalibrationData,
    state: TrainingState? = nil
  ) throws {
    self.experiment = experiment
    self.arm = arm
    configuration = experiment.configuration
    self.seed = seed
    self.data = data
    let d = configuration.descent
    let key = RandomKey(seed: seed)
    let batches = try BatchSequence(
      data.train, batchSize: arm.isPlain ? data.train.count : d.batchSize, key: key.split("batches"),
      augmentation: Augmentation(cropPadding: configuration.data.cropPadding, flips: configuration.data.flips),
      normalization: data.normalization)
    let model = try experiment.model(width: arm.width)
    predictor = Predictor(model)
    // Both arms of a seed take the same key: equal weights, equal batches.
    let optimizer = arm.optimizer(configuration)
    let method = GradientDescent(optimizer)
    var start = try Trainer.initialState(model, method, key.split("training"))
    start.parameters = try experiment.network().start(start.parameters)
    trainer = try Trainer(
      model: model, loss: .crossEntropy, method: method, batches: batches, key: key.split("training"),
      state: state ?? start)
  }

  /// Epochs of this arm.
  private var epochs: Int { configuration.descent.epochs * arm.lengthening }

  /// The mean time of a few updates, which are thrown away with this task, for all of them; of what follows a piece of each kind.
  func cost() throws -> TaskCost {
    func seconds(_ body: () throws -> Void) rethrows -> Double {
      let start = Date()
      try body()
      return Date().timeIntervalSince(start)
    }
    _ = try trainer.advance()
    let step = try seconds { for _ in 0..<5 { _ = try trainer.advance() } } / 5
    if arm.isPlain { return TaskCost(seconds: step * Double(configuration.variants.plainSteps)) }
    let corruption = configuration.corruption
    let look = try seconds { _ = try measure(data.features(data.test, 0..<data.test.count), data.test.labels!) }
    let damage = try corruption.kinds.first.map { kind in
      try seconds { _ = try damaged(data.test.featureArray(0..<corruption.images), by: kind, severity: 3) }
    }
    let last = try seconds { _ = try cosines() }
    let looks =
      Double(epochs / configuration.descent.evaluationInterval + 2)
      + Double(data.train.count + data.validation.count) / Double(data.test.count)
    return TaskCost(
      seconds: Double(trainer.batches.batchesPerEpoch * epochs) * step + looks * look
        + 5 * Double(corruption.kinds.count) * (damage ?? 0) + last,
      bytes: trainer.program.workingByteCount)
  }

  func run(_ log: TaskLog<CalibrationArm>) throws -> TaskOutcome {
    if arm.isPlain { return try converge() }
    guard trainer.step == 0, let saved = try log.checkpoints.latest() else { return try descend(log) }
    return try CalibrationTask(experiment, arm, seed: seed, data: data, state: saved).descend(log)
  }

  private func descend(_ log: TaskLog<CalibrationArm>) throws -> TaskOutcome {
    let d = configuration.descent
    log.show(trainer.epoch / arm.lengthening, "")
    let interval = max(1, epochs / 10)
    try EpochDescent(trainer, epochs: epochs, checkpoints: log.checkpoints, checkpointInterval: interval).run {
      trainer, means in
      var values = Dictionary(uniqueKeysWithValues: means.map { (Measure($0.key), $0.value) })
      var detail = String(format: "loss %.3f", values[.batchLoss] ?? .nan)
      if trainer.epoch % d.evaluationInterval == 0 || trainer.epoch == epochs {
        let calibration = try measure(data.features(data.test, 0..<data.test.count), data.test.labels!)
        values.merge(calibration.measured(as: Measure.test)) { $1 }
        detail += String(format: ", accuracy %.1f %%", calibration.accuracy)
      }
      try log.record("epoch", step: trainer.step, values)
      log.show(trainer.epoch / arm.lengthening, detail)
    }
    var outcome = try outcome()
    if configuration.variants.isTimed, arm == .orthogonal { outcome.values[.timeRatio] = try timeRatio(log) }
    return outcome
  }

  /// The time of an update with this arm's projection over that without: the least of turns that follow each other, so
  /// that whatever else runs on the machine hits both.
  private func timeRatio(_ log: TaskLog<CalibrationArm>) throws -> Double {
    let arms = [CalibrationArm.sgd, arm]
    let others = try arms.map { try CalibrationTask(experiment, $0, seed: seed, data: data).trainer }
    var least = [Double](repeating: .infinity, count: arms.count)
    for turn in 0..<21 {
      for (index, other) in others.enumerated() {
        let start = Date()
        for _ in 0..<5 { _ = try other.advance() }
        // The first turn warms up.
        if turn > 0 { least[index] = min(least[index], Date().timeIntervalSince(start)) }
      }
    }
    return least[1] / least[0]
  }

  /// The plain form: how fast the projected gradient vanishes, and where the gradient points at the end.
  private func converge() throws -> TaskOutcome {
    let radial = RadialGradient(trainer.model) { LossFunction.crossEntropy($0, $1) }
    let images = ExampleArrays(
      features: data.features(data.train, 0..<data.train.count), targets: NDArray(data.train.labels!))
    func parts() throws -> [RadialGradient.Part] {
      let state = trainer.state
      return try radial.measure(state.parameters, state.modelState, on: images).leaves
    }
    // Squared norms at steps at equal ratios; the least so far is what the theorem bounds.
    let steps = configuration.variants.plainSteps
    var (least, x, y) = (Double.infinity, [Double](), [Double]())
    var (next, falls, before) = (1, 0, Double.infinity)
    let first = try parts().reduce(0) { $0 + $1.across }
    for step in 1...steps {
      // The loss before the update, on all images.
      let loss = try trainer.advance()[0]
      if loss < before { falls += 1 }
      before = loss
      guard step == next || step == steps else { continue }
      next = max(next + 1, next * 5 / 4)
      least = min(least, try parts().reduce(0) { $0 + $1.across })
      if 8 * step >= steps {
        x.append(log(Double(step)))
        y.append(log(least))
      }
    }
    let last = try parts()
    let (all, across) = (last.reduce(0) { $0 + $1.square }, last.reduce(0) { $0 + $1.across })
    return TaskOutcome(
      [
        .plainExponent: LineFit.slope(x, y), .radialShare: 1 - across / all, .trainLoss: try regime()[.trainLoss]!,
        .plainFalling: Double(falls) / Double(steps), .plainFall: least / first,
      ],
      step: trainer.step, text: "parameters \(trainer.state.parameters.digest)")
  }

  private func logits(_ features: NDArray) throws -> [Double] {
    let state = trainer.state
    return try predictor.predict(features, parameters: state.parameters, modelState: state.modelState).doubles
  }

  private func measure(_ features: NDArray, _ labels: [Int32], temperature: Double = 1) throws -> Calibration {
    Calibration(
      logits: try logits(features), labels: labels, classes: data.test.classNames.count, temperature: temperature)
  }

  /// What the preconditions are about: the fit of the training images, in inference mode and as they are (no crops, no
  /// flips), and the head's width, with the length of its weight.
  private func regime() throws -> [Measure: Double] {
    let training = try measure(data.features(data.train, 0..<data.train.count), data.train.labels!)
    var values: [Measure: Double] = [
      .trainAccuracy: training.accuracy, .trainLoss: training.negativeLogLikelihood,
    ]
    if let head = trainer.state.parameters[CalibrationNetwork.head] {
      values[.headFeatures] = Double(head.shape[0])
      values[.headLength] = head.doubles.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    return values
  }

  /// How far gradients lie along their weights at the end, by all training images as one batch.
  private func cosines() throws -> [Measure: Double] {
    let radial = RadialGradient(trainer.model) { LossFunction.crossEntropy($0, $1) }
    let count = min(data.train.count, 1000)
    let images = ExampleArrays(
      features: data.features(data.train, 0..<count), targets: NDArray(Array(data.train.labels!.prefix(count))))
    let state = trainer.state
    let parts = try radial.measure(state.parameters, state.modelState, on: images)
    let patterns = try experiment.network().invariantWeights.map { PathPattern($0) }
    var values: [Measure: Double] = [:]
    let invariant = zip(parts.paths, parts.leaves).filter { path, _ in patterns.contains { $0.matches(path) } }
    if !invariant.isEmpty { values[.invariantCosine] = invariant.map { abs($0.1.cosine) }.max() }
    if let head = parts[CalibrationNetwork.head] { values[.headCosine] = head.cosine }
    return values
  }

  /// All final measures: regime, test, temperature scaling, damaged images, reliability.
  private func outcome() throws -> TaskOutcome {
    let labels = data.test.labels!
    let testLogits = try logits(data.features(data.test, 0..<data.test.count))
    let classes = data.test.classNames.count
    let final = Calibration(logits: testLogits, labels: labels, classes: classes)
    let temperature = Calibration.fittedTemperature(
      logits: try logits(data.features(data.validation, 0..<data.validation.count)), labels: data.validation.labels!,
      classes: classes)
    let scaled = Calibration(logits: testLogits, labels: labels, classes: classes, temperature: temperature)
    var values = try regime()
    values.merge(try cosines()) { $1 }
    values[.temperature] = temperature
    values.merge(final.measured(as: Measure.test)) { $1 }
    values.merge(scaled.measured(as: Measure.scaled)) { $1 }
    for (index, bin) in final.bins.enumerated() {
      values[.binCount(index)] = Double(bin.count)
      values[.binAccuracy(index)] = bin.accuracy
      values[.binConfidence(index)] = bin.confidence
    }
    let images = data.test.featureArray(0..<configuration.corruption.images)
    for kind in configuration.corruption.kinds {
      for severity in 1...5 {
        let found = try damaged(images, by: kind, severity: severity)
        let measures = found.measured(CalibrationQuantity.ofDamaged) {
          .damaged($0, by: kind, severity: severity)
        }
        values.merge(measures) { $1 }
      }
    }
    return TaskOutcome(values, step: trainer.step, text: "parameters \(trainer.state.parameters.digest)")
  }

  /// Of the first test images with a damage, the same one for all seeds.
  private func damaged(_ images: NDArray, by kind: Corruption, severity: Int) throws -> Calibration {
    var damaged = kind.apply(
      to: images, severity: severity,
      key: RandomKey(seed: 0).split("corruption").split(kind.rawValue).split(severity))
    data.normalization.apply(to: &damaged)
    return try measure(damaged, Array(data.test.labels!.prefix(images.shape[0])))
  }
}
