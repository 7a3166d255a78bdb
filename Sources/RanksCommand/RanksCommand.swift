import ArgumentParser
import Arrays
import Distributed
import Foundation
import MPIRanks

@main
struct RanksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "descent-ranks", abstract: "Distributed descents on the ranks of mpirun, beside the virtual clock.",
    subcommands: [DescendCommand.self, ScalingCommand.self], defaultSubcommand: DescendCommand.self)

  /// The largest number of anything that is counted: products of several fit an Int.
  static let mostCount = 10_000_000

  static func main() {
    StandardStreams.prepare()
    main(nil)
  }
}

/// One distributed descent on real processes, beside the virtual clock of the same seeds.
struct DescendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "descend",
    abstract: "Descends on the ranks of mpirun, and says how far the wall clock is from the virtual one.",
    discussion: "mpirun -n 4 descent-ranks --method qsgd")

  @Option(help: "One of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
  var method = Choice.sync
  @Option(help: "Gradients that a worker averages.") var batch = 1
  @Option(help: "Coordinates that a sparsifier keeps.") var kept = 8
  @Option(help: "Coordinates of the tri-diagonal quadratic.") var dimension = 64
  @Option(help: "The gradients' variance, sigma squared.") var variance = 1.0
  @Option(help: "The squared norm of the gradient to reach.") var accuracy = 1e-3
  @Option(help: "Steps of the server at most.") var rounds = 30
  @Option(name: .customLong("h"), help: "Seconds a gradient.") var gradientSeconds = 8e-3
  @Option(name: .customLong("tau-s"), help: "Seconds a coordinate from the server.") var downlinkSeconds = 1e-4
  @Option(name: .customLong("tau-w"), help: "Seconds a coordinate to the server.") var uplinkSeconds = 2e-4
  @Option(help: "The run's seed.") var seed = 0
  @Option(help: "What shapes the links: bucket (inside of the transport) or network (it is shaped already).")
  var shaping = ProcessTransport.Shaping.bucket
  @Option(help: "Seconds of silence after which a rank is lost.") var patience = 10.0
  @Option(help: "Fail where the wall clock is further from the virtual one, as a share of it.") var margin: Double?
  @Option(help: "A file to which each step is written as it is taken.") var log: String?
  @Option(help: "For tests: kill this rank after so many seconds, as rank:seconds.") var kill: String?

  enum Choice: String, CaseIterable, ExpressibleByArgument {
    case sync, qsgd, rennala, ringmaster, shadowheart, ef21, marina, local
  }

  func validate() throws {
    let numbers = [gradientSeconds, downlinkSeconds, uplinkSeconds, variance]
    guard numbers.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw ValidationError("Seconds and the variance are not negative.")
    }
    guard batch > 0, kept > 0, dimension > 0, rounds > 0, accuracy > 0, patience > 0, margin ?? 1 > 0 else {
      throw ValidationError("Counts, the accuracy, the patience and the margin are positive.")
    }
    guard max(batch, kept, dimension, rounds) <= RanksCommand.mostCount else {
      throw ValidationError("Counts are at most \(RanksCommand.mostCount).")
    }
    if let kill, killing == nil { throw ValidationError("\(kill) is not rank:seconds.") }
  }

  private var killing: (rank: Int, seconds: Double)? {
    let parts = kill?.split(separator: ":") ?? []
    guard parts.count == 2, let rank = Int(parts[0]), let seconds = Double(parts[1]) else { return nil }
    return (rank, seconds)
  }

  private func made(workers: Int) -> any DistributedMethod {
    switch method {
    case .sync: BatchDescent(batch: batch)
    case .qsgd: BatchDescent(batch: batch, uplink: RandK(kept))
    case .rennala: Rennala(batch: batch * workers)
    case .ringmaster: Ringmaster(threshold: batch * workers)
    case .shadowheart: Shadowheart(kept: kept)
    case .ef21: ErrorFeedback(batch: batch, compressor: TopK(kept))
    case .marina: MarinaP(batch: batch, downlink: PermK(workers: workers), chance: 1 / Double(workers))
    case .local: LocalDescent(steps: 4, batch: batch)
    }
  }

  /// What all ranks must agree on.
  private var purpose: String {
    let numbers = [variance, accuracy, gradientSeconds, downlinkSeconds, uplinkSeconds]
    return "\(method.rawValue) \([batch, kept, dimension, rounds, seed]) \(numbers) \(shaping.rawValue)"
  }

  func run() throws {
    let channel = try MPIChannel()
    guard channel.size > 1 else {
      channel.finish()
      throw DistributedError("a descent on real processes needs a server and a worker: mpirun -n 4 descent-ranks")
    }
    let cluster = Cluster(
      workers: channel.size - 1, gradientSeconds: gradientSeconds, downlinkSeconds: downlinkSeconds,
      uplinkSeconds: uplinkSeconds)
    let objective = TridiagonalQuadratic(dimension: dimension, variance: variance)
    let method = made(workers: cluster.count)
    let task = DescentTask(
      objective: objective, cluster: cluster,
      stepSize: method.stepSize(for: objective, on: cluster, accuracy: accuracy), accuracy: accuracy,
      key: RandomKey(seed: seed))
    let goal = Goal(accuracy: accuracy, rounds: rounds)
    if let killing, killing.rank == channel.rank {
      Thread.detachNewThread {
        usleep(UInt32(killing.seconds * 1e6))
        raise(SIGKILL)
      }
    }
    let file = try log.flatMap { channel.rank == 0 ? try LookLog($0) : nil }
    let record: DescentRecord?
    do {
      let transport = try ProcessTransport(
        channel, cluster, clock: MonotonicClock(), shaping: shaping,
        name: "\(ProcessInfo.processInfo.hostName), process \(getpid())", purpose: purpose, patience: patience)
      record = try DistributedDescent.run(method, task, over: transport, goal: goal) { file?.append($0) }
    } catch {
      // Another rank may be gone: together with it nobody can end.
      try? FileHandle.standardError.write(contentsOf: Data("descent-ranks, rank \(channel.rank): \(error)\n".utf8))
      channel.abort(code: 1)
      return
    }
    if let interruption = record?.interruption {
      print("interrupted after \(record!.rounds) rounds: \(interruption)")
      fflush(nil)
      channel.abort(code: 1)
    }
    channel.finish()
    guard let record else { return }
    let virtual = try DistributedDescent.run(method, task, over: SimulatedTransport(cluster), goal: goal)!
    let share = record.seconds / virtual.seconds - 1
    var parts = [
      "\(method.name) on \(cluster.count) workers: \(record.isReached ? "reached" : "not reached")",
      "\(record.rounds) rounds", String(format: "wall %.4f s", record.seconds),
      String(format: "virtual %.4f s (%+.1f %%)", virtual.seconds, 100 * share),
      record.point == virtual.point ? "same bits" : "other bits",
    ]
    if let margin { parts.append(abs(share) <= margin ? "clocks agree" : "clocks disagree") }
    print(parts.joined(separator: ", "))
    if let margin, abs(share) > margin { throw ExitCode.failure }
  }
}

extension ProcessTransport.Shaping: ExpressibleByArgument {}

/// A line for each step: seconds, round, squared norm of the gradient.
private final class LookLog {
  private let handle: FileHandle
  private let path: String
  private var isFull = false

  init(_ path: String) throws {
    // Devices and pipes stay what they are.
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard file >= 0 else { throw DistributedError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
    handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
    self.path = path
  }

  func append(_ look: DescentRecord.Look) {
    guard !isFull else { return }
    do { try handle.write(contentsOf: Data("\(look.seconds),\(look.round),\(look.squaredGradient)\n".utf8)) } catch {
      // The descent is worth more than its log.
      isFull = true
      let text = "\(path) cannot be written any more: \(error.plainReason)\n"
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
  }
}
