import Descending
import Diagnostics
import Foundation

/// Plain SGD on training sets of growing size, each descent beside twins with one sample replaced.
public struct GeneralizationBoundsConfiguration: SeededConfiguration {
  /// Data sets, and the sizes of training sets drawn from each.
  public struct Data: Codable, Sendable, Equatable {
    /// Any of mnist, fashion-mnist, cifar10 or gaussians (synthetic).
    public var names: [String]
    /// Sizes n of the training set; the larger contain the smaller.
    public var sampleCounts: [Int]
    /// Test examples, for gap, flatness and gradients; even, as halves are compared.
    public var test: Int
  }

  /// The network: two layers for rows and grey images, a small convolutional one for colour.
  public struct Network: Codable, Sendable, Equatable {
    /// Hidden units of the network for rows and grey images.
    public var hidden: Int
    /// Features of the first convolution for colour images.
    public var features: Int
  }

  /// Plain SGD, and its twins, which differ in one sample.
  public struct Descent: Codable, Sendable, Equatable {
    /// Samples in one update.
    public var batchSizes: [Int]
    /// Updates, whatever the size of the training set.
    public var steps: Int
    /// Learning rate, the same throughout.
    public var rate: Double
    /// Twins of each descent, each with another sample replaced.
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
    /// Noise of each step where flatness is followed over the iterations.
    public var stepDeviation: Double
  }

  /// Level and margins of the tests.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Exponents this near count as equal.
    public var exponentMargin: Double
    /// Exponents of growth over the iterations this near to 0 count as none.
    public var growthMargin: Double
  }

  /// Where training and test sets are drawn from.
  public var data: Data
  /// The network that descends.
  public var model: Network
  /// How it descends.
  public var descent: Descent
  /// The loss whose gap is bounded.
  public var loss: Loss
  /// The grid of deviations from which the tuning seeds choose.
  public var noise: Noise
  public var seeds: TunedSeeds
  public var decision: Decisions

  static let standard = GeneralizationBoundsConfiguration(
    data: Data(names: ["fashion-mnist"], sampleCounts: [250, 500, 1000, 2000, 4000], test: 2000),
    model: Network(hidden: 32, features: 8),
    descent: Descent(batchSizes: [32, 128], steps: 400, rate: 0.05, twins: 8),
    loss: Loss(kind: "clipped", limit: 2),
    noise: Noise(low: 0.01, high: 100, count: 21, pairs: 4, examples: 2000, stepDeviation: 0.02),
    seeds: TunedSeeds(count: 12, first: 0, tuningCount: 4, tuningFirst: 1000),
    decision: Decisions(alpha: 0.05, exponentMargin: 0.15, growthMargin: 0.25))

  static var smoke: GeneralizationBoundsConfiguration {
    var c = standard
    c.data = Data(names: ["gaussians"], sampleCounts: [32, 64, 128], test: 256)
    c.model.hidden = 8
    c.descent = Descent(batchSizes: [8, 16], steps: 64, rate: 0.1, twins: 2)
    c.noise.count = 6
    c.noise.high = 10
    c.noise.pairs = 4
    c.noise.examples = 128
    c.seeds = TunedSeeds(count: 3, first: 0, tuningCount: 2, tuningFirst: 1000)
    return c
  }

  /// The scale of the paper's data sets, as far as it is known.
  static var paper: GeneralizationBoundsConfiguration {
    var c = standard
    c.data = Data(
      names: ["mnist", "fashion-mnist", "cifar10"], sampleCounts: [1000, 2000, 5000, 10_000, 20_000, 50_000], test: 8000
    )
    c.model = Network(hidden: 256, features: 16)
    c.descent.batchSizes = [32, 128, 512]
    c.descent.steps = 5000
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

  /// Where descents are looked at: for each size of the training set the step of the same number of epochs.
  package var probes: [Int] {
    let largest = data.sampleCounts.max() ?? 1
    return Set(data.sampleCounts.map { max(1, descent.steps * $0 / largest) }).sorted()
  }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.test": data.test, "model.hidden": model.hidden, "model.features": model.features,
      "descent.steps": descent.steps, "descent.twins": descent.twins, "noise.count": noise.count,
      "noise.pairs": noise.pairs, "noise.examples": noise.examples,
    ])
    try require(positive: [
      "descent.rate": descent.rate, "loss.limit": loss.limit, "noise.low": noise.low,
      "noise.stepDeviation": noise.stepDeviation, "decision.exponentMargin": decision.exponentMargin,
      "decision.growthMargin": decision.growthMargin,
    ])
    guard data.test % 2 == 0 else { throw SettingsError("data.test must be even, not \(data.test)") }
    guard noise.high > noise.low else { throw SettingsError("noise.high must exceed noise.low") }
    guard !data.names.isEmpty, !data.sampleCounts.isEmpty, !descent.batchSizes.isEmpty else {
      throw SettingsError("data.names, data.sampleCounts and descent.batchSizes must not be empty")
    }
    guard let batch = descent.batchSizes.max(), let fewest = data.sampleCounts.min(), fewest >= batch,
      descent.batchSizes.allSatisfy({ $0 > 0 })
    else { throw SettingsError("each of descent.batchSizes must be positive and at most each of data.sampleCounts") }
    guard Set(data.sampleCounts).count == data.sampleCounts.count,
      Set(descent.batchSizes).count == descent.batchSizes.count
    else { throw SettingsError("data.sampleCounts and descent.batchSizes must not repeat a number") }
    _ = try boundedLoss()
  }
}
