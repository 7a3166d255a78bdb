import Descending
import Diagnostics
import Foundation

/// Plain SGD on training sets of growing size, each descent beside twins with one sample replaced.
public struct GeneralizationBoundsConfiguration: SeededConfiguration {
  /// Data sets, and the sizes of training sets drawn from each.
  public struct Data: Codable, Sendable, Equatable {
    /// Any of mnist, fashion-mnist, cifar10 or gaussians (synthetic).
    public var names: [String]
    /// Sizes n of the training set for descents of several passes; the larger contain the smaller.
    public var sampleCounts: [Int]
    /// Test examples of each seed, for gap, flatness and gradients; even, as halves are compared.
    public var test: Int
  }

  /// The network: two layers for rows and grey images, a small convolutional one for colour.
  public struct Network: Codable, Sendable, Equatable {
    /// Hidden units of the network for rows and grey images.
    public var hidden: Int
    /// Features of the first convolution for colour images.
    public var features: Int
  }

  /// Descents that visit each sample once at most.
  public struct SinglePass: Codable, Sendable, Equatable {
    /// Sizes n of the training set; the larger contain the smaller.
    public var sampleCounts: [Int]
    /// Samples in one update.
    public var batchSizes: [Int]
    /// Updates, whatever the size; with the largest batch at most one pass over the smallest training set.
    public var steps: Int
  }

  /// A descent until its training loss hardly falls, along which flatness is followed.
  public struct Plateau: Codable, Sendable, Equatable {
    /// Size of the training set.
    public var samples: Int
    /// Samples in one update.
    public var batchSize: Int
    /// Updates; flatness is followed from a quarter of them on.
    public var steps: Int
  }

  /// Plain SGD of several passes, and its twins, which differ in one sample.
  public struct Descent: Codable, Sendable, Equatable {
    /// Samples in one update.
    public var batchSizes: [Int]
    /// Updates, whatever the size of the training set.
    public var steps: Int
    /// Learning rate, the same throughout.
    public var rate: Double
    /// Twins of each descent, each with another of the samples replaced that it visits.
    public var twins: Int
  }

  /// The bounded loss that the bounds are about; training descends the cross-entropy.
  public struct Loss: Codable, Sendable, Equatable {
    /// One of clipped (cross-entropy, cut off) or zero-one; training descends cross-entropy.
    public var kind: String
    /// Where the clipped loss is cut off, nats.
    public var limit: Double
  }

  /// Gaussian noise on parameters, by which bounds are computed.
  public struct Noise: Codable, Sendable, Equatable {
    /// The smallest deviation of the noise on the final iterate.
    public var low: Double
    /// The largest of these deviations.
    public var high: Double
    /// How many deviations are tried, evenly spaced in their logarithm.
    public var count: Int
    /// Pairs of opposite draws for each flatness term.
    public var pairs: Int
    /// Training examples of gap and flatness, at most.
    public var examples: Int
    /// Noise where flatness is followed over the iterations; that of type I at the first look, growing from there on.
    public var stepDeviation: Double
  }

  /// Level and margins of the tests.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Exponents this near count as equal.
    public var exponentMargin: Double
    /// Exponents of growth over the iterations this near to 0 count as none.
    public var growthMargin: Double
    /// The most that the training loss may fall while flatness is followed, as a share of its whole fall.
    public var plateauFall: Double
  }

  /// Where training and test sets are drawn from.
  public var data: Data
  /// The network that descends.
  public var model: Network
  /// How it descends.
  public var descent: Descent
  /// Descents of one pass at most.
  public var single: SinglePass
  /// The descent along which flatness is followed.
  public var plateau: Plateau
  /// The loss whose gap is bounded.
  public var loss: Loss
  /// The grid of deviations from which the tuning seeds choose.
  public var noise: Noise
  public var seeds: TunedSeeds
  public var decision: Decisions

  static let quick = GeneralizationBoundsConfiguration(
    data: Data(names: ["fashion-mnist"], sampleCounts: [250, 500, 1000, 2000, 4000], test: 2000),
    model: Network(hidden: 32, features: 8),
    descent: Descent(batchSizes: [32], steps: 400, rate: 0.05, twins: 8),
    single: SinglePass(sampleCounts: [1600, 3200, 6400, 12_800, 25_600], batchSizes: [8, 16], steps: 100),
    plateau: Plateau(samples: 1000, batchSize: 32, steps: 8000),
    loss: Loss(kind: "clipped", limit: 2),
    noise: Noise(low: 0.01, high: 100, count: 21, pairs: 4, examples: 2000, stepDeviation: 0.02),
    seeds: TunedSeeds(count: 12, first: 100, tuningCount: 4, tuningFirst: 1000),
    decision: Decisions(alpha: 0.05, exponentMargin: 0.15, growthMargin: 0.25, plateauFall: 0.05))

  static var smoke: GeneralizationBoundsConfiguration {
    var c = quick
    c.data = Data(names: ["gaussians"], sampleCounts: [32, 64, 128], test: 256)
    c.model.hidden = 8
    c.descent = Descent(batchSizes: [8], steps: 64, rate: 0.1, twins: 2)
    c.single = SinglePass(sampleCounts: [128, 256, 512], batchSizes: [4, 8], steps: 16)
    c.plateau = Plateau(samples: 64, batchSize: 8, steps: 64)
    c.noise.count = 6
    c.noise.high = 10
    c.noise.pairs = 4
    c.noise.examples = 128
    c.seeds = TunedSeeds(count: 3, first: 0, tuningCount: 2, tuningFirst: 1000)
    return c
  }

  /// The paper's two data sets. Over several passes two seeds share at most a tenth of their samples; over one pass they visit
  /// at most a tenth of the images.
  static var standard: GeneralizationBoundsConfiguration {
    var c = quick
    c.data = Data(names: ["mnist", "cifar10"], sampleCounts: [500, 1000, 2000, 5000], test: 1000)
    c.model = Network(hidden: 64, features: 8)
    c.descent = Descent(batchSizes: [32], steps: 1000, rate: 0.05, twins: 8)
    c.single = SinglePass(sampleCounts: [3200, 6400, 12_800, 25_000], batchSizes: [8, 32], steps: 100)
    c.plateau = Plateau(samples: 1000, batchSize: 32, steps: 8000)
    // Steps of a factor of 2.5, on half as many images: most of the time goes into looks at noise.
    c.noise.count = 11
    c.noise.examples = 1000
    c.seeds = TunedSeeds(count: 8, first: 100, tuningCount: 2, tuningFirst: 1000)
    return c
  }

  /// The scale of the paper's data sets, as far as it is known.
  static var paper: GeneralizationBoundsConfiguration {
    var c = quick
    c.data = Data(
      names: ["mnist", "fashion-mnist", "cifar10"], sampleCounts: [1000, 2000, 5000, 10_000, 20_000, 50_000], test: 8000
    )
    c.model = Network(hidden: 256, features: 16)
    c.descent.batchSizes = [32, 128, 512]
    c.descent.steps = 5000
    c.single = SinglePass(sampleCounts: [5000, 10_000, 20_000, 50_000], batchSizes: [8, 32], steps: 150)
    c.plateau = Plateau(samples: 5000, batchSize: 32, steps: 40_000)
    c.noise.pairs = 20
    c.noise.examples = 2000
    c.seeds.count = 20
    c.seeds.tuningCount = 5
    return c
  }

  /// The loss that the bounds are about.
  package func boundedLoss() throws -> BoundedLoss {
    switch loss.kind {
    case "clipped": return .clippedCrossEntropy(limit: loss.limit)
    case "zero-one": return .zeroOne
    case let other:
      throw SettingsError("loss.kind: there is no \(other); \(NearestName.hint(other, among: ["clipped", "zero-one"]))")
    }
  }

  /// Deviations of the noise on the final iterate, evenly spaced in their logarithm.
  package var deviations: [Double] {
    noise.count < 2
      ? [noise.low]
      : (0..<noise.count).map {
        noise.low * pow(noise.high / noise.low, Double($0) / Double(noise.count - 1))
      }
  }

  /// The largest training set.
  var largest: Int { (data.sampleCounts + single.sampleCounts + [plateau.samples]).max() ?? 1 }

  /// Where descents are looked at. Over several passes: for each size of the training set the step of the same number of
  /// epochs. Along a plateau: five steps at equal ratios, from a quarter of all on.
  package func probes(_ spot: BoundsSpot) -> [Int] {
    let steps = spot.steps
    let found: [Int]
    switch spot.regime {
    case .single: found = [steps / 4, steps / 2, steps]
    case .several:
      let most = data.sampleCounts.max() ?? 1
      found = data.sampleCounts.map { steps * $0 / most }
    case .plateau: found = (0...4).map { Int((Double(steps) * pow(2, Double($0) / 2 - 2)).rounded()) }
    }
    return Set(found.map { max(1, $0) }).sorted()
  }

  /// All points of the grid.
  package var spots: [BoundsSpot] {
    data.names.flatMap { name -> [BoundsSpot] in
      func grid(_ batches: [Int], _ counts: [Int], _ regime: BoundsRegime, _ steps: Int) -> [BoundsSpot] {
        batches.flatMap { batch in
          counts.map { BoundsSpot(data: name, samples: $0, batch: batch, regime: regime, steps: steps) }
        }
      }
      return grid(single.batchSizes, single.sampleCounts, .single, single.steps)
        + grid(descent.batchSizes, data.sampleCounts, .several, descent.steps)
        + grid([plateau.batchSize], [plateau.samples], .plateau, plateau.steps)
    }
  }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.test": data.test, "model.hidden": model.hidden, "model.features": model.features,
      "descent.steps": descent.steps, "descent.twins": descent.twins, "noise.count": noise.count,
      "noise.pairs": noise.pairs, "noise.examples": noise.examples, "single.steps": single.steps,
      "plateau.samples": plateau.samples, "plateau.batchSize": plateau.batchSize, "plateau.steps": plateau.steps,
    ])
    try require(positive: [
      "descent.rate": descent.rate, "loss.limit": loss.limit, "noise.low": noise.low,
      "noise.stepDeviation": noise.stepDeviation, "decision.exponentMargin": decision.exponentMargin,
      "decision.growthMargin": decision.growthMargin, "decision.plateauFall": decision.plateauFall,
    ])
    guard data.test % 2 == 0 else { throw SettingsError("data.test must be even, not \(data.test)") }
    guard noise.high > noise.low else { throw SettingsError("noise.high must exceed noise.low") }
    guard !data.names.isEmpty else { throw SettingsError("data.names must not be empty") }
    try Self.checkGrid(("data.sampleCounts", data.sampleCounts), ("descent.batchSizes", descent.batchSizes))
    try Self.checkGrid(("single.sampleCounts", single.sampleCounts), ("single.batchSizes", single.batchSizes))
    guard plateau.batchSize <= plateau.samples else {
      throw SettingsError("plateau.batchSize must be at most plateau.samples, \(plateau.samples)")
    }
    _ = try boundedLoss()
  }
  private static func checkGrid(_ counts: (name: String, values: [Int]), _ batches: (name: String, values: [Int]))
    throws
  {
    guard let batch = batches.values.max(), let fewest = counts.values.min() else {
      throw SettingsError("\(counts.name) and \(batches.name) must not be empty")
    }
    guard fewest >= batch, batches.values.allSatisfy({ $0 > 0 }) else {
      throw SettingsError("each of \(batches.name) must be positive and at most each of \(counts.name)")
    }
    guard Set(counts.values).count == counts.values.count, Set(batches.values).count == batches.values.count else {
      throw SettingsError("\(counts.name) and \(batches.name) must not repeat a number")
    }
  }
}
