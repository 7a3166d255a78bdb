import Diagnostics
import Foundation
import Testing
import Training

/// One descent may use several methods at once and carry every diagnostic; none of them disturbs it.
@Suite struct WatchedDescentTests {
  private func trainer(_ chain: String) throws -> Trainer {
    let key = RandomKey(seed: 5)
    let features = key.normal([120, 4])
    let labels = (0..<120).map { Int32(features[flat: 4 * $0] > 0 ? 1 : 0) }
    let dataset = Dataset(
      name: "x", features: .numbers(features), targets: .classes(labels), classNames: ["no", "yes"])
    return try Trainer(
      model: MLP([4, 16, 2]), loss: .crossEntropy, method: try DescentMethodKind.parse(chain),
      batches: try BatchSequence(dataset, batchSize: 20, key: RandomKey(seed: 1)), key: RandomKey(seed: 2))
  }

  @Test(arguments: [
    "orthogonal | losspower 1.5 | momentum 0.9 | rate 0.05",
    "orthogonal | losspower sigmoid(1.2, 0.8) through=rate | adam | rate 0.01",
    "orthogonal | losspower piecewise(1.2, 0.8) | adam | rate 0.01",
  ])
  func endsWithTheSameBits(_ chain: String) throws {
    let (bare, watched, twin) = (try trainer(chain), try trainer(chain), try trainer(chain))
    let model = MLP([4, 16, 2])
    let loss: @Sendable (Tensor, Tensor) -> Tensor = { LossFunction.crossEntropy.perSample($0, $1) }
    let (predictor, risks) = (Predictor(model), RiskProbe(model, loss: loss))
    let lipschitz = try LipschitzProbe(model, loss: loss)
    let distance = try TwinDistance(watched.state.parameters.types)
    let key = RandomKey(seed: 9)
    func examples(_ name: String) -> ExampleArrays {
      ExampleArrays(
        features: key.split(name).normal([40, 4]),
        targets: NDArray(key.split(name).integers(count: 40, below: 2).map { Int32($0) }))
    }
    let (new, seen) = (examples("new"), examples("seen"))
    for step in 0..<30 {
      _ = try bare.advance()
      _ = try watched.advance()
      _ = try twin.advance()
      let parameters = watched.state.parameters
      let logits = try predictor.predict(new.features, parameters: parameters, modelState: watched.state.modelState)
      let calibration = Calibration(logits: logits.doubles, labels: new.targets.values(as: Int32.self), classes: 2)
      let flatness = try risks.flatness(
        parameters, new: new, seen: seen, deviation: 0.1, pairs: 2, key: key.split(step))
      let look = try lipschitz.look(parameters, on: new)
      try distance.observe(parameters, twin.state.parameters)
      #expect(calibration.negativeLogLikelihood.isFinite && flatness.isFinite)
      #expect(look.layers.count == 2)
    }
    #expect(distance.distance == 0)
    #expect(watched.state == bare.state)
    let start = try trainer(chain).state.parameters
    #expect(watched.state.parameters != start)
  }
}
