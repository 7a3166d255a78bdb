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

  func network() throws -> CalibrationNetwork { try CalibrationNetwork(named: configuration.model.kind) }

  func model() throws -> any Layer {
    let isColour = configuration.data.name == "cifar10"
    return try network().layer(
      channels: isColour ? 3 : 1, size: isColour ? 32 : 28, width: configuration.model.width)
  }

  /// The arms that project a part of the parameters only.
  ///
  /// - Throws: `SettingsError` where a pattern matches nothing.
  package func ablations() throws -> [CalibrationArm] {
    let paths = try model().layout.entries.filter { !$1.isState }.paths
    return try network().ablations.map { name, patterns in
      for pattern in patterns where !paths.contains(where: { PathPattern(pattern).matches($0) }) {
        throw SettingsError("the arm \(name): no parameter of \(configuration.model.kind) matches \(pattern)")
      }
      return CalibrationArm(description: name, patterns: patterns)
    }
  }

  public func check() throws {
    try configuration.check()
    _ = try ablations()
  }

  // MARK: Running

  public func sweep() throws -> Sweep<CalibrationArm> {
    // Seed by seed, so that a run that is cut off has whole pairs.
    let main = reportedSeeds.flatMap { [CalibrationArm.sgd, .orthogonal].tasks(on: [$0]) }
    let ablations = try ablations()
    let parts = reportedSeeds.prefix(configuration.seeds.ablationCount).flatMap { ablations.tasks(on: [$0]) }
    var sweep = Sweep(main + parts) { locator, _ in
      @Sendable func task(_ task: SweepTask<CalibrationArm>) throws -> CalibrationTask {
        try CalibrationTask(
          self, task.arm, seed: task.seed, data: try CalibrationData(configuration, locator, seed: task.seed))
      }
      return Workbench(cost: { try task($0).cost() }, run: { try task($0).run($1) })
    }
    (sweep.unit, sweep.parts) = ("epochs", configuration.descent.epochs)
    return sweep
  }
}
