import Diagnostics
import Foundation
import Training

/// A problem of the comparison that is learned from examples, with its network.
package struct LossProblem: Sendable {
  package let name: String
  package let train: Dataset
  package let test: Dataset
  package let normalization: Normalization?
  let width: Int

  package init(_ name: String, _ configuration: LossTransformationConfiguration, _ locator: DataLocator) throws {
    self.name = name
    width = configuration[name].width
    if name == "curve" {
      train = Self.curve(256, key: RandomKey(seed: 0).split("curve").split("train"))
      test = Self.curve(256, key: RandomKey(seed: 0).split("curve").split("test"))
      normalization = nil
      return
    }
    let (all, testing) = try locator.load(name)
    train = all
    test = try testing.split([min(configuration.examples, testing.count)], key: RandomKey(seed: 0).split("test"))[0]
    let statistics = all.channelStatistics()
    normalization = Normalization(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
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
