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
      name: "quick", summary: "minutes: a linear and a convolutional network on 128 images of Fashion-MNIST",
      configuration: .quick),
    .init(
      name: "spread", summary: "minutes: how far 64 descents from each start of quick's networks scatter",
      configuration: .spread),
    .init(
      name: "standard", summary: "hours: 4,000 images of CIFAR-10, half of their labels random or none",
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
    "descent.ends":
      "what descents come to, each with claims of its own: fitted (labels learned by heart), unfit (random ones cannot be)",
    "factors.labelNoise": "shares of random labels, each in place of none",
    "factors.gains": "scales of the start, each in place of the base's",
    "factors.initializations": "distributions of the start, each in place of the base's",
    "factors.batchSizes": "batch sizes, each in place of the base's",
    "factors.orders": "ways to draw batches, each in place of the base's",
    "factors.decays": "weight decays, each in place of none",
    "factors.rates": "learning rates, each in place of the base's",
    "factors.replicates": "descents of the base from each seed's start that differ in their batches alone; 0 for none",
    "looks.stride": "updates from one look at the mean gradient and its noise to the next; 1 for Itô's integral",
    "looks.interval": "updates from one look at all drivers to the next, rounded up to whole epochs",
    "looks.recorded": "looks that go to the log, at most",
    "looks.gapFloor": "least relative gap of squared singular values in the Hessian form",
    "seeds.count": "descents of each variant", "seeds.first": "the first seed", "decision.alpha": "level of each test",
    "decision.changeMargin": "predicted over observed growth this near to 1 counts as equal",
    "decision.coverageMargin": "coverage of the band this near to 0.954 counts as right",
    "decision.noiseMargin": "ratios of variances this near to 1 count as equal",
    "decision.exponentMargin": "exponents this near count as equal",
  ]

  public func sweep() throws -> Sweep<LipschitzVariant> {
    var sweep = Sweep(configuration.variants.tasks(on: reportedSeeds)) { locator, _ in
      let pool = try LipschitzPool(configuration, locator)
      @Sendable func task(_ task: SweepTask<LipschitzVariant>) throws -> LipschitzTask {
        try LipschitzTask(configuration, task.arm, seed: task.seed, pool: pool)
      }
      return Workbench(cost: { try task($0).cost() }, run: { item, log in try task(item).run { log.elapsed } })
    }
    sweep.costClass = { "\($0.kind) \($0.batch) \($0.isReplicated)" }
    return sweep
  }
}
