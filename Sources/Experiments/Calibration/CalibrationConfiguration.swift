import Datasets
import Models

/// SGD against the same with orthogonal projection, on images with few labels.
public struct CalibrationConfiguration: SeededConfiguration {
  public struct Data: Codable, Sendable, Equatable {
    public var name: String
    public var trainPerClass: Int
    public var validation: Int
    public var test: Int
    public var cropPadding: Int
    public var flips: Bool
  }

  public struct Network: Codable, Sendable, Equatable {
    public var kind: String
    public var width: Int
  }

  public struct Descent: Codable, Sendable, Equatable {
    public var epochs: Int
    public var batchSize: Int
    public var rate: Double
    public var momentum: Double
    public var weightDecay: Double
    public var renormalizes: Bool
    public var isGuarded: Bool
    public var evaluationInterval: Int
  }

  public struct Seeds: SeedRange {
    public var count: Int
    public var first: Int
    public var ablationCount: Int
  }

  public struct Corruptions: Codable, Sendable, Equatable {
    public var kinds: [Corruption]
    public var images: Int
  }

  public struct Decisions: DecisionRules {
    public var alpha: Double
    public var accuracyMargin: Double
    public var calibrationMargin: Double
  }

  public var data: Data
  public var model: Network
  public var descent: Descent
  public var seeds: Seeds
  public var corruption: Corruptions
  public var decision: Decisions

  /// The network was chosen by the preconditions, on the plain SGD of seeds from 1000 on, which are not reported.
  static let standard = CalibrationConfiguration(
    data: Data(name: "fashion-mnist", trainPerClass: 100, validation: 1000, test: 2000, cropPadding: 0, flips: false),
    model: Network(kind: "mlp", width: 128),
    descent: Descent(
      epochs: 60, batchSize: 64, rate: 0.01, momentum: 0.9, weightDecay: 5e-4, renormalizes: true, isGuarded: true,
      evaluationInterval: 4),
    seeds: Seeds(count: 20, first: 0, ablationCount: 10),
    corruption: Corruptions(kinds: Corruption.allCases, images: 1000),
    decision: Decisions(alpha: 0.05, accuracyMargin: 1, calibrationMargin: 0.02))

  static var smoke: CalibrationConfiguration {
    var c = standard
    c.data.trainPerClass = 30
    c.data.validation = 200
    c.data.test = 300
    c.data.cropPadding = 2
    c.data.flips = true
    c.model = Network(kind: "cnn", width: 4)
    c.descent.epochs = 3
    c.descent.evaluationInterval = 1
    c.seeds = Seeds(count: 2, first: 0, ablationCount: 1)
    c.corruption.images = 100
    return c
  }

  /// The published scale: ResNet-18, 500 images a class, 100 epochs, 20 seeds.
  static var paper: CalibrationConfiguration {
    var c = standard
    c.data = Data(name: "cifar10", trainPerClass: 500, validation: 2000, test: 8000, cropPadding: 4, flips: true)
    c.model = Network(kind: "resnet18", width: 64)
    c.descent.epochs = 100
    c.descent.evaluationInterval = 2
    c.seeds = Seeds(count: 20, first: 0, ablationCount: 0)
    c.corruption.images = 2000
    return c
  }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.trainPerClass": data.trainPerClass, "data.validation": data.validation, "data.test": data.test,
      "descent.epochs": descent.epochs, "descent.batchSize": descent.batchSize,
      "descent.evaluationInterval": descent.evaluationInterval, "corruption.images": corruption.images,
      "model.width": model.width,
    ])
    try require(positive: ["descent.rate": descent.rate])
    guard corruption.images <= data.test else {
      throw SettingsError("corruption.images (\(corruption.images)) cannot exceed data.test (\(data.test))")
    }
  }
}
