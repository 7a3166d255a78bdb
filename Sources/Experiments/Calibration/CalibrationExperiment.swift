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
      name: "quick", summary: "minutes: MLP with batch norm, Fashion-MNIST, ablation", configuration: .quick),
    .init(
      name: "variants", summary: "ten minutes: the same with other bases, widths, longer training, the plain form",
      configuration: .variants),
    .init(
      name: "standard", summary: "hours: ResNet-18 of width 16, CIFAR-10 at 10 %, 8 pairs", configuration: .standard),
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
    "variants.bases": "other base optimizers: nesterov, adam, sign (of the velocity)",
    "variants.adamRate": "learning rate of adam", "variants.signRate": "learning rate of sign",
    "variants.unrenormalized": "run the projection without renormalisation too",
    "variants.widths": "other widths of the network",
    "variants.lengthening": "times as many epochs; 1 for no such arms",
    "variants.plainSteps": "updates of the plain form on all training images at once; 0 for none",
    "variants.plainRate": "its learning rate",
    "variants.isTimed": "time updates with and without the projection in turns",
    "variants.seedCount": "seeds of all these, the first of all; 0 for none",
    "corruption.kinds": "damage to test images", "corruption.images": "test images that are damaged",
    "decision.alpha": "level of each test", "decision.accuracyMargin": "percentage points that count as equal accuracy",
    "decision.calibrationMargin": "calibration error that counts as equal",
    "decision.lossMargin": "nats that count as equal loss", "decision.brierMargin": "Brier score that counts as equal",
    "decision.timeMargin": "the share of an update's time that the projection may cost",
  ]

  public static func setSeeds(_ count: Int, in configuration: inout CalibrationConfiguration) {
    configuration.seeds.count = count
    configuration.seeds.ablationCount = min(configuration.seeds.ablationCount, count)
    configuration.variants.seedCount = min(configuration.variants.seedCount, count)
  }

  // MARK: Arms

  func network() throws -> CalibrationNetwork { try CalibrationNetwork(named: configuration.model.kind) }

  package func model(width: Int? = nil) throws -> any Layer {
    let isColour = configuration.data.name == "cifar10"
    return try network().layer(
      channels: isColour ? 3 : 1, size: isColour ? 32 : 28, width: width ?? configuration.model.width)
  }

  /// The arms beyond the pair and its ablations.
  package var variants: [CalibrationArm] {
    let v = configuration.variants
    guard v.seedCount > 0 else { return [] }
    return bases.flatMap { CalibrationArm.pair(on: $0) } + (v.unrenormalized ? [.unrenormalized] : [])
      + v.widths.flatMap { CalibrationArm.pair(width: $0) }
      + (v.lengthening > 1 ? CalibrationArm.pair(lengthening: v.lengthening) : [])
      + (v.plainSteps > 0 ? [.plain] : [])
  }

  /// Other base optimizers.
  var bases: [CalibrationArm.Base] { configuration.variants.bases.compactMap(CalibrationArm.Base.init(rawValue:)) }

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
    guard configuration.variants.seedCount <= configuration.seeds.count else {
      throw SettingsError("variants.seedCount must be at most seeds.count, \(configuration.seeds.count)")
    }
  }

  // MARK: Running

  public func sweep() throws -> Sweep<CalibrationArm> {
    // Seed by seed, so that a run that is cut off has whole pairs.
    let main = reportedSeeds.flatMap { [CalibrationArm.sgd, .orthogonal].tasks(on: [$0]) }
    let ablations = try ablations()
    let parts = reportedSeeds.prefix(configuration.seeds.ablationCount).flatMap { ablations.tasks(on: [$0]) }
    let others = reportedSeeds.prefix(configuration.variants.seedCount).flatMap { variants.tasks(on: [$0]) }
    var sweep = Sweep(main + parts + others) { locator, _ in
      @Sendable func task(_ task: SweepTask<CalibrationArm>) throws -> CalibrationTask {
        try CalibrationTask(
          self, task.arm, seed: task.seed, data: try CalibrationData(configuration, locator, seed: task.seed))
      }
      return Workbench(cost: { try task($0).cost() }, run: { try task($0).run($1) })
    }
    (sweep.unit, sweep.parts) = ("epochs", configuration.descent.epochs)
    sweep.costClass = { "\($0.width ?? 0) \($0.lengthening) \($0.isPlain)" }
    return sweep
  }
}
