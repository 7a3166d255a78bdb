import Diagnostics
import Foundation
import TestSupport
import Testing
import Training

@Suite struct MeasuresTests {
  private let labels: [Int32] = [1, 0, 1, 0]
  /// Scores of class 1 are 4, 3, 2 and -1: ranked 1, 0, 1, 0; three rows are taken for class 1.
  private let logits = NDArray([0, 4, 0, 3, 0, 2, 0, -1] as [Float], shape: [4, 2])

  @Test func classesAreMeasuredThoroughly() throws {
    let found = try Measures(outputs: logits, targets: .classes(labels), loss: .crossEntropy, isThorough: true)
    #expect(found.confusion == ConfusionMatrix(actual: [1, 0, 1, 0], predicted: [1, 1, 1, 0], classes: 2))
    #expect(found.values["accuracy"] == 75 && found.values["balancedAccuracy"] == 75)
    // Precision at the first and at the third place, where the rows of class 1 stand.
    #expect(abs(found.values["averagePrecision"]! - (1 + 2.0 / 3) / 2) < rounding(terms: 4))
    #expect(found.values["auc"] == 0.75)
    // Rows are ranked by the probabilities of their own loss: 2 / (2 + 1/1.4) is above 9 / (9 + 6), though 1.4 is below 3.
    let crossing = NDArray([-0.4, 1, 5, 8] as [Float], shape: [2, 2])
    #expect(try Measures(outputs: crossing, targets: .classes([1, 0]), loss: .stableMax).values["auc"] == 1)
    #expect(try Measures(outputs: crossing, targets: .classes([1, 0]), loss: .crossEntropy).values["auc"] == 0)
    let calibration = Calibration(logits: logits.doubles, labels: labels, classes: 2)
    #expect(found.values["ece"] == calibration.expectedCalibrationError)
    #expect(found.values["brier"] == calibration.brierScore)
    // Of stableMax by its own probabilities: 1/1.4 and 2 of the first row, 6 and 9 of the second, over their sums.
    let raised = try Measures(outputs: crossing, targets: .classes([1, 0]), loss: .stableMax, isThorough: true)
    let low = 1 / (1 + Double(0.4 as Float))
    let brier = [low / (low + 2), 9.0 / 15].reduce(0) { $0 + $1 * $1 }
    #expect(abs(raised.values["brier"]! - brier) < rounding(terms: 20) && raised.values["ece"] != nil)
    #expect(found.text.hasPrefix("accuracy 75 %, macro F1 ") && found.text.contains(", log-loss "))
    #expect(Measures.detail(found.values, positive: "yes").contains("average precision 0.8333 (yes), ECE "))
    let brief = try Measures(outputs: logits, targets: .classes(labels), loss: .crossEntropy)
    #expect(brief.confusion == nil && brief.values["ece"] == nil && brief.values["balancedAccuracy"] == 75)
  }

  /// Where all scores are the same any order is as good: the precision is the class's share.
  @Test func tiesAreTakenInTogether() throws {
    let flat = try Measures(outputs: NDArray.zeros([4, 2]), targets: .classes(labels), loss: .crossEntropy)
    #expect(flat.values["averagePrecision"] == 0.5 && flat.values["auc"] == 0.5)
  }

  @Test func classesAreCounted() throws {
    let matrix = ConfusionMatrix(actual: [0, 0, 0, 1], predicted: [0, 0, 1, 1], classes: 3)
    #expect(matrix.counts == [[2, 1, 0], [0, 1, 0], [0, 0, 0]])
    #expect(matrix.precision(0) == 1 && matrix.precision(1) == 0.5 && matrix.recall(1) == 1)
    // No row is of the third class, and none was taken for it.
    #expect(matrix.precision(2) == nil && matrix.recall(2) == nil && matrix.support(2) == 0)
  }

  @Test func weightedLossesHaveTheirName() throws {
    let found = try Measures(outputs: logits, targets: .classes(labels), loss: .crossEntropy, classWeights: [0.5, 1.5])
    #expect(found.text.contains("unweighted log-loss ") && found.text.contains(", weighted log-loss "))
    #expect(Measures.decisive(found.values) == found.values["weightedLoss"])
  }

  /// Targets of different units have measures of their own, and one mean that has no unit.
  @Test func severalTargetsAreMeasuredOneByOne() throws {
    let targets = NDArray([-1, -1, 1, 1] as [Float], shape: [2, 2])
    let outputs = NDArray([-1, 0, 1, 0] as [Float], shape: [2, 2])
    let scale = TargetScale(mean: [0, 0], deviation: [1000, 2])
    func measures(_ names: [String]) throws -> Measures {
      try Measures(outputs: outputs, targets: .numbers(targets), loss: .squaredError, scale: scale, names: names)
    }
    let found = try measures(["price", "area"])
    #expect(found.values["rmse/price"] == 0 && found.values["rmse/area"] == 2 && found.values["mae/area"] == 2)
    #expect(found.values["r2/price"] == 1 && found.values["r2/area"] == 0 && found.text == "mean R² 0.5 of 2 targets")
    #expect(Measures.targets(in: found.values) == ["area", "price"])
    #expect(Measures.text(found.values, target: "area") == "RMSE 2, MAE 2, R² 0")
    #expect(Measures.targets(in: try measures([]).values) == ["0", "1"])
  }

  /// Of many targets an epoch knows the means only, and a thorough look each.
  @Test func manyTargetsAreLookedAtInTheEnd() throws {
    let array = NDArray((0..<80).map { Float($0 % 7) }, shape: [2, 40])
    for isThorough in [false, true] {
      let found = try Measures(outputs: array, targets: .numbers(array), loss: .squaredError, isThorough: isThorough)
      #expect(Measures.targets(in: found.values).count == (isThorough ? 40 : 0))
    }
  }

  /// What does not fit is named, whoever made the outputs: a network with two numbers for each target, or with too few classes.
  @Test func unlikeOutputsAreNamed() {
    let pairs = NDArray.zeros([4, 2])
    for (targets, hint) in [
      (Dataset.Targets.numbers(NDArray.zeros([4, 1])), "outputs [4, 2] and targets [4, 1] differ"),
      (.classes([0, 1, 2, 0]), "an example of class 2, and outputs [4, 2] are of classes 0 to 1"),
      (.classes([0, -1, 1, 0]), "an example of class -1"), (.classes([0, 1, 0]), "are not those of 3 examples"),
    ] {
      let loss: LossFunction = if case .classes = targets { .crossEntropy } else { .squaredError }
      #expect { try Measures(outputs: pairs, targets: targets, loss: loss) } throws: { "\($0)".contains(hint) }
    }
  }
}
