import Foundation
import TestSupport
import Testing
import Training

@Suite struct BaselinesTests {
  /// Eight rows of one class, two of the other; the feature tells them apart, but for one row.
  private let data = Dataset(
    name: "rare", features: .numbers(NDArray([-1, -2, -1, -2, -1, -2, -1, 2, 1, 2] as [Float], shape: [10, 1])),
    targets: .classes([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]), classNames: ["common", "rare"])

  /// Each number of the constant prediction is that of the best constant by it: the majority, and equal shares where classes
  /// count the same.
  @Test func theConstantIsTheMajority() throws {
    let weights = try ClassWeights("balanced").values(for: data)
    let found = try Baselines(train: data, validation: data, scale: nil, classWeights: weights)
    #expect(found.constant["accuracy"] == 80 && abs(found.constant["weightedLoss"]! - log(2)) < 1e-6)
    // One more of each class than there are, so that none is impossible; float32 logits.
    let expected = -(8 * log(9.0 / 12) + 2 * log(3.0 / 12)) / 10
    #expect(abs(found.constant["loss"]! - expected) < 1e-6)
    #expect(found.constant["auc"] == nil && found.constant["averagePrecision"] == nil)
  }

  /// The constant that the descended loss asks for: the median where outliers count by their distance.
  @Test(arguments: [
    ("squaredError", "mean", 0.0, 12.0), ("absoluteError", "median", -0.5, 1.7), ("huber", "best constant", -0.5, 1.35),
  ])
  func theConstantIsThatOfTheLoss(_ name: String, _ constant: String, _ value: Double, _ loss: Double) throws {
    let targets = [-1, -1, -0.5, -0.5, 7.5] as [Float]
    let numbers = Dataset(
      name: "outlier", features: .numbers(NDArray([1, 2, 3, 4, 5] as [Float], shape: [5, 1])),
      targets: .numbers(NDArray(targets, shape: [5, 1])))
    let found = try Baselines(train: numbers, validation: numbers, scale: nil, loss: LossFunction(named: name))
    #expect(found.constantName == constant)
    let distances = targets.map { abs(Double($0) - value) }
    let expected: Double =
      switch name {
      case "squaredError": distances.reduce(0) { $0 + $1 * $1 } / 5
      case "absoluteError": distances.reduce(0, +) / 5
      default: distances.reduce(0) { $0 + ($1 <= 1 ? $1 * $1 / 2 : $1 - 0.5) } / 5
      }
    #expect(abs(found.constant["loss"]! - expected) < 1e-6 && abs(expected - loss) < 0.4)
    #expect(abs(found.constant["mae"]! - distances.reduce(0, +) / 5) < 1e-6)
    #expect(found.linear!["loss"]! > 0)
  }

  /// Of two classes a ridge of 1 on both columns of weights is one of a half on their difference: Newton's method on
  /// that problem finds the same probabilities.
  @Test func logisticRegressionIsThatOfNewton() throws {
    let fitted = try #require(try LogisticRegression(data))
    let outputs = try fitted.outputs(data).doubles
    let (x, labels) = (data.featureArray(0..<10).doubles, data.labels!.map(Double.init))
    var (w, b) = (0.0, 0.0)
    for _ in 0..<50 {
      let p = x.map { 1 / (1 + exp(-(w * $0 + b))) }
      let gw = zip(x, zip(p, labels)).reduce(w / 2) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
      let gb = zip(p, labels).reduce(0) { $0 + $1.0 - $1.1 }
      let v = p.map { $0 * (1 - $0) }
      let (hww, hwb) = (zip(x, v).reduce(0.5) { $0 + $1.0 * $1.0 * $1.1 }, zip(x, v).reduce(0) { $0 + $1.0 * $1.1 })
      let hbb = v.reduce(0, +)
      let determinant = hww * hbb - hwb * hwb
      (w, b) = (w - (hbb * gw - hwb * gb) / determinant, b - (hww * gb - hwb * gw) / determinant)
    }
    for row in 0..<10 {
      // It ends where a step promises less than 1e-8 a row: roots of that, over the curvature, in the scores.
      #expect(abs(outputs[2 * row + 1] - outputs[2 * row] - (w * x[row] + b)) < 0.01, "row \(row)")
    }
  }

  /// Of numbers there is none, nor of images.
  @Test func otherDataHaveNoLogisticRegression() throws {
    var numbers = data
    numbers.targets = .numbers(NDArray.zeros([10, 1]))
    #expect(try LogisticRegression(numbers) == nil)
    var image = data
    image.features = .numbers(NDArray.zeros([10, 2, 2, 1]))
    #expect(try LogisticRegression(image) == nil)
  }

  /// What has no feature is the class's share.
  @Test func classWeightsMoveProbabilities() throws {
    var flat = data
    flat.features = .numbers(NDArray.zeros([10, 1]))
    for (weights, share) in [(nil, 0.2), ([0.625, 2.5], 0.5)] as [([Double]?, Double)] {
      let outputs = try #require(try LogisticRegression(flat, classWeights: weights)).outputs(flat).doubles
      #expect(abs(1 / (1 + exp(outputs[0] - outputs[1])) - share) < 1e-3)
    }
  }
}
