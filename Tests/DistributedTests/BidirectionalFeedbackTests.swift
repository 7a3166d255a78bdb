import Arrays
import Distributed
import TestSupport
import Testing

@Suite struct BidirectionalFeedbackTests {
  private let f = TridiagonalQuadratic(dimension: 12)
  private let cluster = Cluster(workers: 3, downlinkSeconds: 0.5, uplinkSeconds: 0.25)

  private func run(_ method: some DistributedMethod, scale: Double = 1) throws -> DescentRecord {
    try DistributedDescent.simulate(
      method, on: f, cluster, goal: Goal(accuracy: 1e-3, rounds: 20_000), key: RandomKey(seed: 0), stepScale: scale)
  }

  /// With whole vectors it is gradient descent.
  @Test func wholeVectorsAreGradientDescent() throws {
    let plain = try run(BatchDescent(batch: 1))
    let both = try run(BidirectionalFeedback(batch: 1, downlink: Identity(), uplink: Identity()))
    #expect(both.rounds == plain.rounds)
    for (a, b) in zip(both.point, plain.point) {
      #expect(abs(a - b) < rounding(terms: 10 * Double(plain.rounds), scale: 12))
    }
  }

  /// It reaches the goal with biased compressors both ways, and sends a fraction of the bits.
  @Test func biasedCompressorsReachTheGoal() throws {
    let record = try run(BidirectionalFeedback(batch: 1, downlink: TopK(2), uplink: TopK(2)))
    #expect(record.isReached)
    // A whole vector first, then two numbers with four bits of place each.
    #expect(record.downlinkBits <= 3 * (12 * 64 + record.rounds * 2 * 68))
    #expect(record.uplinkBits <= 3 * (12 * 64 + record.rounds * 2 * 68))
  }
}
