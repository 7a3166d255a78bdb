import Datasets
import Diagnostics
import Training

/// All examples of a data set: where each seed draws its training set and its test examples from.
package struct BoundsPool: Sendable {
  let name: String
  let train: Dataset
  let test: Dataset
  /// Constants, so that no statistic of the training set reaches the descent.
  let normalization: Normalization?

  package init(_ name: String, _ configuration: GeneralizationBoundsConfiguration, _ locator: DataLocator) throws {
    self.name = name
    // Replacements: one for each twin.
    let (tests, needed, largest) = (configuration.data.test, configuration.descent.twins, configuration.largest)
    if name == "gaussians" {
      train = Self.gaussians(2 * largest, key: RandomKey(seed: 0).split("gaussians").split("train"))
      test = Self.gaussians(2 * (tests + needed), key: RandomKey(seed: 0).split("gaussians").split("test"))
      normalization = nil
    } else {
      (train, test) = try locator.load(name)
      let channels = test.exampleShape[-1]
      normalization = Normalization(
        mean: [Double](repeating: 0.5, count: channels),
        standardDeviation: [Double](repeating: 0.5, count: channels))
    }
    guard train.count >= largest else {
      throw SettingsError("sizes of training sets: \(name) has \(train.count) training examples, fewer than \(largest)")
    }
    guard test.count >= tests + needed else {
      throw SettingsError(
        "data.test: \(name) has \(test.count) test examples; \(tests) and \(needed) replacements are too many")
    }
  }

  /// Test examples of a seed, and samples that take the place of its training samples, which are neither trained nor tested
  /// on otherwise.
  ///
  /// - Throws: `DatasetError` where there are too few.
  package func unseen(_ tests: Int, replacements: Int, seed: Int) throws -> (test: Dataset, replacements: Dataset) {
    let parts = try test.split([tests, replacements], key: RandomKey(seed: seed).split("test"))
    return (parts[0], parts[1])
  }

  /// Three classes in 16 dimensions, near enough to be confused.
  private static func gaussians(_ count: Int, key: RandomKey) -> Dataset {
    .gaussianClasses(count: count, shape: [16], distance: 0.4, centres: RandomKey(seed: 0).split("centres"), key: key)
  }

  /// The training set of a seed: the larger contain the smaller.
  func trainingSet(_ count: Int, seed: Int) -> Dataset {
    train.subset(Array(RandomKey(seed: seed).split("samples").permutation(train.count).prefix(count)))
  }

  func examples(_ dataset: Dataset, _ count: Int) -> ExampleArrays {
    let indices = Array(0..<min(count, dataset.count))
    var features = dataset.featureArray(at: indices)
    normalization?.apply(to: &features)
    return ExampleArrays(features: features, targets: dataset.targetArray(at: indices))
  }

  /// A network with two layers of weights for rows and grey images, a small convolutional one for colour.
  func model(_ network: GeneralizationBoundsConfiguration.Network) -> any Layer {
    let (shape, classes) = (test.exampleShape, test.classNames.count)
    guard shape.rank == 3, shape[2] > 1 else { return MLP([shape.count, network.hidden, classes]) }
    return SmallCNN(
      height: shape[0], width: shape[1], channels: shape[2], classes: classes, features: network.features)
  }
}
