import Diagnostics
import Foundation
import Training

/// A problem of the comparison that is learned from examples, as one seed has it: examples of its own, and the network.
package struct LossProblem: Sendable {
  package let name: String
  package let train: Dataset
  package let test: Dataset
  package let normalization: Normalization?
  let width: Int

  /// The problem of each seed. No two have an example in common, in training or test, nor those that choose rates.
  ///
  /// - Throws: `DatasetError` for a data set that is not here or too small.
  package static func all(
    _ name: String, _ configuration: LossTransformationConfiguration, _ locator: DataLocator
  ) throws -> [Int: LossProblem] {
    let seeds = configuration.seeds.reported + configuration.seeds.tuning + configuration.seeds.further
    let settings = configuration[name]
    if name == "curve" {
      return Dictionary(
        uniqueKeysWithValues: seeds.map { seed in
          let key = RandomKey(seed: seed).split("curve")
          return (
            seed,
            LossProblem(
              name: name, train: curve(settings.examples, key: key.split("train")),
              test: curve(settings.examples, key: key.split("test")), normalization: nil, width: settings.width)
          )
        })
    }
    let (all, testing) = try locator.load(name)
    guard all.count >= seeds.count * settings.examples else {
      throw DatasetError(
        name, "has \(all.count) training examples, too few for \(seeds.count) seeds of \(settings.examples) each")
    }
    let statistics = all.channelStatistics()
    let normalization = Normalization(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
    let key = RandomKey(seed: 0).split("shares")
    let (train, test) = (
      key.split("train").permutation(all.count), key.split("test").permutation(testing.count)
    )
    let tests = testing.count / seeds.count
    return Dictionary(
      uniqueKeysWithValues: seeds.enumerated().map { index, seed in
        (
          seed,
          LossProblem(
            name: name, train: all.subset(Array(train[index * settings.examples..<(index + 1) * settings.examples])),
            test: testing.subset(Array(test[index * tests..<(index + 1) * tests].prefix(configuration.examples))),
            normalization: normalization, width: settings.width)
        )
      })
  }

  /// y = sin 3x + x / 2 + noise on [-3, 3].
  private static func curve(_ count: Int, key: RandomKey) -> Dataset {
    let x = key.split("x").uniform(count: count).map { 6 * $0 - 3 }
    let noise = key.split("noise").normal(count: count)
    let y = zip(x, noise).map { sin(3 * $0) + 0.5 * $0 + 0.1 * $1 }
    return Dataset(
      name: "curve", features: .numbers(NDArray(x.map { Float($0) }, shape: [count, 1])),
      targets: .numbers(NDArray(y.map { Float($0) }, shape: [count, 1])))
  }

  package var loss: LossFunction { train.labels == nil ? .squaredError : .crossEntropy }

  package var model: any Layer {
    let shape = train.exampleShape
    if loss == .squaredError { return MLP([shape.count, width, width, 1], activation: .tanh) }
    guard shape[2] > 1 else { return MLP([shape.count, width, train.classNames.count]) }
    return SmallCNN(
      height: shape[0], width: shape[1], channels: shape[2], classes: train.classNames.count, features: width)
  }

  /// The first examples, normalised.
  func features(_ dataset: Dataset, _ count: Int) -> NDArray {
    var features = dataset.featureArray(0..<min(count, dataset.count))
    normalization?.apply(to: &features)
    return features
  }

  /// Mean loss and, for classes, accuracy in percent.
  func measure(_ output: NDArray, _ dataset: Dataset) -> (loss: Double, accuracy: Double?) {
    let values = output.doubles
    let count = output.shape[0]
    if let labels = dataset.labels {
      guard values.allSatisfy({ $0.isFinite }) else { return (.infinity, 0) }
      let found = Calibration(
        logits: values, labels: Array(labels.prefix(count)), classes: dataset.classNames.count)
      return (found.negativeLogLikelihood, found.accuracy)
    }
    let targets = dataset.targetArray(at: Array(0..<count)).doubles
    return (zip(values, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(count), nil)
  }
}
