import Diagnostics
import Foundation
import RunLogs
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
  let name: String
  let seed: Int
  let data: CalibrationData
  let trainer: Trainer
  private let arm: CalibrationExperiment.Arm
  private let experiment: CalibrationExperiment
  private let predictor: Predictor

  init(
    _ experiment: CalibrationExperiment, _ arm: CalibrationExperiment.Arm, seed: Int, data: CalibrationData,
    state: TrainingState? = nil
  ) throws {
    self.experiment = experiment
    self.arm = arm
    configuration = experiment.configuration
    name = arm.task(seed)
    self.seed = seed
    self.data = data
    let d = configuration.descent
    let key = RandomKey(seed: seed)
    let batches = try BatchSequence(
      data.train, batchSize: d.batchSize, key: key.split("batches"),
      augmentation: Augmentation(cropPadding: configuration.data.cropPadding, flips: configuration.data.flips),
      normalization: data.normalization)
    let model = try experiment.model()
    predictor = Predictor(model)
    // Both arms of a seed take the same key: equal weights, equal batches.
    trainer = try Trainer(
      model: model, loss: .crossEntropy, optimizer: experiment.optimizer(arm), batches: batches,
      key: key.split("training"), state: state)
  }

  /// Mean time of a few updates, which are thrown away with this task.
  func secondsPerStep() throws -> Double {
    _ = try trainer.advance()
    let start = Date()
    for _ in 0..<5 { _ = try trainer.advance() }
    return Date().timeIntervalSince(start) / 5
  }

  func run(_ context: RunContext, onEpoch: (Int, String) -> Void) throws {
    let store = context.checkpoints(of: name)
    guard trainer.step == 0, let saved = try store.latest() else { return try descend(context, store, onEpoch) }
    let resumed = try CalibrationTask(experiment, arm, seed: seed, data: data, state: saved)
    try resumed.descend(context, store, onEpoch)
  }

  private func descend(_ context: RunContext, _ store: CheckpointStore, _ onEpoch: (Int, String) -> Void) throws {
    let interval = max(1, configuration.descent.epochs / 10)
    try Descent(trainer, epochs: configuration.descent.epochs, checkpoints: store, checkpointInterval: interval).run {
      trainer, means in
      var values = means
      var detail = String(format: "loss %.3f", means["loss/train"]!)
      if trainer.epoch % configuration.descent.evaluationInterval == 0 || trainer.epoch == configuration.descent.epochs
      {
        let calibration = try measure(data.features(data.test, 0..<data.test.count), data.test.labels!)
        for (tag, value) in calibration.values { values["test/" + tag] = value }
        detail += String(format: ", accuracy %.1f %%", calibration.accuracy)
      }
      try context.record("epoch", task: name, step: trainer.step, values)
      onEpoch(trainer.epoch, detail)
    }
    try conclude(context)
    store.removeAll()
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
  private func regime() throws -> [String: Double] {
    let training = try measure(data.features(data.train, 0..<data.train.count), data.train.labels!)
    var values = ["train/accuracy": training.accuracy, "train/nll": training.negativeLogLikelihood]
    if let head = trainer.state.parameters[CalibrationNetwork.head] {
      values["head/features"] = Double(head.shape[0])
      values["head/length"] = head.doubles.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    return values
  }

  /// All final measures: regime, test, temperature scaling, corruption sweep, reliability.
  private func conclude(_ context: RunContext) throws {
    let labels = data.test.labels!
    let step = trainer.step
    let testLogits = try logits(data.features(data.test, 0..<data.test.count))
    let classes = data.test.classNames.count
    let final = Calibration(logits: testLogits, labels: labels, classes: classes)
    let temperature = Calibration.fittedTemperature(
      logits: try logits(data.features(data.validation, 0..<data.validation.count)), labels: data.validation.labels!,
      classes: classes)
    let scaled = Calibration(logits: testLogits, labels: labels, classes: classes, temperature: temperature)
    var values = try regime()
    values["temperature"] = temperature
    for (tag, value) in final.values { values["test/" + tag] = value }
    for (tag, value) in scaled.values { values["scaled/" + tag] = value }
    for (index, bin) in final.bins.enumerated() {
      values["bin/\(index)/count"] = Double(bin.count)
      values["bin/\(index)/accuracy"] = bin.accuracy
      values["bin/\(index)/confidence"] = bin.confidence
    }
    let images = data.test.featureArray(0..<configuration.corruption.images)
    let imageLabels = Array(labels.prefix(configuration.corruption.images))
    for kind in configuration.corruption.kinds {
      for severity in 1...5 {
        var damaged = kind.apply(
          to: images, severity: severity,
          key: RandomKey(seed: 0).split("corruption").split(kind.rawValue).split(severity))
        data.normalization.apply(to: &damaged)
        let result = try measure(damaged, imageLabels)
        for tag in ["accuracy", "nll", "ece", "entropy", "maxSoftmax"] {
          values["corrupted/\(kind.rawValue)/\(severity)/\(tag)"] = result.values[tag]
        }
      }
    }
    try context.record(
      "result", task: name, step: step, values, text: "parameters \(trainer.state.parameters.digest)")
  }
}
