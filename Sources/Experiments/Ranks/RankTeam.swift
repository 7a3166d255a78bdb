import Arrays
import Compilation
import Distributed
import Foundation
import Training

/// Ranks of an MPI run that descend together: each computes some parts of every batch, and all make the same update.
///
/// All have the same parameters, which is checked before each epoch. Rank 0 is the one that looks, saves and decides when it is over.
public final class RankTeam: @unchecked Sendable {
  // What changes is set before the others are met, and by the thread that works.
  private let link: RankLink
  private let version: String
  private let announce: (String) -> Void
  private var threads = 1

  /// - Parameters:
  ///   - version: of the program; all ranks must have the same.
  ///   - patience: seconds of silence after which a rank counts as lost.
  ///   - announce: told of what is to be known beside the progress.
  public init(
    _ channel: any Channel, clock: any WallClock, version: String, patience: Double = 15,
    announce: @escaping (String) -> Void
  ) {
    link = RankLink(channel, clock: clock, patience: patience)
    (self.version, self.announce) = (version, announce)
  }

  /// This process, from 0, the one that writes.
  public var rank: Int { link.rank }
  /// Processes.
  public var size: Int { link.size }
  /// Whether a rank was lost: the others cannot end together with it.
  public var hasLost: Bool { link.hasLost }

  /// Does this rank's work and ends together with that of rank 0.
  ///
  /// - Returns: what the work gives; nil where rank 0 has ended the run first, and says why.
  /// - Throws: what the work throws on rank 0, and `RankError` where a rank is lost. Other ranks tell rank 0 what is wrong.
  public func run<Result>(_ work: @escaping () throws -> Result) throws -> Result? {
    do {
      let result = try link.serve(work)
      if rank == 0 { link.sayGoodbye() }
      return result
    } catch let error as RankError where error == .ended {
      return nil
    } catch {
      if rank == 0 { link.sayGoodbye() } else if !hasLost { try excuse("\(error)") }
      if rank == 0 || hasLost { throw error }
      return nil
    }
  }

  /// Tells rank 0 why this one cannot go on, and waits for the end, which rank 0 gives a reason for.
  private func excuse(_ reason: String) throws {
    try link.send(RankMessage.failure(task: "", reason), to: 0)
    do { while true { _ = try link.receive(from: 0) } } catch let error as RankError where error == .ended {}
  }

  // MARK: What the work calls

  /// Waits until all ranks are there, and agree on what they do.
  ///
  /// - Parameters:
  ///   - settings, data: short names for them.
  /// - Throws: `RankError` naming the rank that is of another opinion, or did not come.
  func meet(settings: String, data: String) throws {
    let host = ProcessInfo.processInfo.hostName
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let own = RankMessage.Visitor(
      name: "\(host), process \(ProcessInfo.processInfo.processIdentifier)", host: host, cores: cores,
      version: version, fingerprint: settings, data: data)
    threads = try link.call { [self] in
      guard rank == 0 else {
        link.name(0, "which writes")
        try link.send(.hello(own), to: 0)
        guard case .begin(let threads) = try link.receiveMessage(from: 0) else { throw strange(0) }
        return threads
      }
      var visitors = [own]
      for other in 1..<size {
        guard case .hello(let visitor) = try link.receiveMessage(from: other) else { throw strange(other) }
        link.name(other, visitor.name)
        try check(visitor, other, against: own)
        visitors.append(visitor)
      }
      let guests = Dictionary(grouping: visitors, by: \.host)
      for (host, guests) in guests.sorted(by: { $0.key < $1.key }) where guests.count > guests[0].cores {
        announce("\(guests.count) ranks work on \(host), which has \(guests[0].cores) cores: they take turns")
      }
      func threads(_ visitor: RankMessage.Visitor) -> Int { max(1, visitor.cores / guests[visitor.host]!.count) }
      for other in 1..<size { try link.send(.begin(threads: threads(visitors[other])), to: other) }
      return threads(own)
    }
  }

  private func check(_ visitor: RankMessage.Visitor, _ other: Int, against own: RankMessage.Visitor) throws {
    let name = link.name(of: other)
    guard visitor.version == own.version else {
      throw RankError("\(name) is of version \(visitor.version), and rank 0 of \(own.version)")
    }
    guard visitor.data == own.data else { throw RankError("\(name) has read other data than rank 0") }
    guard visitor.fingerprint == own.fingerprint else {
      throw RankError("\(name) was started with other settings than rank 0")
    }
  }

  /// Computes with as many threads as this rank's share of its host's cores.
  func computing<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Engine.withThreadCount(threads, body)
  }

  /// The state from which rank 0 goes on.
  ///
  /// - Parameter state: of this rank, with the same types.
  func share(_ state: TrainingState) throws -> TrainingState {
    let packing = TreePacking([state.parameters.types, state.modelState.types, state.optimizerState.types])
    let arrays = packing.pack([state.parameters, state.modelState, state.optimizerState])
    let own = ShardResult(gradient: [NDArray(Double(state.step))], rest: arrays)
    let bytes = try link.call { [self] in try link.broadcast(rank == 0 ? [0] + own.bytes : nil) }
    guard let shared = ShardResult(bytes.dropFirst(), like: own) else { throw strange(0) }
    let trees = packing.unpack(shared.rest)
    return TrainingState(
      parameters: trees[0], modelState: trees[1], optimizerState: trees[2], step: Int(shared.gradient[0].item))
  }

  /// The parts of each batch, dealt out among the ranks.
  ///
  /// - Parameter bundleByteCount: bytes of a gradient that are worth a message.
  package func makeShards(
    _ count: Int, _ compression: GradientCompression?, key: RandomKey, bundleByteCount: Int = 1 << 18
  ) -> RankShards {
    RankShards(count, link, compression, key: key, bundleByteCount: bundleByteCount)
  }

  /// Rank 0 goes on or ends; others wait for it. In either case all must stand at the same point.
  ///
  /// - Returns: whether there is another epoch.
  /// - Throws: `RankError` naming a rank that stands elsewhere.
  func agree(_ state: TrainingState, goesOn: Bool) throws -> Bool {
    let digest = state.parameters.digest
    return try link.call { [self] in
      guard rank == 0 else {
        try link.send(.ready(digest: digest), to: 0)
        do {
          guard case .epoch = try link.receiveMessage(from: 0) else { throw strange(0) }
          return true
        } catch let error as RankError where error == .ended {
          return false
        }
      }
      for other in 1..<size {
        guard case .ready(let found) = try link.receiveMessage(from: other) else { throw strange(other) }
        guard found == digest else {
          throw RankError(
            "\(link.name(of: other)) has other parameters than rank 0 after \(state.step) updates; do all hosts have the "
              + "same processors?")
        }
      }
      if goesOn {
        for other in 1..<size { try link.send(.epoch, to: other) }
      } else {
        link.sayGoodbye()
      }
      return goesOn
    }
  }

  private func strange(_ rank: Int) -> RankError {
    RankError("\(link.name(of: rank)) speaks another language; do all ranks run the same version?")
  }
}
