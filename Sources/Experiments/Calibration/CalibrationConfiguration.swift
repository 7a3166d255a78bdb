import Datasets
import Models

/// SGD against the same with orthogonal projection, on images with few labels.
public struct CalibrationConfiguration: SeededConfiguration {
  /// Which images, and how many.
  public struct Data: Codable, Sendable, Equatable {
    /// One of fashion-mnist, mnist or cifar10.
    public var name: String
    /// Training images of each class.
    public var trainPerClass: Int
    /// Held-out training images, on which the temperature is fitted.
    public var validation: Int
    /// Test images, the same for all seeds.
    public var test: Int
    /// Random crops of the training images, padded by so many pixels; 0 for none.
    public var cropPadding: Int
    /// Whether half of the training images are mirrored.
    public var flips: Bool
  }

  /// The classifier.
  public struct Network: Codable, Sendable, Equatable {
    /// One of mlp (with batch normalisation), cnn, resnet8 or resnet18.
    public var kind: String
    /// Features of the first stage; of each of the mlp's two hidden layers.
    public var width: Int
  }

  /// SGD with momentum and weight decay, and how the other arm projects its gradients.
  public struct Descent: Codable, Sendable, Equatable {
    /// Passes over the training images.
    public var epochs: Int
    /// Images in one update.
    public var batchSize: Int
    /// Learning rate, the same throughout.
    public var rate: Double
    /// The share of the velocity that is kept, in 0..<1.
    public var momentum: Double
    /// L2 coefficient, not projected.
    public var weightDecay: Double
    /// Whether a projected gradient gets back the length that it had.
    public var renormalizes: Bool
    /// Whether single elements and gradients parallel to their weights stay as they are.
    public var isGuarded: Bool
    /// Epochs from one look at the test images to the next.
    public var evaluationInterval: Int
  }

  /// Seeds of the pairs, and how many of them also run the ablations.
  public struct Seeds: SeedRange {
    public var count: Int
    public var first: Int
    /// Seeds on which each ablation runs, the first of all; 0 for none.
    public var ablationCount: Int
  }

  /// What else is compared on the first seeds: each in place of the pair's own.
  public struct Variants: Codable, Sendable, Equatable {
    /// Other base optimizers, each without the projection and with it: any of nesterov, adam, sign.
    public var bases: [String]
    /// Learning rate of adam.
    public var adamRate: Double
    /// Learning rate of sign, the sign of the velocity.
    public var signRate: Double
    /// Whether the projection also runs without renormalisation.
    public var unrenormalized: Bool
    /// Other widths of the network, each without the projection and with it.
    public var widths: [Int]
    /// Times as many epochs, without the projection and with it; 1 for no such arms.
    public var lengthening: Int
    /// Updates of the plain form on all training images at once; 0 for no such arm.
    public var plainSteps: Int
    /// Its learning rate.
    public var plainRate: Double
    /// Whether updates without the projection and with it are timed in turns.
    public var isTimed: Bool
    /// Seeds on which these run, the first of all; 0 for none.
    public var seedCount: Int

    static let none = Variants(
      bases: [], adamRate: 0.001, signRate: 3e-4, unrenormalized: false, widths: [], lengthening: 1, plainSteps: 0,
      plainRate: 0.05, isTimed: false, seedCount: 0)
  }

  /// Damage to test images, each kind at severities 1 to 5.
  public struct Corruptions: Codable, Sendable, Equatable {
    /// Kinds of damage, each at all severities.
    public var kinds: [Corruption]
    /// Test images that are damaged.
    public var images: Int
  }

  /// Level and margins of the tests.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Accuracies that differ by less count as equal, in percentage points.
    public var accuracyMargin: Double
    /// Expected calibration errors (0...1) that differ by less count as equal.
    public var calibrationMargin: Double
    /// Losses that differ by less count as equal, nats.
    public var lossMargin: Double
    /// Brier scores (0...2) that differ by less count as equal.
    public var brierMargin: Double
    /// The share of an update's time that the projection may cost.
    public var timeMargin: Double
  }

  /// Images that train, that fit the temperature, and that test.
  public var data: Data
  /// The classifier of both arms.
  public var model: Network
  /// The descent of both arms; they differ in the projection alone.
  public var descent: Descent
  public var seeds: Seeds
  /// What else is compared.
  public var variants: Variants
  /// How test images are damaged.
  public var corruption: Corruptions
  public var decision: Decisions

  /// The network was chosen by the preconditions, on the plain SGD of seeds from 1000 on, which are not reported.
  static let quick = CalibrationConfiguration(
    data: Data(name: "fashion-mnist", trainPerClass: 100, validation: 1000, test: 2000, cropPadding: 0, flips: false),
    model: Network(kind: "mlp", width: 128),
    descent: Descent(
      epochs: 60, batchSize: 64, rate: 0.01, momentum: 0.9, weightDecay: 5e-4, renormalizes: true, isGuarded: true,
      evaluationInterval: 4),
    seeds: Seeds(count: 20, first: 0, ablationCount: 10), variants: .none,
    corruption: Corruptions(kinds: Corruption.allCases, images: 1000),
    decision: Decisions(
      alpha: 0.05, accuracyMargin: 1, calibrationMargin: 0.02, lossMargin: 0.05, brierMargin: 0.02, timeMargin: 0.1))

  static var smoke: CalibrationConfiguration {
    var c = quick
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

  /// The network of `quick` with all else that is claimed of the method: other bases, longer training, other widths.
  static var variants: CalibrationConfiguration {
    var c = quick
    c.seeds = Seeds(count: 10, first: 100, ablationCount: 0)
    c.variants = Variants(
      bases: ["nesterov", "adam", "sign"], adamRate: 0.001, signRate: 3e-4, unrenormalized: true,
      widths: [16, 32, 64, 256], lengthening: 4, plainSteps: 1500, plainRate: 0.003, isTimed: true, seedCount: 10)
    return c
  }

  /// The published network and data, narrower, for half of the epochs, and without crops and flips: with them 85 % of the training
  /// images are fitted by then, and the claims speak of networks that fit all.
  static var standard: CalibrationConfiguration {
    var c = paper
    c.data.test = 10_000
    c.data.cropPadding = 0
    c.data.flips = false
    c.model.width = 16
    c.descent.epochs = 50
    c.descent.evaluationInterval = 10
    c.seeds = Seeds(count: 8, first: 100, ablationCount: 0)
    c.variants.isTimed = true
    c.variants.seedCount = 8
    return c
  }

  /// The published scale: ResNet-18, 500 images a class, 100 epochs, 20 seeds.
  static var paper: CalibrationConfiguration {
    var c = quick
    c.data = Data(name: "cifar10", trainPerClass: 500, validation: 2000, test: 10_000, cropPadding: 4, flips: true)
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
    try require(positive: [
      "descent.rate": descent.rate, "variants.adamRate": variants.adamRate, "variants.signRate": variants.signRate,
      "variants.plainRate": variants.plainRate,
    ])
    try require(
      variants.bases, in: "variants.bases",
      among: CalibrationArm.Base.allCases.map(\.rawValue).filter { $0 != "sgd" })
    try require(counts: ["variants.lengthening": variants.lengthening])
    guard variants.widths.allSatisfy({ $0 > 0 && $0 != model.width }),
      Set(variants.widths).count == variants.widths.count
    else { throw SettingsError("variants.widths must be positive, differ, and not repeat model.width, \(model.width)") }
    guard Set(variants.bases).count == variants.bases.count else {
      throw SettingsError("variants.bases must not repeat a name")
    }
    guard variants.plainSteps == 0 || variants.plainSteps >= 16 else {
      throw SettingsError("variants.plainSteps must be 0 or at least 16, not \(variants.plainSteps)")
    }
    guard corruption.images <= data.test else {
      throw SettingsError("corruption.images (\(corruption.images)) cannot exceed data.test (\(data.test))")
    }
  }
}
