import Diagnostics
import Foundation
import Reports
import RunLogs
import Training

/// Do mean gradient and gradient noise predict how the Lipschitz bound of a network grows, and what shapes the growth?
///
/// Luo, McDermott, Gagné, Sun, O'Riordan, "Optimization-induced dynamics of Lipschitz continuity in neural networks",
/// arXiv 2506.18588.
public struct LipschitzDynamicsExperiment: Experiment {
  public let configuration: LipschitzDynamicsConfiguration

  public init(_ configuration: LipschitzDynamicsConfiguration) { self.configuration = configuration }

  public static let name = "lipschitz-dynamics"
  public static let summary = "growth of a network's Lipschitz bound, predicted from gradients (arXiv 2506.18588)"

  public static let presets: [Preset<LipschitzDynamicsConfiguration>] = [
    .init(name: "smoke", summary: "seconds: small synthetic images", configuration: .smoke),
    .init(
      name: "quick", summary: "minutes: a linear and a convolutional network on 256 images of Fashion-MNIST",
      configuration: .standard),
    .init(name: "paper", summary: "CIFAR-10, all images, ten seeds: days", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "data.name": "fashion-mnist, mnist, cifar10 or gaussians (small synthetic images)",
    "data.samples": "training examples of each seed",
    "model.kinds": "mlp (three linear layers), cnn (two convolutions)",
    "model.hidden": "hidden units of the mlp's layers", "model.features": "features of the cnn's first convolution",
    "model.initialization": "distribution of the base's start: normal, uniform or orthogonal",
    "model.gain": "scale of the base's start, in units of He et al.", "descent.rate": "learning rate of plain SGD",
    "descent.batch": "samples in one update of the base", "descent.steps": "updates",
    "descent.order": "how the base draws its batches: replacement, shuffled or fixed",
    "factors.labelNoise": "shares of random labels, each in place of none",
    "factors.gains": "scales of the start, each in place of the base's",
    "factors.initializations": "distributions of the start, each in place of the base's",
    "factors.batchSizes": "batch sizes, each in place of the base's",
    "factors.orders": "ways to draw batches, each in place of the base's",
    "factors.decays": "weight decays, each in place of none",
    "factors.rates": "learning rates, each in place of the base's",
    "factors.sharedStart": "whether to run the base with one start and one training set for all seeds",
    "looks.interval": "updates from one look at the drivers to the next, rounded up to whole epochs",
    "looks.recorded": "looks that go to the log, at most",
    "looks.gapFloor": "least relative gap of squared singular values in the Hessian form",
    "seeds.count": "descents of each variant", "seeds.first": "the first seed", "decision.alpha": "level of each test",
    "decision.changeMargin": "predicted over observed growth this near to 1 counts as equal",
    "decision.coverageMargin": "coverage of the band this near to 0.954 counts as right",
    "decision.noiseMargin": "ratios of variances this near to 1 count as equal",
    "decision.exponentMargin": "exponents this near count as equal",
  ]

  private var tasks: [(variant: LipschitzVariant, seed: Int)] {
    configuration.variants.flatMap { variant in reportedSeeds.map { (variant, $0) } }
  }

  public func estimate(_ context: RunContext) throws -> String {
    let waiting = tasks.filter { !context.hasResult($0.task($1)) }
    guard !waiting.isEmpty else { return "all descents are done; drawing the report" }
    let pool = try LipschitzPool(configuration, context.data)
    var total = 0.0
    for kind in configuration.model.kinds {
      for batch in Set(waiting.map(\.variant.batch)).sorted() {
        let tasks = waiting.filter { $0.variant.kind == kind && $0.variant.batch == batch }
        guard let (variant, seed) = tasks.first else { continue }
        total +=
          Double(tasks.count)
          * (try Engine.withThreadCount(1) {
            try seconds(LipschitzTask(configuration, variant, seed: seed, pool: pool))
          })
      }
    }
    let workers = min(Workers.count, waiting.count)
    return "\(waiting.count) descents of \(configuration.descent.steps) updates with looks at what drives their norms: "
      + "about \(ProgressBar.duration(total / Double(workers))), \(workers) at a time"
  }

  /// A guess at one task's time, from a few updates and one look; the descent is thrown away.
  private func seconds(_ task: LipschitzTask) throws -> Double {
    func look() throws { _ = try task.probe.look(task.trainer.state.parameters, on: task.examples) }
    _ = try task.trainer.advance()
    var start = Date()
    for _ in 0..<5 { _ = try task.trainer.advance() }
    let step = Date().timeIntervalSince(start) / 5
    try look()
    start = Date()
    try look()
    return step * Double(configuration.descent.steps)
      + Date().timeIntervalSince(start) * Double(task.schedule.looks.count + 1)
  }

  public func run(_ context: RunContext) throws {
    let configuration = configuration
    guard tasks.contains(where: { !context.hasResult($0.task($1)) }) else { return }
    let pool = try LipschitzPool(configuration, context.data)
    try context.perform(
      tasks, named: { $0.task($1) },
      run: { variant, seed in
        try LipschitzTask(configuration, variant, seed: seed, pool: pool).run(context)
      })
  }
}
