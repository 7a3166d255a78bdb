import Diagnostics
import Foundation
import Reports
import RunLogs
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
      name: "quick", summary: "minutes: a network on Fashion-MNIST, n = 250 to 4,000, twelve seeds",
      configuration: .standard),
    .init(
      name: "paper", summary: "MNIST, Fashion-MNIST, CIFAR-10, n = 1,000 to 50,000, 20 seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "data.names": "mnist, fashion-mnist, cifar10 or gaussians (synthetic)",
    "data.sampleCounts": "sizes of the training set",
    "data.test": "test examples, of gap, flatness and gradients",
    "model.hidden": "hidden units of the network for rows and grey images",
    "model.features": "features of the first convolution for colour images",
    "descent.batchSizes": "samples in one update", "descent.steps": "updates, whatever the size of the training set",
    "descent.rate": "learning rate", "descent.twins": "twins of each descent",
    "loss.kind": "clipped (cross-entropy, cut off) or zero-one; training descends cross-entropy",
    "loss.limit": "where the clipped loss is cut off, nats",
    "noise.low": "smallest deviation of the noise on the final iterate", "noise.high": "the largest",
    "noise.count": "deviations between them", "noise.pairs": "pairs of opposite draws for each flatness term",
    "noise.examples": "training examples of gap and flatness, at most",
    "noise.stepDeviation": "noise of each step where flatness is followed over the iterations",
    "seeds.count": "descents at each point", "seeds.first": "the first seed",
    "seeds.tuningCount": "further descents at each point that only choose the noise",
    "seeds.tuningFirst": "the first seed of those", "decision.alpha": "level of each test",
    "decision.exponentMargin": "exponents this near count as equal",
    "decision.growthMargin": "exponents of growth over the iterations this near to 0 count as none",
  ]

  // MARK: Running

  package var spots: [BoundsSpot] {
    configuration.data.names.flatMap { data in
      configuration.descent.batchSizes.flatMap { batch in
        configuration.data.sampleCounts.map { BoundsSpot(data: data, samples: $0, batch: batch) }
      }
    }
  }

  private var tasks: [(spot: BoundsSpot, seed: Int)] {
    spots.flatMap { spot in (tuningSeeds + reportedSeeds).map { (spot, $0) } }
  }

  private func waiting(_ context: RunContext) -> [(spot: BoundsSpot, seed: Int)] {
    tasks.filter { !context.hasResult($0.task($1)) }
  }

  public func estimate(_ context: RunContext) throws -> String {
    let waiting = waiting(context)
    guard !waiting.isEmpty else { return "all descents are done; drawing the report" }
    var total = 0.0
    for name in configuration.data.names {
      let pool = try BoundsPool(name, configuration, context.data)
      for batch in configuration.descent.batchSizes {
        let tasks = waiting.filter { $0.spot.data == name && $0.spot.batch == batch }
        guard let first = tasks.first else { continue }
        total +=
          Double(tasks.count)
          * (try Engine.withThreadCount(1) {
            try seconds(BoundsTask(configuration, first.spot, seed: first.seed, pool: pool))
          })
      }
    }
    let workers = min(Workers.count, waiting.count)
    return
      "\(waiting.count) descents of \(configuration.descent.steps) updates, each with \(configuration.descent.twins) "
      + "twins: about \(ProgressBar.duration(total / Double(workers))), \(workers) at a time"
  }

  /// A guess at one task's time, from a few updates and one look at the noise; the descents are thrown away.
  private func seconds(_ task: BoundsTask) throws -> Double {
    _ = try task.trainer.advance()
    var start = Date()
    for _ in 0..<5 { _ = try task.trainer.advance() }
    let step = Date().timeIntervalSince(start) / 5
    let loss = try configuration.boundedLoss()
    let probe = RiskProbe(task.pool.model(configuration.model)) { loss.perSample($0, $1) }
    let examples = task.pool.examples(task.pool.test, configuration.data.test)
    let point = task.trainer.state.parameters
    _ = try probe.risk(point, on: examples, deviation: 1, key: RandomKey(seed: 0))
    start = Date()
    _ = try probe.risk(point, on: examples, deviation: 1, key: RandomKey(seed: 0))
    let look = Date().timeIntervalSince(start)
    let (noise, probes) = (configuration.noise, Double(configuration.probes.count))
    // Two sets of examples for each pair of draws; a gradient at a moved point costs about two looks.
    let looks = 2 * Double(noise.pairs) * (Double(noise.count) + 2 * probes) + 4 * Double(noise.count) * probes
    return step * Double(configuration.descent.steps * (1 + configuration.descent.twins)) + look * looks
  }

  public func run(_ context: RunContext) throws {
    let configuration = configuration
    let pools = try Dictionary(
      uniqueKeysWithValues: Set(waiting(context).map(\.spot.data)).sorted().map {
        ($0, try BoundsPool($0, configuration, context.data))
      })
    try context.perform(
      tasks, named: { $0.task($1) },
      run: { spot, seed in
        try BoundsTask(configuration, spot, seed: seed, pool: pools[spot.data]!).run(context)
      })
  }
}
