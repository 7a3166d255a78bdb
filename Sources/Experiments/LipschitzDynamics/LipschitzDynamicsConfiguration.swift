import Descending
import Foundation
import Training

/// Plain SGD at a base setting, and with one factor changed at a time.
public struct LipschitzDynamicsConfiguration: SeededConfiguration {
  public struct Data: Codable, Sendable, Equatable {
    public var name: String
    public var samples: Int
  }

  public struct Network: Codable, Sendable, Equatable {
    public var kinds: [String]
    public var hidden: Int
    public var features: Int
    public var initialization: String
    public var gain: Double
  }

  public struct Descent: Codable, Sendable, Equatable {
    public var rate: Double
    public var batch: Int
    public var steps: Int
    public var order: String
  }

  public struct Factors: Codable, Sendable, Equatable {
    public var labelNoise: [Double]
    public var gains: [Double]
    public var initializations: [String]
    public var batchSizes: [Int]
    public var orders: [String]
    public var decays: [Double]
    public var rates: [Double]
    public var sharedStart: Bool
  }

  public struct Looks: Codable, Sendable, Equatable {
    public var interval: Int
    public var recorded: Int
    public var gapFloor: Double
  }

  public struct Decisions: DecisionRules {
    public var alpha: Double
    public var changeMargin: Double
    public var coverageMargin: Double
    public var noiseMargin: Double
    public var exponentMargin: Double
  }

  public var data: Data
  public var model: Network
  public var descent: Descent
  public var factors: Factors
  public var looks: Looks
  public var seeds: PlainSeeds
  public var decision: Decisions

  static let standard = LipschitzDynamicsConfiguration(
    data: Data(name: "fashion-mnist", samples: 256),
    model: Network(kinds: ["mlp", "cnn"], hidden: 32, features: 4, initialization: "normal", gain: 1),
    descent: Descent(rate: 0.01, batch: 32, steps: 1536, order: "replacement"),
    factors: Factors(
      labelNoise: [0.5], gains: [0.5, 2], initializations: ["orthogonal"], batchSizes: [8, 64],
      orders: ["shuffled", "fixed"], decays: [0.01], rates: [0.002, 0.05], sharedStart: true),
    looks: Looks(interval: 8, recorded: 32, gapFloor: 1e-6), seeds: PlainSeeds(count: 6, first: 0),
    decision: Decisions(
      alpha: 0.05, changeMargin: 0.1, coverageMargin: 0.1, noiseMargin: 0.15, exponentMargin: 0.15))

  static var smoke: LipschitzDynamicsConfiguration {
    var c = standard
    c.data = Data(name: "gaussians", samples: 64)
    c.model.hidden = 8
    c.model.features = 2
    c.descent.batch = 8
    c.descent.rate = 0.02
    c.descent.steps = 64
    c.factors.batchSizes = [4, 16]
    c.factors.gains = [0.5, 2]
    c.looks.interval = 8
    c.looks.recorded = 12
    c.seeds.count = 3
    return c
  }

  /// The paper's data; its networks, rates and batch sizes are not known to us.
  static var paper: LipschitzDynamicsConfiguration {
    var c = standard
    c.data = Data(name: "cifar10", samples: 50_000)
    c.model.hidden = 512
    c.model.features = 32
    c.descent = Descent(rate: 0.01, batch: 64, steps: 78_200, order: "replacement")
    c.factors = Factors(
      labelNoise: [0.2, 0.5, 1], gains: [0.5, 2], initializations: ["uniform", "orthogonal"],
      batchSizes: [16, 256, 512], orders: ["shuffled", "fixed"], decays: [5e-4], rates: [0.002, 0.05],
      sharedStart: true)
    c.looks.interval = 782
    c.seeds.count = 10
    return c
  }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.samples": data.samples, "model.hidden": model.hidden, "model.features": model.features,
      "descent.batch": descent.batch, "descent.steps": descent.steps, "looks.interval": looks.interval,
      "looks.recorded": looks.recorded,
    ])
    try require(positive: [
      "model.gain": model.gain, "descent.rate": descent.rate, "looks.gapFloor": looks.gapFloor,
      "decision.changeMargin": decision.changeMargin, "decision.coverageMargin": decision.coverageMargin,
      "decision.noiseMargin": decision.noiseMargin, "decision.exponentMargin": decision.exponentMargin,
    ])
    try require(model.kinds, in: "model.kinds", among: LipschitzVariant.kinds)
    try require(
      [model.initialization] + factors.initializations, in: "model.initialization",
      among: LipschitzVariant.initializations)
    try require(
      [descent.order] + factors.orders, in: "descent.order", among: SamplingOrder.allCases.map(\.rawValue))
    guard !model.kinds.isEmpty else { throw SettingsError("model.kinds must not be empty") }
    guard factors.labelNoise.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
      throw SettingsError("factors.labelNoise must be in 0...1, without 0")
    }
    guard (factors.gains + factors.decays + factors.rates).allSatisfy({ $0 > 0 }) else {
      throw SettingsError("factors.gains, factors.decays and factors.rates must be positive")
    }
    guard ([descent.batch] + factors.batchSizes).allSatisfy({ $0 > 0 && $0 <= data.samples }) else {
      throw SettingsError("factors.batchSizes must be positive and at most data.samples, \(data.samples)")
    }
    try Self.different("labelNoise", [0] + factors.labelNoise)
    try Self.different("gains", [model.gain] + factors.gains)
    try Self.different("initializations", [model.initialization] + factors.initializations)
    try Self.different("batchSizes", [descent.batch] + factors.batchSizes)
    try Self.different("orders", [descent.order] + factors.orders)
    try Self.different("decays", [0] + factors.decays)
    try Self.different("rates", [descent.rate] + factors.rates)
  }

  private static func different<Value: Hashable>(_ factor: String, _ values: [Value]) throws {
    guard Set(values).count == values.count else {
      throw SettingsError("factors.\(factor) must not repeat a value or that of the base, \(values[0])")
    }
  }
}
