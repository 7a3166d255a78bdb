import Arrays
import Datasets
import Foundation
import Models
import Testing
import Training

@Suite struct ClassWeightsTests {
  private let data = Dataset(
    name: "rare", features: .numbers(NDArray.zeros([10, 1])), targets: .classes([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]),
    classNames: ["common", "rare"])

  @Test func weightsAreReadAndScaled() throws {
    #expect(try ClassWeights("balanced").values(for: data) == [0.625, 2.5])
    let named = try ClassWeights("rare=4").values(for: data)
    #expect(named[1] / named[0] == 4 && abs(8 * named[0] + 2 * named[1] - 10) < 1e-12)
    for text in ["", "even", "rare", "rare=-1", "rare=nan", "rare=1,rare=2"] {
      #expect(throws: TrainingError.self) { try ClassWeights(text) }
    }
    #expect { try ClassWeights("rar=1").values(for: data) } throws: { "\($0)".contains("rare") }
    #expect(throws: TrainingError.self) { try ClassWeights("rare=0,common=0").values(for: data) }
    var numbers = data
    numbers.targets = .numbers(NDArray.zeros([10, 1]))
    #expect(throws: TrainingError.self) { try ClassWeights("balanced").values(for: numbers) }
  }

  /// A constant model (features are 0) learns the prior: 0.2 for the rare class, one half where classes count the same.
  @Test func aBalancedDescentFindsOneHalf() throws {
    for (weights, expected) in [(nil, 0.2), ([0.625, 2.5], 0.5)] as [([Double]?, Double)] {
      let loss = weights.map { LossFunction.crossEntropy.weighted($0) } ?? .crossEntropy
      let trainer = try Trainer(
        model: MLP([1, 2]), loss: loss, optimizer: try Chain("rate 1"),
        batches: try BatchSequence(data, batchSize: 10, key: RandomKey(seed: 0)), key: RandomKey(seed: 1))
      for _ in 0..<200 { _ = try trainer.advance() }
      let evaluated = trainer.evaluatedState
      let bias = evaluated.parameters["linear0/bias"]!
      let rare = 1 / (1 + exp(Double(bias[flat: 0] - bias[flat: 1])))
      // 200 steps of a contraction by 0.84 or less leave 1e-15; the rest is float32.
      #expect(abs(rare - expected) < 1e-5)
    }
    let measures = try Measures(
      outputs: NDArray.zeros([10, 2]), targets: data.targets, loss: .crossEntropy, classWeights: [0.625, 2.5])
    #expect(abs(measures.values["weightedLoss"]! - log(2)) < 1e-12)
  }
}
