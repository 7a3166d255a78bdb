import Foundation
import TestSupport
import Testing
import Training

/// A batch in parts is the batch, up to rounding, and what does not go in parts is refused.
@Suite struct ShardedStepTests {
  private static let rate = 0.05

  private func batches(_ size: Int = 24) throws -> BatchSequence {
    let features = RandomKey(seed: 5).normal([72, 4])
    let labels = (0..<72).map { Int32(features[flat: 4 * $0] > 0 ? 1 : 0) }
    return try BatchSequence(
      Dataset(name: "x", features: .numbers(features), targets: .classes(labels), classNames: ["no", "yes"]),
      batchSize: size, key: RandomKey(seed: 1))
  }

  private func trainer(
    _ chain: String = "rate 0.05", parts: Int?, model: any Layer = MLP([4, 16, 2]), batch: Int = 24,
    state: TrainingState? = nil
  ) throws -> Trainer {
    try Trainer(
      model: model, loss: .crossEntropy, method: try DescentMethodKind.parse(chain), batches: try batches(batch),
      key: RandomKey(seed: 2), state: state, shards: parts.map { LocalShards($0) })
  }

  private func distance(_ a: Trainer, _ b: Trainer) -> Double {
    zip(a.state.parameters.leaves, b.state.parameters.leaves).flatMap { x, y in
      zip(x.doubles, y.doubles).map { abs($0 - $1) }
    }.max()!
  }

  /// Gradients are means of 24 examples' products of at most 17 numbers, none of which is above 4; the rest of a step is
  /// a handful of roundings. Momentum and a power of the loss have conditions of some ten.
  @Test(arguments: [
    ("rate 0.05", 1.0), ("momentum 0.9 | rate 0.05", 10.0), ("losspower 1.5 | rate 0.05", 10.0),
    ("noise 0.01 | decay 0.01 | rate 0.05", 1.0),
  ])
  func partsAreTheBatch(_ chain: String, _ condition: Double) throws {
    let whole = try trainer(chain, parts: nil)
    for parts in [2, 3, 4] {
      let (a, b) = (try trainer(chain, parts: nil), try trainer(chain, parts: parts))
      let first = (try a.advance(), try b.advance())
      let bound = rounding(.float32, terms: 24 + 17 + 10, condition: condition, scale: 4)
      #expect(distance(a, b) < Self.rate * bound + rounding(.float32, terms: 4, scale: 2), "\(chain), \(parts)")
      #expect(abs(first.0[0] - first.1[0]) < bound && a.readingTags == b.readingTags)
      // It moved much further than that.
      #expect(distance(whole, a) > 1e-3 && a.calls == b.calls)
      // The loss's curvature times the rate is below 1, so that a step at most doubles what those before left.
      for _ in 0..<5 {
        _ = try a.advance()
        _ = try b.advance()
      }
      #expect(distance(a, b) < 63 * (Self.rate * bound + rounding(.float32, terms: 4, scale: 2)), "\(chain), \(parts)")
    }
  }

  /// What is done every few updates is done in the same ones; what needs the Hessian of a whole batch is refused.
  @Test func partsRenewAtTheSameUpdates() throws {
    for (chain, part) in [
      ("shampoo 0.8 0.9 0.1 period=3 | rate 0.01", "/root"), ("soap 0.8 0.9 period=3 | rate 0.01", "/basis"),
    ] {
      for parts in [nil, 2] {
        let trainer = try trainer(chain, parts: parts)
        func renewed() -> Tree<NDArray> { trainer.state.optimizerState.filter { path, _ in path.contains(part) } }
        var before = renewed()
        #expect(!before.isEmpty)
        for update in 0..<8 {
          _ = try trainer.advance()
          #expect((renewed() != before) == update.isMultiple(of: 3), "\(chain), \(parts ?? 0), \(update)")
          before = renewed()
        }
      }
    }
    #expect {
      try trainer("sophia | rate 0.01", parts: 2)
    } throws: { "\($0)".contains("products with the Hessian") }
  }

  /// One part is a batch: the key is the step's own, dropped units are the same.
  @Test func onePartIsTheBatch() throws {
    let model = Sequential([Linear(4, 16), Activation.tanh, Dropout(0.5), Linear(16, 2)])
    let (whole, one, two) = (
      try trainer(parts: nil, model: model), try trainer(parts: 1, model: model), try trainer(parts: 2, model: model)
    )
    for trainer in [whole, one, two] { _ = try trainer.advance() }
    #expect(distance(whole, one) < rounding(.float32, terms: 51, scale: 4))
    // Parts drop different units than the whole.
    #expect(distance(whole, two) > 1e-4)
  }

  /// Running values are means over parts.
  @Test func runningValuesAreMeans() throws {
    let model = Sequential([Linear(4, 8), BatchNorm(8), Activation.tanh, Linear(8, 2)])
    let (whole, parts) = (try trainer(parts: nil, model: model), try trainer(parts: 3, model: model))
    _ = try whole.advance()
    _ = try parts.advance()
    func running(_ trainer: Trainer, _ name: String) throws -> [Double] {
      try #require(trainer.state.modelState["1/" + name]).doubles
    }
    // The mean of equal parts' means is that of the batch; variances within parts are not, but near.
    for (a, b) in zip(try running(whole, "mean"), try running(parts, "mean")) {
      #expect(abs(a - b) < rounding(.float32, terms: 51, scale: 4))
    }
    let variances = zip(try running(whole, "variance"), try running(parts, "variance")).map { ($0 - $1) / $0 }
    #expect(variances.contains { abs($0) > 1e-4 } && variances.allSatisfy { abs($0) < 0.1 })
  }

  @Test func resumesExactly() throws {
    let whole = try trainer("noise 0.01 | adam | rate 0.01", parts: 3)
    for _ in 0..<8 { _ = try whole.advance() }
    let part = try trainer("noise 0.01 | adam | rate 0.01", parts: 3)
    for _ in 0..<4 { _ = try part.advance() }
    let resumed = try trainer("noise 0.01 | adam | rate 0.01", parts: 3, state: part.state)
    for _ in 0..<4 { _ = try resumed.advance() }
    #expect(resumed.state == whole.state)
  }

  @Test func whatHasNoPartsIsRefused() {
    #expect { try trainer(parts: 5) } throws: { "\($0)".contains("no 5 equal parts; take 20 or 25") }
    #expect { try trainer(parts: 1_000_000) } throws: { "\($0)".hasSuffix("parts or fewer") }
    #expect { try trainer("sam 0.05 (rate 0.1)", parts: 2) } throws: { "\($0)".contains("give a chain alone") }
    #expect { try trainer("rate 1e30", parts: 2).advanceOften() } throws: {
      "\($0)".contains("the loss is") && "\($0)".contains("at step") && "\($0)".contains("too large")
    }
  }

  @Test(arguments: 1...9) func sumsCoverAllParts(_ count: Int) {
    var sums = (0..<count).map { [$0] }
    for (into, from) in ShardTree.pairs(count) {
      sums[into] += sums[from]
      sums[from] = []
    }
    #expect(sums[0] == Array(0..<count))
  }

  /// Rows of a batch have the bits that they have in the whole, augmented or not.
  @Test func rowsAreThoseOfTheBatch() throws {
    let bytes = (0..<12 * 3 * 4 * 2).map { UInt8(truncatingIfNeeded: 37 * $0) }
    let batches = try BatchSequence(
      Dataset(
        name: "images", features: .images(bytes, height: 3, width: 4, channels: 2),
        targets: .classes((0..<12).map { Int32($0 % 2) }), classNames: ["a", "b"]), batchSize: 6,
      key: RandomKey(seed: 4), augmentation: Augmentation(cropPadding: 1, flips: true))
    let order = batches.order(epoch: 0)
    let whole = batches.batch(1, order: order)
    let part = batches.batch(1, order: order, rows: 2..<5)
    #expect(part.features.floats == Array(whole.features.floats[2 * 24..<5 * 24]))
    #expect(part.targets.integers == Array(whole.targets.integers[2..<5]))
  }
}

extension Trainer {
  fileprivate func advanceOften() throws { for _ in 0..<20 { _ = try advance() } }
}
