import Experiments
import Testing
import Training

/// What is said of a network beside predictions that need none.
@Suite struct TrainingOutcomeTests {
  /// 40 rows of each class; the network's scores rank rows as they are given.
  private func outcome(
    scores: (Int) -> Float, leastSquares: [String: Double]? = nil, logistic: [String: Double]? = nil
  ) throws -> TrainingOutcome {
    let labels = (0..<80).map { Int32($0 % 2) }
    let outputs = NDArray((0..<80).flatMap { [0, scores($0)] }, shape: [80, 2])
    return TrainingOutcome(
      try Measures(outputs: outputs, targets: .classes(labels), loss: .crossEntropy, isThorough: true),
      TrainingBaselines(
        constant: ["loss": 0.693, "accuracy": 50, "f1": 0.33], named: "majority", leastSquares: leastSquares,
        logistic: logistic),
      classes: ["no", "yes"])
  }

  /// Wrong as often as right, and too sure of it.
  private let blind: (Int) -> Float = { $0 % 4 < 2 ? 3 : -3 }

  @Test func whatBeatsTheConstantIsLeftAlone() throws {
    #expect(try outcome { $0 % 2 == 1 ? 1 : -1 }.verdict(trainRows: 300) == nil)
  }

  /// Nothing is said to predict the target only where nothing does.
  @Test func baselinesThatPredictAreNamed() throws {
    #expect(
      try outcome(scores: blind, leastSquares: ["accuracy": 82, "auc": 0.866]).verdict(trainRows: 300)
        == "this network does not beat the constant prediction; least squares does (AUC 0.87)")
    // The standard error of an AUC by chance is 0.065 here.
    let nothing = try outcome(scores: blind, leastSquares: ["accuracy": 55, "auc": 0.56], logistic: ["loss": 0.7])
    #expect(
      nothing.verdict(trainRows: 300)
        == "this network does not beat the constant prediction: nothing that was found here predicts the target")
    #expect(nothing.verdict(trainRows: 44)?.hasSuffix(": 44 rows are few to learn from") == true)
    let logistic = try outcome(scores: blind, logistic: ["loss": 0.6, "auc": 0.61, "accuracy": 60])
    #expect(logistic.verdict(trainRows: 300)?.hasSuffix("; logistic regression does (AUC 0.61)") == true)
  }

  /// A network may rank rows well, and be too sure of its probabilities.
  @Test func aBoldNetworkIsNoBlindOne() throws {
    let text = try outcome { $0 % 10 == 0 ? 40 : $0 % 2 == 1 ? 20 : -20 }.verdict(trainRows: 300)
    #expect(text?.hasPrefix("by log-loss this network does not beat") == true)
    #expect(text?.contains("tells classes apart (AUC 0.") == true && text?.contains("nothing") == false)
  }

  @Test func linesNameAllThatWasMeasured() throws {
    let lines = try outcome(scores: blind, leastSquares: ["accuracy": 82], logistic: ["loss": 0.5]).lines("test")
    #expect(lines[0].hasPrefix("test: accuracy 50 %, macro F1 ") && lines.count == 4)
    #expect(lines[1].hasPrefix("  always the training part's majority: accuracy 50 %"))
    #expect(lines[2] == "  least squares: accuracy 82 %" && lines[3] == "  logistic regression: log-loss 0.5")
  }

  @Test func targetsHaveTheirLines() throws {
    let array = NDArray([0, 1, 1, 0] as [Float], shape: [2, 2])
    let measures = try Measures(
      outputs: array, targets: .numbers(array), loss: .squaredError, names: ["b", "a"], isThorough: true)
    let lines = TrainingOutcome(measures, TrainingBaselines(constant: ["loss": 1, "r2": 0, "rmse": 1])).lines("test")
    #expect(lines[0] == "test: mean R² 1 of 2 targets" && lines[1] == "  a: RMSE 0, MAE 0, R² 1")
    #expect(lines[3].hasPrefix("  always the training part's mean"))
  }

  /// By a quantile's loss a prediction of the mean does not beat the constant, and still tells rows apart: nothing says that none does.
  @Test func quantilesHaveTheirVerdict() throws {
    let targets = NDArray((0..<200).map { Float($0 % 20) / 10 - 0.95 }, shape: [200, 1])
    func verdict(_ shift: Float, slope: Float, leastSquares: [String: Double]? = nil) throws -> (
      text: String?, lines: [String]
    ) {
      let outputs = NDArray((0..<200).map { slope * (Float($0 % 20) / 10 - 0.95) + shift }, shape: [200, 1])
      let loss = LossFunction.quantile(share: 0.95)
      let measures = try Measures(outputs: outputs, targets: .numbers(targets), loss: loss)
      let constant = try Measures(
        outputs: NDArray((0..<200).map { _ in Float(0.95) }, shape: [200, 1]), targets: .numbers(targets), loss: loss)
      let outcome = TrainingOutcome(
        measures,
        TrainingBaselines(constant: constant.values, named: "quantile 0.95", leastSquares: leastSquares))
      return (outcome.verdict(trainRows: 200), outcome.lines("validation"))
    }
    #expect(try verdict(0.05, slope: 1).text == nil)
    let below = try verdict(-0.3, slope: 0.6, leastSquares: ["loss": 0.4, "r2": 0.5, "rmse": 1])
    #expect(
      below.text
        == "by quantile share=0.95 this network does not beat the constant prediction, but it tells rows apart (R² 0.57); "
        + "least squares tells rows apart, too (R² 0.50)", "\(below.text ?? "")")
    #expect(below.lines[0].contains(", quantile share=0.95 0.") && below.lines[1].contains(", quantile share=0.95 0."))
    #expect(
      try verdict(-3, slope: 0).text
        == "this network does not beat the constant prediction: more epochs or another rate may help; nothing simpler was tried on it"
    )
    // R² of 0.01 is what chance has on 200 rows.
    #expect(try verdict(-0.2446, slope: 0.1).text?.contains("apart") == false)
  }

  /// What decided is named: by a focal loss a network may lose what it wins by log-loss.
  @Test(arguments: [nil, [0.5, 1.5]] as [[Double]?]) func whatDecidesIsNamed(_ weights: [Double]?) throws {
    let labels = (0..<80).map { Int32($0 % 2) }
    // Sure of all rows, and right of eight in ten.
    let scores: [Float] = (0..<80).map { row in
      let isRight = row % 10 < 8
      return (row % 2 == 1) == isRight ? 3 : -3
    }
    let outputs = NDArray(scores.flatMap { [0, $0] }, shape: [80, 2])
    let loss = LossFunction.focal(gamma: 5)
    let measures = try Measures(
      outputs: outputs, targets: .classes(labels), loss: loss, classWeights: weights, isThorough: true)
    let constant = try Measures(
      outputs: NDArray.zeros([80, 2]), targets: .classes(labels), loss: loss, classWeights: weights)
    let outcome = TrainingOutcome(
      measures, TrainingBaselines(constant: constant.values, named: "majority"), classes: ["no", "yes"])
    #expect(
      measures.values["loss"]! < constant.values["loss"]! && measures.values["ownLoss"]! > constant.values["ownLoss"]!)
    let text = try #require(outcome.verdict(trainRows: 300))
    #expect(
      text.hasPrefix("by \(weights == nil ? "" : "weighted ")focal gamma=5 this network does not beat"), "\(text)")
  }

  /// Few classes have a matrix, many what each is mistaken for.
  @Test func classesHaveATable() throws {
    let matrix = ConfusionMatrix(actual: [0, 0, 1], predicted: [0, 1, 1], classes: 2)
    let few = ClassAccount(matrix, names: ["no", "yes"])
    let lines = few.text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    #expect(lines[0].joined(separator: " ") == "class support precision recall as no as yes")
    #expect(lines[1] == ["no", "2", "1", "0.5", "1", "1"] && lines[2] == ["yes", "1", "0.5", "1", "0", "1"])
    let labels = (0..<24).map { Int32($0 % 12) }
    let many = ClassAccount(
      ConfusionMatrix(actual: labels, predicted: labels.map { $0 == 3 ? 5 : $0 }, classes: 12), names: ["a", "b"])
    #expect(many.text.contains("mostly mistaken for") && many.text.contains("class 5 (2)"))
  }
}
