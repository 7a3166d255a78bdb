import Descending
import Diagnostics
import Foundation

/// Plain SGD on training sets of growing size, each descent beside twins with one sample replaced.
public struct GeneralizationBoundsConfiguration: SeededConfiguration {
  public struct Data: Codable, Sendable, Equatable {
    public var names: [String]
    public var sampleCounts: [Int]
    public var test: Int
  }

  public struct Network: Codable, Sendable, Equatable {
    public var hidden: Int
    public var features: Int
  }

  public struct Descent: Codable, Sendable, Equatable {
    public var batchSizes: [Int]
    public var steps: Int
    public var rate: Double
    public var twins: Int
  }

  public struct Loss: Codable, Sendable, Equatable {
    public var kind: String
    public var limit: Double
  }

  public struct Noise: Codable, Sendable, Equatable {
    public var low: Double
    public var high: Double
    public var count: Int
    public var pairs: Int
    public var examples: Int
    public var stepDeviation: Double
  }

  public struct Decisions: DecisionRules {
    public var alpha: Double
    public var exponentMargin: Double
    public var growthMargin: Double
  }

  public var data: Data
  public var model: Network
  public var descent: Descent
  public var loss: Loss
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
