import Foundation
import Testing
import Training

/// What another thread makes has the bits of what is made on the spot; its errors come out; what is given up ends.
@Suite struct BatchesAheadTests {
  private struct Failure: Error, Equatable { var number: Int }

  private func images(
    _ count: Int, side: Int, batch: Int, sampling: SamplingOrder = .shuffled
  ) throws -> BatchSequence {
    let bytes = RandomKey(seed: 3).integers(count: count * side * side * 3, below: 256).map { UInt8($0) }
    return try BatchSequence(
      Dataset(
        name: "images", features: .images(bytes, height: side, width: side, channels: 3),
        targets: .classes((0..<count).map { Int32($0 % 2) }), classNames: ["a", "b"]), batchSize: batch,
      key: RandomKey(seed: 4), augmentation: Augmentation(cropPadding: 1, flips: true),
      normalization: Normalization(mean: [0.4, 0.5, 0.6], standardDeviation: [0.2, 0.3, 0.4]), sampling: sampling)
  }

  /// Over ends of epochs, in whole batches and in parts, from the start and from where a descent goes on.
  @Test(arguments: [SamplingOrder.shuffled, .replacement, .fixed], [[0..<6], [0..<3, 3..<6], [2..<4, 4..<6]])
  func bitsAreThoseOfBatchesMadeOnTheSpot(_ sampling: SamplingOrder, _ parts: [Range<Int>]) throws {
    // Three batches an epoch; one example is left out of each.
    let batches = try images(19, side: 5, batch: 6, sampling: sampling)
    for (first, leastCount) in [(0, 0), (4, 0), (0, Int.max)] {
      try Engine.withThreadCount(2) {
        let ahead = BatchesAhead(batches, parts: parts, leastCount: leastCount)
        for step in first..<first + 8 {
          let order = batches.order(epoch: step / 3)
          for rows in parts {
            let (found, known) = (try ahead.batch(step, rows: rows), batches.batch(step, order: order, rows: rows))
            #expect(found.features == known.features && found.targets == known.targets, "\(step), \(rows)")
          }
        }
      }
    }
  }

  /// What is asked for out of turn, twice, or of another epoch, is what was asked for.
  @Test func anyBatchMayBeAskedFor() throws {
    let batches = try images(19, side: 5, batch: 6)
    try Engine.withThreadCount(2) {
      let ahead = BatchesAhead(batches, parts: [0..<6], leastCount: 0)
      for (step, rows) in [(0, 0..<6), (0, 0..<6), (7, 0..<6), (2, 0..<6), (3, 1..<2), (4, 0..<6), (3, 0..<6)] {
        let known = batches.batch(step, order: batches.order(epoch: step / 3), rows: rows)
        let found = try ahead.batch(step, rows: rows)
        #expect(found.features == known.features && found.targets == known.targets, "\(step), \(rows)")
      }
    }
  }

  /// A descent on batches of 98,304 numbers, which are made ahead, is one that is given each batch by hand.
  @Test func descentsHaveTheSameBits() throws {
    let batches = try images(100, side: 32, batch: 32)
    #expect(32 * batches.dataset.exampleShape.count >= BatchesAhead.leastCount)
    try Engine.withThreadCount(2) {
      let (model, key) = (MLP([32 * 32 * 3, 4, 2]), RandomKey(seed: 2))
      let method = try DescentMethodKind.parse("noise 0.01 | adam | rate 0.01")
      let trainer = try Trainer(model: model, loss: .crossEntropy, method: method, batches: batches, key: key)
      func inputs(_ step: Int) -> Tree<NDArray> {
        let batch = batches.batch(step, order: batches.order(epoch: step / 3))
        return ["features": batch.features, "targets": batch.targets]
      }
      let byHand = try TrainingStep(
        .supervised(model, .crossEntropy), method: method, inputs: inputs(0).types, from: trainer.state,
        key: key.split("step"), sampleCount: 32, stepsPerEpoch: 3)
      for step in 0..<8 { #expect(try trainer.advance() == byHand.advance(inputs(step))) }
      #expect(trainer.state == byHand.state)
    }
  }

  @Test func errorsComeOutWhereTheValueIsAskedFor() throws {
    for beside in [false, true] {
      let ahead = Ahead<Int>(beside: beside) { throw Failure(number: 7) }
      for _ in 0..<2 { #expect(throws: Failure(number: 7)) { try ahead.value } }
      #expect(ahead.isMade)
    }
  }

  /// Many threads ask for one value at once: it is made once, and all get it.
  @Test func valuesAreMadeOnce() throws {
    for beside in [false, true] {
      let count = Count()
      let ahead = Ahead(beside: beside) { count.next() }
      DispatchQueue.concurrentPerform(iterations: 8) { _ in
        if (try? ahead.value) != 1 { count.miss() }
      }
      #expect(try ahead.value == 1 && count.misses == 0)
    }
  }

  /// What is given up before anybody begins is never made; a descent that stops early leaves nothing that it waits for.
  @Test func whatIsGivenUpIsNotMade() throws {
    let count = Count()
    do { _ = Ahead(beside: false) { count.next() } }
    #expect(count.next() == 1)
    let batches = try images(19, side: 5, batch: 6)
    try Engine.withThreadCount(2) {
      for _ in 0..<50 {
        let ahead = BatchesAhead(batches, parts: [0..<6], leastCount: 0)
        _ = try ahead.batch(0, rows: 0..<6)
      }
    }
  }

  /// Calls, counted from 1 by whatever thread makes them.
  private final class Count: @unchecked Sendable {
    private let lock = NSLock()
    private var calls = 0
    private var missed = 0

    func next() -> Int {
      lock.withLock {
        calls += 1
        return calls
      }
    }
    func miss() { lock.withLock { missed += 1 } }
    var misses: Int { lock.withLock { missed } }
  }
}
