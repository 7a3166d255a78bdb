import Diagnostics
import Foundation
import Reports
import RunLogs
import Training

/// Does removing the weight-parallel part of each gradient keep a classifier from growing overconfident?
///
/// SGD against the same with `OrthogonalProjection`, in pairs: for each seed both start from the same weights and see the
/// same batches. Hedges, "OrthoGrad improves neural calibration", arXiv 2506.04487.
public struct CalibrationExperiment: Experiment {
  public let configuration: CalibrationConfiguration

  public init(_ configuration: CalibrationConfiguration) { self.configuration = configuration }

  public static let name = "calibration"
  public static let summary = "orthogonal gradients against SGD: calibration with few labels (arXiv 2506.04487)"

  public static let presets: [Preset<CalibrationConfiguration>] = [
    .init(name: "smoke", summary: "seconds: a small network, two seeds", configuration: .smoke),
    .init(
      name: "quick", summary: "minutes: MLP with batch norm, Fashion-MNIST, ablation", configuration: .standard),
    .init(name: "paper", summary: "the published scale: ResNet-18, CIFAR-10 at 10 %, 20 seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "data.name": "fashion-mnist, mnist or cifar10", "data.trainPerClass": "training images of each class",
    "data.validation": "held-out training images for the temperature", "data.test": "test images",
    "data.cropPadding": "random crops from an image padded by so many pixels",
    "data.flips": "mirror half of the images",
    "model.kind": "mlp (with batch normalisation), cnn, resnet8 or resnet18",
    "model.width": "features of the first stage; of each of the mlp's two hidden layers",
    "descent.epochs": "passes over the training images", "descent.batchSize": "images in one update",
    "descent.rate": "learning rate", "descent.momentum": "decay of the velocity",
    "descent.weightDecay": "L2 coefficient, not projected", "descent.renormalizes": "restore the gradient's length",
    "descent.isGuarded": "leave single elements and parallel gradients as they are",
    "descent.evaluationInterval": "epochs from one test to the next",
    "seeds.count": "pairs of runs", "seeds.first": "the first seed", "seeds.ablationCount": "seeds of each ablation",
    "corruption.kinds": "damage to test images", "corruption.images": "test images that are damaged",
    "decision.alpha": "level of each test", "decision.accuracyMargin": "percentage points that count as equal accuracy",
    "decision.calibrationMargin": "calibration error that counts as equal",
  ]

  public static func setSeeds(_ count: Int, in configuration: inout CalibrationConfiguration) {
    configuration.seeds.count = count
    configuration.seeds.ablationCount = min(configuration.seeds.ablationCount, count)
  }

  // MARK: Arms

  struct Arm: Sendable {
    var name: String
    /// Patterns of projected parameters; nil for plain SGD, empty for all.
    var patterns: [String]?

    func task(_ seed: Int) -> String { "\(name)/seed \(seed)" }
  }

  static let baseline = Arm(name: "sgd", patterns: nil)
  static let orthogonal = Arm(name: "orthogonal", patterns: [])

  /// - Throws: `SettingsError` where a pattern of an ablation matches nothing.
  func ablationArms() throws -> [Arm] {
    let paths = try model().layout.entries.filter { !$1.isState }.paths
    return try network().ablations.map { name, patterns in
      for pattern in patterns where !paths.contains(where: { PathPattern(pattern).matches($0) }) {
        throw SettingsError("the arm \(name): no parameter of \(configuration.model.kind) matches \(pattern)")
      }
      return Arm(name: name, patterns: patterns)
    }
  }

  /// The arms that project a part of the parameters only.
  package func ablationNames() throws -> [String] { try ablationArms().map(\.name) }

  func tasks() throws -> [(arm: Arm, seed: Int)] {
    let seeds = configuration.seeds
    let main = (seeds.first..<seeds.first + seeds.count).flatMap { seed in
      [(Self.baseline, seed), (Self.orthogonal, seed)]
    }
    let ablations = try ablationArms()
    return main
      + (seeds.first..<seeds.first + min(seeds.ablationCount, seeds.count)).flatMap { seed in
        ablations.map { ($0, seed) }
      }
  }

  func optimizer(_ arm: Arm) -> Chain {
    let d = configuration.descent
    var stages: [any GradientTransformation] = []
    if let patterns = arm.patterns {
      stages.append(OrthogonalProjection(renormalizes: d.renormalizes, guarded: d.isGuarded, paths: patterns))
    }
    return Chain(stages + [WeightDecay(d.weightDecay), Momentum(d.momentum), LearningRate(d.rate)])
  }

  func network() throws -> CalibrationNetwork { try CalibrationNetwork(named: configuration.model.kind) }

  func model() throws -> any Layer {
    let isColour = configuration.data.name == "cifar10"
    return try network().layer(
      channels: isColour ? 3 : 1, size: isColour ? 32 : 28, width: configuration.model.width)
  }

  public func check() throws {
    try configuration.check()
    _ = try tasks()
  }

  // MARK: Running

  public func estimate(_ context: RunContext) throws -> String {
    let tasks = try tasks().filter { !context.hasResult($0.arm.task($0.seed)) }
    guard let first = tasks.first else { return "all \(try self.tasks().count) descents are done; drawing the report" }
    let bench = try CalibrationTask(
      self, first.arm, seed: first.seed, data: try CalibrationData(configuration, context.data, seed: first.seed))
    let seconds = try Engine.withThreadCount(1) { try bench.secondsPerStep() }
    let steps = Double(bench.trainer.batches.batchesPerEpoch * configuration.descent.epochs)
    // Evaluation after each epoch and the corruption sweep cost about a forward pass each.
    let forward =
      Double(
        configuration.descent.epochs / configuration.descent.evaluationInterval * configuration.data.test + 25
          * configuration.corruption.images)
      / Double(configuration.descent.batchSize) * seconds / 3
    let workers = min(Workers.count, tasks.count)
    let total = Double(tasks.count) * (steps * seconds + forward) / Double(workers)
    let memory = Double(bench.trainer.program.workingByteCount * workers) / 1_048_576
    return "\(tasks.count) descents of \(configuration.descent.epochs) epochs: about \(ProgressBar.duration(total)) "
      + "(\(String(format: "%.1f", seconds * 1000)) ms a step, \(workers) at a time), \(Int(memory)) MB of working memory and the data"
  }

  public func run(_ context: RunContext) throws {
    let tasks = try tasks()
    let epochs = configuration.descent.epochs
    let waiting = tasks.filter { !context.hasResult($0.arm.task($0.seed)) }
    let bar = SharedProgress(
      context.makeProgress(total: tasks.count * epochs), done: (tasks.count - waiting.count) * epochs)
    try Workers.run(waiting) { arm, seed in
      let data = try CalibrationData(configuration, context.data, seed: seed)
      let task = try CalibrationTask(self, arm, seed: seed, data: data)
      var reached = 0
      try task.run(context) { epoch, detail in
        bar.advance(by: epoch - reached, "\(arm.task(seed)): \(detail)")
        reached = epoch
      }
    }
    bar.finish()
  }
}
