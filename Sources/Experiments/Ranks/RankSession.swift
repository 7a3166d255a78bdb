import Datasets
import Distributed
import Foundation
import RunLogs

/// One call of `descent run` on a rank that is not the first: takes part in the run of rank 0, and writes nothing but the
/// checkpoints of its tasks.
public struct RankSession {
  private let channel: any Channel
  private let clock: any WallClock
  private let version: String
  private let patience: Double

  /// - Parameters:
  ///   - version: of the program; all ranks must have the same.
  ///   - patience: seconds of silence after which rank 0 counts as lost.
  public init(_ channel: any Channel, clock: any WallClock, version: String, patience: Double = 15) {
    (self.channel, self.clock, self.version, self.patience) = (channel, clock, version, patience)
  }

  /// Does tasks of a run that rank 0 starts.
  ///
  /// - Parameters: as of `RunSession.start`.
  /// - Throws: `RankError` where rank 0 is lost; what is wrong with this rank is told to rank 0, which ends the run.
  public func start<E: Experiment>(
    _ type: E.Type, preset: String, changes: [String], seeds: Int?, data: DataLocator
  ) throws {
    try takePart(data) { E(try RunSession.configuration(type, preset: preset, changes: changes, seeds: seeds)) }
  }

  /// Does tasks of a run with which rank 0 goes on.
  ///
  /// - Throws: `RankError` where rank 0 is lost.
  public func resume<E: Experiment>(_ type: E.Type, folder: RunFolder, data: DataLocator) throws {
    try takePart(data) { E(try RunSession.settings(type, folder)) }
  }

  /// Tells rank 0 why this rank cannot take part; the run ends with the reason, unless rank 0 has one of its own.
  ///
  /// - Throws: what the channel throws.
  public func excuse(_ reason: String) throws {
    try RankFollower(channel, clock: clock, patience: patience).excuse(reason)
  }

  /// Does tasks of an experiment that rank 0 runs too.
  func takePart<E: Experiment>(_ data: DataLocator, _ make: () throws -> E) throws {
    let follower = RankFollower(channel, clock: clock, patience: patience)
    let experiment: E
    let fingerprint: String
    do {
      experiment = try make()
      try experiment.checkSettings()
      fingerprint = try Settings.fingerprint(experiment.configuration)
    } catch {
      return try follower.excuse("\(error)")
    }
    let host = ProcessInfo.processInfo.hostName
    let visitor = RankMessage.Visitor(
      name: "\(host), process \(ProcessInfo.processInfo.processIdentifier)", host: host,
      cores: ProcessInfo.processInfo.activeProcessorCount, version: version, fingerprint: fingerprint)
    guard let folder = try follower.join(visitor) else { return }
    guard let folder = try? RunFolder.open(folder) else {
      return try follower.excuse("it does not see the run's folder \(folder), which all ranks share")
    }
    let context = RunContext(
      folder: folder, data: data, fingerprint: fingerprint, earlier: [], sinks: [follower.sink],
      isQuiet: true, workplace: RankSeat(channel, clock), clock: { ProcessInfo.processInfo.systemUptime })
    let bench = RankBench(experiment, context)
    try follower.work { try bench.run($0, $1) }
  }
}

/// The place of a rank that is not the first, which hands no tasks out.
private struct RankSeat: Workplace, @unchecked Sendable {
  // Used by the thread that speaks, while all ranks do one task together.
  private let channel: any Channel
  private let clock: any WallClock

  init(_ channel: any Channel, _ clock: any WallClock) { (self.channel, self.clock) = (channel, clock) }

  var places: Int { 1 }
  var together: JointPlace? { JointPlace(channel, clock: clock) }
  func run(_ tasks: [PlacedTask], _ context: RunContext) throws { throw RankError("rank 0 hands tasks out") }
  func close() {}
}

/// An experiment's tasks by their names; data are opened for the first of them.
private final class RankBench<E: Experiment>: @unchecked Sendable {
  // Tasks come one after another.
  private let experiment: E
  private let context: RunContext
  private var session: SweepSession<E.Arm>?
  private var tasks: [String: SweepTask<E.Arm>] = [:]

  init(_ experiment: E, _ context: RunContext) { (self.experiment, self.context) = (experiment, context) }

  func run(_ name: String, _ results: [RunEvent]) throws {
    context.learn(results)
    let session =
      try session ?? SweepSession(try experiment.sweep(), context, seeds: experiment.reportedSeeds)
    self.session = session
    // A later stage's tasks are known when those before have ended.
    if tasks[name] == nil { tasks = try session.tasksByName() }
    guard let task = tasks[name] else {
      throw RankError("there is no task of this name; do all ranks run the same version?")
    }
    try session.obey(task)
  }
}
