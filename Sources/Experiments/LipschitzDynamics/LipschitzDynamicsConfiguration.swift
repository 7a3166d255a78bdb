import Descending
import Foundation
import Training

/// Plain SGD at a base setting, and with one factor changed at a time.
public struct LipschitzDynamicsConfiguration: SeededConfiguration {
  /// Which images, and how many.
  public struct Data: Codable, Sendable, Equatable {
    /// One of fashion-mnist, mnist, cifar10 or gaussians (small synthetic images).
    public var name: String
    /// Training examples of each seed.
    public var samples: Int
  }

  /// The networks of the base, and how their weights start.
  public struct Network: Codable, Sendable, Equatable {
    /// Any of mlp (three linear layers), cnn (two convolutions).
    public var kinds: [String]
    /// Hidden units of the mlp's layers.
    public var hidden: Int
    /// Features of the cnn's first convolution.
    public var features: Int
    /// Distribution of the base's start: normal, uniform or orthogonal.
    public var initialization: String
    /// Scale of the base's start, in units of He et al.
    public var gain: Double
  }

  /// Plain SGD at the base.
  public struct Descent: Codable, Sendable, Equatable {
    /// Learning rate of plain SGD.
    public var rate: Double
    /// Samples in one update of the base.
    public var batch: Int
    /// Updates of each descent.
    public var steps: Int
    /// How the base draws its batches: replacement, shuffled or fixed.
    public var order: String
    /// What descents come to, each with claims of its own: fitted (the base's labels are learned by heart), unfit (random
    /// labels cannot be); none for no such claims.
    public var ends: [String]
  }

  /// What is changed, one at a time, in place of the base's value.
  public struct Factors: Codable, Sendable, Equatable {
    /// Shares of training labels that are replaced by random ones, each in 0...1, in place of none.
    public var labelNoise: [Double]
    /// Scales of the start, each in place of the base's.
    public var gains: [Double]
    /// Distributions of the start, each in place of the base's.
    public var initializations: [String]
    /// Batch sizes, each in place of the base's.
    public var batchSizes: [Int]
    /// Ways to draw batches, each in place of the base's.
    public var orders: [String]
    /// Weight decays, each in place of none.
    public var decays: [Double]
    /// Learning rates, each in place of the base's.
    public var rates: [Double]
    /// Descents of the base from each seed's start that differ in their batches alone; 0 for none.
    public var replicates: Int
  }

  /// How often the drivers of the bound are looked at, and what is kept of it.
  public struct Looks: Codable, Sendable, Equatable {
    /// Updates from one look at μ and λ to the next; at 1 the prediction is Itô's integral, step by step.
    public var stride: Int
    /// Updates from one look at all drivers to the next, κ among them, rounded up to whole epochs.
    public var interval: Int
    /// Looks that go to the log, at most.
    public var recorded: Int
    /// Least relative gap of squared singular values in the Hessian form.
    public var gapFloor: Double
  }

  /// Level and margins of the tests.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Predicted over observed growth this near to 1 counts as equal.
    public var changeMargin: Double
    /// Coverage of the band this near to 0.954 counts as right.
    public var coverageMargin: Double
    /// Ratios of variances this near to 1 count as equal.
    public var noiseMargin: Double
    /// Exponents this near count as equal.
    public var exponentMargin: Double
  }

  /// What is learned.
  public var data: Data
  /// The base's networks.
  public var model: Network
  /// The base's descent.
  public var descent: Descent
  /// Variants of the base.
  public var factors: Factors
  /// When a descent is looked at.
  public var looks: Looks
  public var seeds: PlainSeeds
  public var decision: Decisions

  /// Rate, sizes and intervals were looked at on seeds from 1000 on, and the claims on seeds 0 to 5: those decide nothing.
  /// The spread from one start takes more descents than there is time for here, and has a preset of its own.
  static let quick = LipschitzDynamicsConfiguration(
    data: Data(name: "fashion-mnist", samples: 128),
    model: Network(kinds: ["mlp", "cnn"], hidden: 32, features: 4, initialization: "normal", gain: 1),
    descent: Descent(rate: 0.01, batch: 32, steps: 1024, order: "replacement", ends: ["fitted"]),
    factors: Factors(
      labelNoise: [0.5], gains: [0.5, 2], initializations: ["orthogonal"], batchSizes: [8, 64],
      orders: ["shuffled", "fixed"], decays: [0.01], rates: [0.002, 0.05], replicates: 0),
    looks: Looks(stride: 1, interval: 32, recorded: 32, gapFloor: 1e-6), seeds: PlainSeeds(count: 6, first: 100),
    decision: Decisions(
      alpha: 0.05, changeMargin: 0.1, coverageMargin: 0.1, noiseMargin: 0.15, exponentMargin: 0.15))

  /// How far descents from one start scatter. Where the sampling of the variance is all the noise, eight seeds of 64 descents
  /// have a power of 0.99 at the level of seven claims; six of 16 have 0.1.
  static var spread: LipschitzDynamicsConfiguration {
    var c = quick
    c.factors = Factors(
      labelNoise: [], gains: [], initializations: [], batchSizes: [], orders: [], decays: [], rates: [], replicates: 64)
    c.descent.ends = []
    c.seeds = PlainSeeds(count: 8, first: 200)
    return c
  }

  static var smoke: LipschitzDynamicsConfiguration {
    var c = quick
    c.data = Data(name: "gaussians", samples: 64)
    c.model.hidden = 8
    c.model.features = 2
    c.descent.batch = 8
    c.descent.rate = 0.02
    c.descent.steps = 64
    c.factors.batchSizes = [4, 16]
    c.factors.gains = [0.5, 2]
    c.factors.replicates = 4
    c.looks.interval = 8
    c.looks.recorded = 12
    c.seeds = PlainSeeds(count: 3, first: 0)
    return c
  }

  /// CIFAR-10, as published, on so few features that the convolutional network cannot learn random labels by heart and soon
  /// stands still before them; nor does it fit the true ones. A look at all 4,000 images before each update takes nearly all
  /// of the time, so that the labels are all that is varied.
  static var standard: LipschitzDynamicsConfiguration {
    var c = quick
    c.data = Data(name: "cifar10", samples: 4000)
    c.model.features = 2
    c.descent = Descent(rate: 0.02, batch: 64, steps: 2000, order: "replacement", ends: ["unfit"])
    c.factors = Factors(
      labelNoise: [0.5], gains: [], initializations: [], batchSizes: [], orders: [], decays: [], rates: [],
      replicates: 0)
    c.looks.interval = 250
    return c
  }

  /// The paper's data; its networks, rates and batch sizes are not known to us.
  static var paper: LipschitzDynamicsConfiguration {
    var c = quick
    c.data = Data(name: "cifar10", samples: 50_000)
    c.model.hidden = 512
    c.model.features = 32
    c.descent = Descent(rate: 0.01, batch: 64, steps: 78_200, order: "replacement", ends: ["fitted", "unfit"])
    c.factors = Factors(
      labelNoise: [0.2, 0.5, 1], gains: [0.5, 2], initializations: ["uniform", "orthogonal"],
      batchSizes: [16, 256, 512], orders: ["shuffled", "fixed"], decays: [5e-4], rates: [0.002, 0.05],
      replicates: 0)
    c.looks.stride = 100
    c.looks.interval = 782
    c.seeds.count = 10
    return c
  }

  static let ends = ["fitted", "unfit"]

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.samples": data.samples, "model.hidden": model.hidden, "model.features": model.features,
      "descent.batch": descent.batch, "descent.steps": descent.steps, "looks.stride": looks.stride,
      "looks.interval": looks.interval,
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
    try require(descent.ends, in: "descent.ends", among: Self.ends)
    guard !model.kinds.isEmpty else { throw SettingsError("model.kinds must not be empty") }
    guard factors.labelNoise.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
      throw SettingsError("factors.labelNoise must be in 0...1, without 0")
    }
    guard factors.replicates >= 0, factors.replicates != 1 else {
      throw SettingsError("factors.replicates must be 0 or at least 2, not \(factors.replicates)")
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
