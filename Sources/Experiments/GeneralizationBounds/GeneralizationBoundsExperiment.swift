import Training

/// Does the bound of T2pm-SGD hold, is it tighter than earlier ones, and how does it fall with the training set?
///
/// Xiong, Ding, Zuo, Li, "Tight generalization error bounds for stochastic gradient descent in non-convex learning",
/// arXiv 2506.18645. Plain SGD, each descent beside twins that differ in one sample.
public struct GeneralizationBoundsExperiment: Experiment {
  public let configuration: GeneralizationBoundsConfiguration

  public init(_ configuration: GeneralizationBoundsConfiguration) { self.configuration = configuration }

  public static let name = "generalization-bounds"
  public static let summary = "bounds on SGD's generalisation gap by one-step noise (T2pm, arXiv 2506.18645)"

  public static let presets: [Preset<GeneralizationBoundsConfiguration>] = [
    .init(name: "smoke", summary: "seconds: three Gaussian classes, three sizes", configuration: .smoke),
    .init(
      name: "quick", summary: "minutes: a network on Fashion-MNIST, one pass and several, twelve seeds",
      configuration: .quick),
    .init(
      name: "standard", summary: "hours: MNIST and CIFAR-10, n = 500 to 25,000, 8 seeds",
      configuration: .standard),
    .init(
      name: "paper", summary: "MNIST, Fashion-MNIST, CIFAR-10, n = 1,000 to 50,000, 20 seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "data.names": "mnist, fashion-mnist, cifar10 or gaussians (synthetic)",
    "data.sampleCounts": "sizes of the training set for descents of several passes",
    "data.test": "test examples of each seed, of gap, flatness and gradients",
    "model.hidden": "hidden units of the network for rows and grey images",
    "model.features": "features of the first convolution for colour images",
    "descent.batchSizes": "samples in one update", "descent.steps": "updates, whatever the size of the training set",
    "descent.rate": "learning rate", "descent.twins": "twins of each descent",
    "single.sampleCounts": "sizes of the training set for descents of one pass at most",
    "single.batchSizes": "their samples in one update", "single.steps": "their updates, whatever the size",
    "plateau.samples": "training samples of the descent along which flatness is followed",
    "plateau.batchSize": "its samples in one update",
    "plateau.steps": "its updates; flatness is followed from a quarter of them on",
    "loss.kind": "clipped (cross-entropy, cut off) or zero-one; training descends cross-entropy",
    "loss.limit": "where the clipped loss is cut off, nats",
    "noise.low": "smallest deviation of the noise on the final iterate", "noise.high": "the largest",
    "noise.count": "deviations between them", "noise.pairs": "pairs of opposite draws for each flatness term",
    "noise.examples": "training examples of gap and flatness, at most",
    "noise.stepDeviation": "noise where flatness is followed over the iterations; of type I at the first look",
    "seeds.count": "descents at each point", "seeds.first": "the first seed",
    "seeds.tuningCount": "further descents at each point that only choose the noise",
    "seeds.tuningFirst": "the first seed of those", "decision.alpha": "level of each test",
    "decision.exponentMargin": "exponents this near count as equal",
    "decision.growthMargin": "exponents of growth over the iterations this near to 0 count as none",
    "decision.plateauFall": "the most that the training loss falls while flatness is followed, of its whole fall",
  ]

  // MARK: Running

  package var spots: [BoundsSpot] { configuration.spots }

  public func sweep() throws -> Sweep<BoundsSpot> {
    var sweep = Sweep(spots.tasks(on: tuningSeeds + reportedSeeds)) { locator, waiting in
      let pools = try Dictionary(
        uniqueKeysWithValues: Set(waiting.map(\.arm.data)).map { ($0, try BoundsPool($0, configuration, locator)) })
      @Sendable func task(_ task: SweepTask<BoundsSpot>) throws -> BoundsTask {
        try BoundsTask(configuration, task.arm, seed: task.seed, pool: pools[task.arm.data]!)
      }
      return Workbench(cost: { try task($0).cost() }, run: { item, log in try task(item).run { log.elapsed } })
    }
    sweep.costClass = { "\($0.data) \($0.batch) \($0.regime)" }
    return sweep
  }
}
