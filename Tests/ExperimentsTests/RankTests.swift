import Distributed
import Experiments
import Foundation
import RunLogs
import Synchronization
import TestSupport
import Testing
import Training

/// Threads in place of processes: rank 0 here, the others beside it.
@Suite(.serialized) struct RankTests {
  private static let toy = ToyExperiment(ToyConfiguration())

  private struct Run {
    var events: [RunEvent]
    var said: [String]
    var error: String?

    /// What tasks found, as the log has it but for the time.
    var results: [String: String] {
      Dictionary(
        uniqueKeysWithValues: events.filter { $0.kind == "result" }.map { event in
          var event = event
          event.time = 0
          return (event.task, event.json)
        })
    }
    var looks: [String] { events.filter { $0.kind == "look" }.map(\.task).sorted() }
  }

  /// - Parameters:
  ///   - patience: long enough for threads on a busy machine, short where one is lost.
  ///   - life: messages of a rank after which it is dead, beside those that say it lives.
  private func run(
    _ ranks: Int, earlier: [RunEvent] = [], life: [Int: Int] = [:], changes: [Int: [String]] = [:],
    versions: [Int: String] = [:], absent: Set<Int> = [], patience: Double = 5
  ) throws -> Run {
    let folder = try RunFolder.create(NSTemporaryDirectory() + "descent-ranks-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try Data("here".utf8).write(to: URL(fileURLWithPath: folder.configurationPath))
    let mail = Mailboxes(size: ranks)
    let ended = DispatchGroup()
    for rank in 1..<ranks where !absent.contains(rank) {
      let (life, changes, version) = (life[rank] ?? .max, changes[rank] ?? [], versions[rank] ?? "1")
      ended.enter()
      Thread.detachNewThread {
        // What is wrong with it, rank 0 says.
        try? RankSession(
          MailChannel(mail, rank: rank, life: life) { !String(decoding: $0, as: UTF8.self).contains("alive") },
          clock: TestClock(), version: version, patience: patience
        ).start(ToyExperiment.self, preset: "smoke", changes: changes, seeds: nil, data: DataLocator())
        ended.leave()
      }
    }
    let said = Mutex<[String]>([])
    let leader = RankLeader(
      MailChannel(mail, rank: 0), clock: TestClock(), version: "1", patience: patience
    ) { text in said.withLock { $0.append(text) } }
    let sink = MemorySink()
    var failure: String?
    weak var left: RunContext?
    do {
      let context = RunContext(
        folder: folder, data: DataLocator(), fingerprint: try Settings.fingerprint(ToyConfiguration()),
        earlier: earlier,
        sinks: [sink], isQuiet: true, workplace: leader, clock: { 0 })
      left = context
      try Self.toy.run(context)
    } catch { failure = "\(error)" }
    #expect(left == nil, "the leader keeps what it led")
    leader.close()
    #expect(ended.wait(timeout: .now() + 20) == .success, "a rank did not end")
    // That threads share cores depends on the machine.
    return Run(
      events: sink.events, said: said.withLock { $0 }.filter { !$0.contains("take turns") }, error: failure)
  }

  private var alone: Run { get throws { Run(events: try Self.toy.run().events, said: []) } }

  /// All that tasks record, to the last bit; and a later stage knows what the one before it found.
  @Test func ranksFindWhatOneProcessFinds() throws {
    let (alone, shared) = (try alone, try run(4))
    #expect(shared.error == nil && shared.said.isEmpty)
    #expect(shared.results == alone.results && alone.results.count == 20)
    #expect(shared.looks == alone.looks)
  }

  /// A run that was cut off goes on with another number of ranks.
  @Test func ranksGoOn() throws {
    let whole = try alone
    let cut = whole.events.filter { !["brave/seed 2", "tune plain at 0.3/seed 1000"].contains($0.task) }
    let again = try run(3, earlier: cut)
    #expect(again.error == nil && Set(again.results.keys) == ["brave/seed 2", "tune plain at 0.3/seed 1000"])
    #expect(again.results.allSatisfy { whole.results[$0.key] == $0.value })
  }

  /// Rank 2 dies after its hello, a look and nothing of its result: the task is another's, and nothing is recorded twice.
  @Test func aLostRanksTaskIsGivenToAnother() throws {
    let (alone, shared) = (try alone, try run(3, life: [2: 2], patience: 1))
    #expect(shared.error == nil && shared.results == alone.results && shared.looks == alone.looks)
    let text = try #require(shared.events.first { $0.kind == "lost" }?.text)
    #expect(text.hasPrefix("rank 2 (") && text.contains("silent for 1 seconds") && shared.said == [text])
    #expect(text.hasSuffix(" is given to another"))
  }

  /// Where none is left the run ends, and what was done is kept.
  @Test func allRanksAreLost() throws {
    let shared = try run(3, life: [1: 5, 2: 7], patience: 1)
    #expect(shared.error?.hasPrefix("all ranks are lost, and ") == true)
    #expect(shared.error?.contains("--resume") == true && !shared.results.isEmpty)
    let again = try run(2, earlier: shared.events)
    #expect(again.error == nil)
    #expect(shared.results.merging(again.results) { $1 } == (try alone.results))
  }

  @Test func disagreementsAreSentences() throws {
    let other = try run(3, changes: [2: ["seeds.count=5"]])
    #expect(other.error?.hasPrefix("rank 2 (") == true)
    #expect(other.error?.hasSuffix("was started with other settings than rank 0") == true && other.events.isEmpty)
    let old = try run(3, versions: [1: "0"])
    #expect(old.error?.hasSuffix("is of version 0, and rank 0 of 1") == true && old.results.isEmpty)
    let wrong = try run(2, changes: [1: ["seeds.cuont=5"]])
    #expect(wrong.error?.hasPrefix("rank 1 cannot take part: ") == true && wrong.error?.contains("cuont") == true)
    let missing = try run(3, absent: [2], patience: 0.5)
    #expect(missing.error == "rank 2 did not come within 0.5 seconds")
  }

  @Test func idleRanksAreSaid() throws {
    let cut = try alone.events.filter { $0.task != "brave/seed 2" }
    let shared = try run(4, earlier: cut)
    #expect(shared.said == ["3 ranks for 1 tasks: 2 of them have nothing to do"] && shared.results.count == 1)
  }
}
