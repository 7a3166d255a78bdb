import Arrays
import Distributed
import Foundation
import TestSupport
import Testing

/// One after another: each is several threads that look for messages ten thousand times a second.
@Suite(.serialized) struct ProcessTests {
  private static let cluster = Cluster(
    workers: 3, gradientSeconds: 2e-3, downlinkSeconds: 1e-5, uplinkSeconds: 1e-4)
  private static let goal = Goal(accuracy: 1e-9, rounds: 8)
  /// What methods choose their batches by: with the goal's, σ²/ε would be hours of gradients.
  private static let accuracy = 0.1

  private static func task(_ method: some DistributedMethod) -> DescentTask {
    let objective = TridiagonalQuadratic(dimension: 10, variance: 0.5)
    return DescentTask(
      objective: objective, cluster: cluster,
      stepSize: method.stepSize(for: objective, on: cluster, accuracy: accuracy), accuracy: accuracy,
      key: RandomKey(seed: 3))
  }

  /// The machine's clock, on which reading it right after a channel has spoken takes long: a thread that loses its core there.
  private final class LateClock: WallClock, @unchecked Sendable {
    private let channel: SpokenChannel
    init(_ channel: SpokenChannel) { self.channel = channel }
    var now: Double {
      if channel.hasGreetedAll() { usleep(40_000) }
      return TestClock().now
    }
    func sleep(seconds: Double) { TestClock().sleep(seconds: seconds) }
  }

  /// Says once that it has greeted all others.
  private final class SpokenChannel: Channel {
    private let inner: MailChannel
    private var greetings = 0
    init(_ inner: MailChannel) { self.inner = inner }
    var rank: Int { inner.rank }
    var size: Int { inner.size }
    func send(_ bytes: [UInt8], to rank: Int) throws {
      inner.send(bytes, to: rank)
      if bytes.first == 1 { greetings += 1 }
    }
    func poll() throws -> (from: Int, bytes: [UInt8])? { try inner.poll() }
    func hasGreetedAll() -> Bool {
      guard greetings == size - 1 else { return false }
      greetings = 0
      return true
    }
  }

  /// A server that loses its core once it has answered all workers counts that time, in which they compute.
  @Test func theClockBeginsBeforeTheWorkers() throws {
    let mail = Mailboxes(size: 2)
    let cluster = Cluster(workers: 1, gradientSeconds: 2e-3, downlinkSeconds: 1e-5, uplinkSeconds: 1e-4)
    MailChannel(mail, rank: 1).send([1] + Array("worker\ntest".utf8), to: 0)
    let channel = SpokenChannel(MailChannel(mail, rank: 0))
    let server = try ProcessTransport(channel, cluster, clock: LateClock(channel), name: "server", purpose: "test")
    #expect(server.now > 0.03)
  }

  /// A thread for each rank; what rank 0 recorded, and what went wrong elsewhere.
  private func run(
    _ method: some DistributedMethod, life: [Int: Int] = [:], purpose: [Int: String] = [:], patience: Double = 10
  ) async throws -> DescentRecord {
    let mail = Mailboxes(size: 4)
    return try await withThrowingTaskGroup(of: DescentRecord?.self) { group in
      for rank in 0..<4 {
        let (life, purpose) = (life[rank] ?? .max, purpose[rank] ?? "test")
        group.addTask {
          try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
              continuation.resume(
                with: Result {
                  do {
                    let transport = try ProcessTransport(
                      MailChannel(mail, rank: rank, life: life) { $0.first == 0 },  // the tag of a descent's messages
                      Self.cluster, clock: TestClock(),
                      name: "thread \(rank)",
                      purpose: purpose, patience: patience)
                    return try DistributedDescent.run(
                      method, Self.task(method), over: transport, goal: Self.goal)
                  } catch  where rank > 0 {
                    return nil  // the server tells
                  }
                })
            }
          }
        }
      }
      var record: DescentRecord?
      for try await result in group where result != nil { record = result }
      return record!
    }
  }

  /// The same nodes give the same bits on processes as on the virtual clock.
  @Test func processesDescendLikeTheSimulation() async throws {
    let methods: [any DistributedMethod] = [
      BatchDescent(batch: 2, uplink: RandK(3)), MarinaP(batch: 1, downlink: PermK(workers: 3), chance: 0.4),
      ErrorFeedback(batch: 1, compressor: TopK(2)), Shadowheart(),
    ]
    for method in methods {
      let real = try await run(method)
      let simulated = try DistributedDescent.run(
        method, Self.task(method), over: SimulatedTransport(Self.cluster), goal: Self.goal)!
      #expect(real.point == simulated.point && real.rounds == simulated.rounds, "\(method.name)")
      #expect(real.uplinkBits == simulated.uplinkBits && real.downlinkBits == simulated.downlinkBits)
      #expect(real.interruption == nil, "\(method.name)")
      #expect(real.looks.map(\.squaredGradient) == simulated.looks.map(\.squaredGradient))
    }
  }

  /// Without a fixed order the point differs, but steps are taken.
  @Test func asynchronousMethodsRunToo() async throws {
    for method in [Rennala(batch: 5), Ringmaster(threshold: 4)] as [any DistributedMethod] {
      let real = try await run(method)
      #expect(real.interruption == nil && real.rounds == 8, "\(method.name)")
    }
  }

  /// A worker that dies ends the run with its name, and what was done is kept.
  @Test func lostWorkersAreNamed() async throws {
    let record = try await run(BatchDescent(batch: 1), life: [2: 3], patience: 0.5)
    #expect(record.interruption?.contains("rank 2 (thread 2)") == true)
    #expect(record.rounds == 3 && record.looks.count == 4 && !record.isReached)
  }

  @Test func disagreementIsNamed() async throws {
    await #expect {
      try await run(BatchDescent(batch: 1), purpose: [3: "something else"], patience: 0.5)
    } throws: { error in
      "\(error)".contains("rank 3 (thread 3) was started with other settings: something else")
    }
    await #expect {
      try await run(BatchDescent(batch: 1), life: [1: 0], patience: 0.5)
    } throws: { error in
      "\(error)".contains("rank 1 did not come")
    }
  }
}
