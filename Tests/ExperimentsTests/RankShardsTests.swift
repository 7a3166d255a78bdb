import Distributed
import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

/// Threads in place of processes that descend together: rank 0 here, the others beside it.
@Suite(.serialized) struct RankShardsTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/shards" }

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private struct Change: Sendable {
    var seed = 1
    var data = "data"
    var version = "1"
  }

  private func dataset(_ count: Int, _ name: String) -> Dataset {
    let features = RandomKey(seed: 3).split(name).normal([count, 4])
    let labels = (0..<count).map { Int32(features[flat: 4 * $0] * features[flat: 4 * $0 + 1] > 0 ? 1 : 0) }
    return Dataset(name: name, features: .numbers(features), targets: .classes(labels), classNames: ["no", "yes"])
  }

  private func run(_ shards: Int, _ compress: String?, _ change: Change = Change(), epochs: Int) throws -> TrainingRun {
    let network = try ModelDescription(.mlp, input: [4], hidden: [12], outputs: 2)
    let chain = "noise 0.01 | momentum 0.9 | rate \(compress == nil ? 0.05 : 0.01)"
    return TrainingRun(
      settings: TrainingRun.Settings(
        source: "table", model: network.description, network: network, chain: chain, epochs: epochs, batch: 24,
        seed: change.seed, data: change.data, shards: shards, compress: compress),
      problem: TrainingProblem(train: dataset(120, "train"), validation: dataset(60, "validation")),
      model: try network.makeLayer(), loss: .crossEntropy, method: try DescentMethodKind.parse(chain))
  }

  /// - Parameters:
  ///   - ranks: nil for one process without others.
  ///   - life: messages of a rank after which it is dead, beside those that say it lives.
  private func descend(
    _ name: String, ranks: Int?, shards: Int = 6, compress: String? = nil, epochs: Int = 4, resuming: Bool = false,
    life: [Int: Int] = [:], changes: [Int: Change] = [:], absent: Set<Int> = [], patience: Double = 5
  ) throws -> (text: String?, error: String?) {
    let path = folder + "/" + name
    let run = try run(shards, compress, epochs: epochs)
    guard let ranks else {
      return (try run.run(out: path, resuming: resuming, replacing: false, isQuiet: true) { _ in }, nil)
    }
    let mail = Mailboxes(size: ranks)
    func team(_ rank: Int, _ version: String = "1") -> RankTeam {
      RankTeam(
        MailChannel(mail, rank: rank, life: life[rank] ?? .max) {
          !String(decoding: $0, as: UTF8.self).contains("alive")
        }, clock: TestClock(), version: version, patience: patience, announce: { _ in })
    }
    let ended = DispatchGroup()
    for rank in 1..<ranks where !absent.contains(rank) {
      let change = changes[rank] ?? Change()
      let (own, team) = (try self.run(shards, compress, change, epochs: epochs), team(rank, change.version))
      let body = Unchecked { _ = try? team.run { try own.follow(team) } }  // what is wrong with it, rank 0 says
      ended.enter()
      Thread.detachNewThread {
        body.run()
        ended.leave()
      }
    }
    let first = team(0)
    var (text, error): (String?, String?) = (nil, nil)
    do {
      text = try first.run {
        try run.run(out: path, resuming: resuming, replacing: false, isQuiet: true, team: first) { _ in }
      }
    } catch let failure { error = "\(failure)" }
    #expect(ended.wait(timeout: .now() + 20) == .success, "a rank did not end")
    return (text, error)
  }

  private struct Unchecked: @unchecked Sendable {
    let run: () -> Void
  }

  private func model(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name + "/model.safetensors"))
  }

  /// Losses and measures after each epoch.
  private func log(_ name: String) throws -> [String] {
    try RunFolder.open(folder + "/" + name).events().filter { $0.kind == "epoch" }.map { event in
      var event = event
      event.time = 0
      return event.json
    }
  }

  /// Parts follow one tree, whoever computes them: any number of ranks ends at the same bits.
  @Test(arguments: [nil, "randk:0.25", "permk"]) func ranksDescendAsOneProcess(_ compress: String?) throws {
    _ = try descend("alone", ranks: nil, compress: compress)
    for ranks in [1, 2, 4, 5] {
      let found = try descend("on \(ranks)", ranks: ranks, compress: compress)
      #expect(found.error == nil && found.text?.contains("validation after epoch") == true)
      #expect(try model("on \(ranks)") == model("alone"), "\(ranks) ranks")
      #expect(try log("on \(ranks)") == log("alone"), "\(ranks) ranks")
    }
  }

  /// A rank that dies is named, and fewer ranks go on from the last checkpoint to where all would have ended.
  @Test func aLostRankEndsTheRunAndNothingIsLost() throws {
    _ = try descend("whole", ranks: nil)
    // After its hello, 5 steps an epoch of one message up and one down, and a word before each epoch: in the third.
    let lost = try descend("lost", ranks: 3, life: [2: 15], patience: 1)
    #expect(lost.text == nil && lost.error?.hasPrefix("rank 2 (") == true)
    #expect(lost.error?.hasSuffix("; go on with descent train --resume \(folder)/lost") == true)
    #expect(try [1, 2, 3].contains(log("lost").count))
    let again = try descend("lost", ranks: 2, resuming: true)
    #expect(again.error == nil)
    #expect(try model("lost") == model("whole") && log("lost") == log("whole"))
  }

  @Test func disagreementsAreSentences() throws {
    func error(_ name: String, _ changes: [Int: Change], absent: Set<Int> = [], patience: Double = 5) throws -> String?
    {
      let found = try descend(name, ranks: 3, changes: changes, absent: absent, patience: patience)
      #expect(!FileManager.default.fileExists(atPath: folder + "/" + name), "\(name)")
      return found.error
    }
    #expect(try error("a", [2: Change(seed: 2)])?.hasSuffix("was started with other settings than rank 0") == true)
    #expect(try error("b", [1: Change(data: "other")])?.hasSuffix("has read other data than rank 0") == true)
    #expect(try error("c", [1: Change(version: "0")])?.hasSuffix("is of version 0, and rank 0 of 1") == true)
    #expect(
      try error("d", [:], absent: [2], patience: 0.5) == "rank 2 has been silent for 0.5 seconds and is counted as lost"
    )
    let few = try descend("e", ranks: 3, shards: 2)
    #expect(few.error == "each batch has 2 parts, so that at most 2 of 3 ranks can work")
    #expect(try descend("f", ranks: 2, shards: 5).error?.contains("no 5 equal parts") == true)
  }

  /// Arrays that go up while others are computed, in bundles of any size, give the bits of one process; on one rank they are
  /// there in another order.
  @Test(arguments: [1, 2, 3, 5], [0, 100, 1 << 20]) func gradientsRise(_ ranks: Int, _ bundle: Int) throws {
    let (parts, sizes) = (5, [3, 40, 1, 17, 25])
    @Sendable func result(_ part: Int, _ step: Int) -> ShardResult {
      let key = RandomKey(seed: part).split(step)
      return ShardResult(
        gradient: sizes.indices.map { key.split($0).normal([sizes[$0]]) }, rest: [NDArray(Float(part))])
    }
    let mail = Mailboxes(size: ranks)
    let found = Gathered()
    let ended = DispatchGroup()
    for rank in 0..<ranks {
      let team = RankTeam(
        MailChannel(mail, rank: rank, life: .max) { _ in true }, clock: TestClock(), version: "1", patience: 5,
        announce: { _ in })
      let order = rank == 1 ? [0, 1, 2, 3, 4] : [4, 2, 3, 0, 1]
      let body = Unchecked {
        _ = try? team.run {
          let shards = team.makeShards(parts, nil, key: RandomKey(seed: 0), bundleByteCount: bundle)
          found.add(
            rank,
            try (0..<3).map { step in
              try shards.mean(step: step, order: order) { part, isThere in
                let all = result(part, step)
                for position in order {
                  isThere(position, all.gradient[position])
                  Thread.sleep(forTimeInterval: 1e-4)
                }
                return all
              }
            })
          // The end of rank 0 is that of all.
          for _ in 0..<5000 where rank == 0 && found.count < ranks { Thread.sleep(forTimeInterval: 1e-3) }
        }
      }
      ended.enter()
      Thread.detachNewThread {
        body.run()
        ended.leave()
      }
    }
    try #require(ended.wait(timeout: .now() + 20) == .success)
    let expected = try (0..<3).map { step in
      try LocalShards(parts).mean(step: step, order: []) { part, _ in result(part, step) }
    }
    for rank in 0..<ranks {
      let means = try #require(found[rank])
      #expect(means.map(\.gradient) == expected.map(\.gradient) && means.map(\.rest) == expected.map(\.rest))
    }
  }

  private final class Gathered: @unchecked Sendable {
    private let lock = NSLock()
    private var means: [Int: [ShardResult]] = [:]
    func add(_ rank: Int, _ found: [ShardResult]) { lock.withLock { means[rank] = found } }
    var count: Int { lock.withLock { means.count } }
    subscript(rank: Int) -> [ShardResult]? { lock.withLock { means[rank] } }
  }

  /// Nothing is ignored.
  @Test(arguments: [
    ("topk:0.1", "topk is biased"), ("randk", "randk:0.01"), ("randk:2", "between 0 and 1"), ("permk:3", "no number"),
    ("randq:0.1", "did you mean randk"),
  ])
  func compressorsAreNamed(_ text: String, _ hint: String) {
    #expect { try GradientCompression(text) } throws: { "\($0)".contains(hint) }
  }

  /// Means of compressed parts have the parts' mean as their mean, and the variance that theory gives.
  @Test func compressedMeansAreUnbiased() throws {
    let (dimension, parts, rounds) = (200, 4, 400)
    let x = RandomKey(seed: 8).normal([dimension])
    let part = ShardResult(gradient: [x], rest: [NDArray(Float(1))])
    let shards = RankShards(parts, try GradientCompression("randk:0.1"), key: RandomKey(seed: 9))
    var sum = [Double](repeating: 0, count: dimension)
    for step in 0..<rounds {
      let mean = try shards.mean(step: step, order: [0]) { _, _ in part }
      #expect(mean.rest[0].item == 1)
      for (index, value) in mean.gradient[0].doubles.enumerated() { sum[index] += value / Double(rounds) }
    }
    let squares = x.doubles.reduce(0) { $0 + $1 * $1 }
    let error = zip(sum, x.doubles).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    // ω/n = 9/4; a sum of some 200 squares is within a half of its mean by five deviations.
    let expected = 9 / Double(parts) * squares / Double(rounds)
    #expect(error > 0.5 * expected && error < 1.5 * expected)
  }
}
