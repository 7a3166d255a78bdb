import Datasets
import Models
import Testing
import Training

/// Data and losses of one's own: what is wrong with them is told by its name.
@Suite struct OwnDataTests {
  private func numbers(_ values: [Float], _ name: String = "own") -> Dataset {
    Dataset(
      name: name, features: .numbers(NDArray(values, shape: [values.count, 1])),
      targets: .numbers(NDArray(values.map { 50 * $0 + 1000 }, shape: [values.count, 1])))
  }

  /// The test part is on the scale of the others.
  @Test func theTestPartIsStandardised() throws {
    let problem = TrainingProblem(
      train: numbers([-1, 0, 1, 0]), validation: numbers([0, 1]), test: numbers([1, -1, 0]))
    let scale = try #require(problem.targetScale)
    guard case .numbers(let test) = try #require(problem.test).targets else { return #expect(Bool(false)) }
    for (value, raw) in zip(test.doubles, [1050.0, 950, 1000]) {
      #expect(abs(value - (raw - scale.mean[0]) / scale.deviation[0]) < 1e-5)
    }
    #expect(problem.summary.hasSuffix("4 train, 2 validate, 3 test"))
  }

  @Test func classesWithoutNamesAreNumbered() {
    let labels = Dataset(
      name: "own", features: .numbers(NDArray([Float](repeating: 0, count: 4), shape: [4, 1])),
      targets: .classes([0, 3, 1, 2]))
    #expect(TrainingProblem(train: labels, validation: labels).outputs == 4)
  }

  @Test(arguments: [
    ([0, 1, 5], "the label of example 2 is 5"), ([0, -1, 1], "the label of example 1 is -1"),
    ([0, 1], "3 examples have 2 labels"),
  ])
  func wrongLabelsAreNamed(_ labels: [Int32], _ hint: String) {
    let data = Dataset(
      name: "own", features: .numbers(NDArray([Float](repeating: 0, count: 3), shape: [3, 1])),
      targets: .classes(labels), classNames: ["a", "b", "c"])
    #expect { try BatchSequence(data, batchSize: 2, key: RandomKey(seed: 0)) } throws: { "\($0)".contains(hint) }
  }

  @Test func wrongNumbersAreNamed() {
    let features = Dataset.Features.numbers(NDArray([Float](repeating: 0, count: 3), shape: [3, 1]))
    for (targets, hint) in [
      (NDArray([1, Float.nan, 2], shape: [3, 1]), "the target of example 1 is nan"),
      (NDArray([Float(1), 2], shape: [2, 1]), "targets of the shape [2, 1]"),
    ] {
      let data = Dataset(name: "own", features: features, targets: .numbers(targets))
      #expect { try BatchSequence(data, batchSize: 2, key: RandomKey(seed: 0)) } throws: { "\($0)".contains(hint) }
    }
  }

  /// A loss that would repeat its targets to a square, or gives no number for each row, is refused; one whose outputs are more than its targets is not.
  @Test func lossesOfOnesOwn() throws {
    let own = LossFunction("own") { output, target in (output - target).squared.mean([1]) }
    let summed = LossFunction("summed") { output, target in (output - target).squared.sum() }
    let both = LossFunction("normal") { output, target in
      let (mean, spread) = (output.slice(0..<1, axis: 1), output.slice(1..<2, axis: 1))
      return ((target - mean).squared * exp(-spread) + spread).mean([1])
    }
    func fails(_ loss: LossFunction, _ output: Shape, _ target: Shape) -> Bool {
      (try? Program(inputs: [TensorType(output), TensorType(target)]) { _, x in [loss(x[0], x[1])] }) == nil
    }
    #expect(!fails(own, [10, 1], [10, 1]) && fails(own, [10, 1], [10]) && fails(own, [10, 1], [5, 1]))
    #expect(fails(summed, [10, 1], [10, 1]) && !fails(both, [10, 2], [10, 1]))
  }

  @Test(arguments: [1, -0.5, Double.nan, 2]) func dropoutIsAShare(_ rate: Double) {
    let data = numbers([-1, 0, 1, 0])
    #expect {
      let trainer = try Trainer(
        model: Sequential([Linear(1, 4), Dropout(rate), Linear(4, 1)]), loss: .squaredError,
        optimizer: Chain { LearningRate(0.1) },
        batches: try BatchSequence(data, batchSize: 2, key: RandomKey(seed: 0)), key: RandomKey(seed: 1))
      _ = try trainer.advance()
    } throws: { "\($0)".contains("dropout: the rate must be in 0..<1") }
  }
}
