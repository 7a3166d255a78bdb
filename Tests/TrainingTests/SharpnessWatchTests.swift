import Foundation
import Testing
import Training

@Suite struct SharpnessWatchTests {
  /// One weight, features that are all 1, targets 0: the loss is w² whose curvature is 2, and each batch is all examples.
  private func descent(_ chain: String) throws -> Trainer {
    let dataset = Dataset(
      name: "ones", features: .numbers(NDArray(repeating: 1, shape: [4, 1])),
      targets: .numbers(NDArray(repeating: 0, shape: [4, 1])), classNames: [])
    let method = try DescentMethodKind.parse(chain)
    return try Trainer(
      model: Linear(1, 1, bias: false), loss: .squaredError, method: method,
      batches: try BatchSequence(dataset, batchSize: 4, key: RandomKey(seed: 1)), key: RandomKey(seed: 2),
      state: try TrainingState(startingFrom: ["weight": NDArray(repeating: 1, shape: [1, 1])], method: method))
  }

  /// What is said to be stable is: a little below its rate a descent comes to rest, and a little above it runs away.
  @Test(arguments: [
    "", "momentum 0.5 |", "momentum 0.9 |", "momentum 0.9 nesterov=true |", "decay 0.5 |",
    "decay 0.25 | momentum 0.8 |",
    "decay 0.25 | momentum 0.3 nesterov=true |",
  ])
  func limitsAreThoseOfADescent(_ stages: String) throws {
    func limit(_ rate: Double) throws -> Double {
      let trainer = try descent("\(stages) rate \(rate)")
      return try #require(StabilityEdge(of: trainer.method, at: trainer.state, trainer.batches)).limit
    }
    // The limit falls as the rate grows: where it is the loss' curvature.
    var (low, high) = (0.01, 10.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if try limit(middle) > 2 { low = middle } else { high = middle }
    }
    func end(_ rate: Double) throws -> Double {
      let trainer = try descent("\(stages) rate \(rate)")
      for _ in 0..<2000 { if try trainer.advance()[0] > 1e6 { break } }
      return abs(trainer.state.parameters.leaves[0].item)
    }
    #expect(try end(0.98 * low) < 0.5, "\(low)")
    #expect(try end(1.02 * low) > 100, "\(low)")
  }

  /// The same of methods that divide, by numbers that hardly change: what they remember is given, and kept for some 10^9 updates.
  @Test(arguments: [
    ("adam 0.9 0.999999999", 4.0), ("adam 0.5 0.999999999", 0.25), ("adam 0.9 0.999999999 | decay 0.5", 4),
    ("adam 0.9 0.999999999 amsgrad=true", 4), ("rmsprop 0.999999999", 9),
    ("rmsprop 0.999999999 | decay 0.5", 1),
  ])
  func dividedLimitsAreThoseOfADescent(_ stages: String, _ square: Double) throws {
    func descent(_ rate: Double) throws -> Trainer {
      let start = try self.descent("\(stages) | rate \(rate)")
      var state = start.state
      state.step = 40_000_000_000
      state.optimizerState = state.optimizerState.mapWithPaths { path, leaf in
        path.contains("first") ? leaf : NDArray(repeating: square, shape: leaf.shape)
      }
      return try Trainer(
        model: Linear(1, 1, bias: false), loss: .squaredError, method: start.method, batches: start.batches,
        key: RandomKey(seed: 2), state: state)
    }
    // Where the limit is the curvature, 2, as it is divided.
    var (low, high) = (1e-3, 1e3)
    for _ in 0..<60 {
      let trainer = try descent((low * high).squareRoot())
      let edge = try #require(StabilityEdge(of: trainer.method, at: trainer.state, trainer.batches))
      let scale = try #require(edge.scale).leaves[0].item
      #expect(abs(scale * scale * square.squareRoot() - 1) < 1e-6)
      if edge.limit > 2 * scale * scale { low = (low * high).squareRoot() } else { high = (low * high).squareRoot() }
    }
    func end(_ rate: Double) throws -> Double {
      let trainer = try descent(rate)
      for _ in 0..<2000 { if try trainer.advance()[0] > 1e4 { break } }
      return abs(trainer.state.parameters.leaves[0].item)
    }
    #expect(try end(0.98 * low) < 0.5, "\(low)")
    // Longer gradients would change what divides them.
    #expect(try end(1.02 * low) > 50, "\(low)")
  }

  @Test func limitFollowsTheScheduleAndIsNotGuessed() throws {
    func limit(_ chain: String, after step: Int) throws -> Double? {
      let trainer = try descent(chain)
      var state = trainer.state
      state.step = step
      return StabilityEdge(of: trainer.method, at: state, trainer.batches)?.limit
    }
    #expect(try limit("rate linear(0.1, 0.2, 10updates)", after: 10) == 10)
    #expect(try abs(limit("rate linear(0.1, 0.2, 10epochs)", after: 5)! - 2 / 0.15) < 1e-9)
    // A rate of 0 bears everything.
    #expect(try limit("rate linear(0.1, 0, 10updates)", after: 10) == nil)
    // Nothing was divided by yet.
    #expect(try limit("adam | rate 0.1", after: 0) == nil)
    for chain in [
      "decay 0.1 | adam | rate 0.1", "clip 1 | adam | rate 0.1", "clip 1 | rate 0.1", "momentum | decay 0.1 | rate 0.1",
      "sam 0.1 (rate 0.1)",
    ] {
      #expect(try limit(chain, after: 0) == nil, "\(chain)")
    }
  }
}
