import Datasets
import Foundation
import Reports
import RunLogs
@_exported import Statistics
import Training

/// A preset: a configuration with a name.
public struct Preset<C: Sendable>: Sendable {
  public var name: String
  public var summary: String
  public var configuration: C
}

/// A published method put to the test: configuration, claims, a run that decides them, a report.
public protocol Experiment: Sendable {
  associatedtype Configuration: Codable & Sendable & Equatable

  static var name: String { get }
  static var summary: String { get }
  /// What the method's authors claim, and what else a run can decide.
  static var claims: [Claim] { get }
  static var presets: [Preset<Configuration>] { get }
  /// What each setting means, by name.
  static var settingDescriptions: [String: String] { get }

  init(_ configuration: Configuration)

  /// Sets the number of seeds.
  static func setSeeds(_ count: Int, in configuration: inout Configuration)

  /// A guess at time and memory, before the run starts.
  func estimate(_ context: RunContext) throws -> String

  /// Runs what has not been run yet, recording all in the context.
  func run(_ context: RunContext) throws

  /// Decides the claims and draws the plots from the log alone.
  func report(_ events: [RunEvent], context: ReportContext) throws -> (decisions: [Decision], report: Report)
}

/// What a report says of its run besides the log.
public struct ReportContext: Sendable {
  public var command: String
  public var environment: String
  public var configuration: String

  public init(command: String, environment: String, configuration: String) {
    self.command = command
    self.environment = environment
    self.configuration = configuration
  }
}

/// Where a run records, reads and takes its time; workers share it.
public final class RunContext: @unchecked Sendable {
  // Sinks are used under the lock; all else does not change.
  private let lock = NSLock()
  public let folder: RunFolder
  public let data: DataLocator
  public let fingerprint: String
  /// Events of earlier sessions of this run.
  public let earlier: [RunEvent]
  public let isQuiet: Bool
  private let sinks: [any RunSink]
  private let clock: () -> Double
  private let start: Double

  /// - Parameter clock: seconds, from any origin.
  public init(
    folder: RunFolder, data: DataLocator, fingerprint: String, earlier: [RunEvent], sinks: [any RunSink],
    isQuiet: Bool = false, clock: @escaping () -> Double
  ) {
    self.folder = folder
    self.data = data
    self.fingerprint = fingerprint
    self.earlier = earlier
    self.sinks = sinks
    self.isQuiet = isQuiet
    self.clock = clock
    start = clock() - (earlier.map(\.time).max() ?? 0)
  }

  /// Seconds since the run started, over all its sessions.
  public var elapsed: Double { clock() - start }

  public func record(
    _ kind: String, task: String = "", step: Int = 0, _ values: [String: Double] = [:], text: String? = nil
  ) throws {
    try lock.withLock {
      let event = RunEvent(kind: kind, task: task, step: step, time: elapsed, values: values, text: text)
      for sink in sinks { try sink.record(event) }
    }
  }

  public func flush() throws { try lock.withLock { for sink in sinks { try sink.flush() } } }

  public func makeProgress(total: Int) -> ProgressBar? { isQuiet ? nil : ProgressBar(total: total, now: clock) }

  /// Where a task keeps its states.
  public func checkpoints(of task: String) -> CheckpointStore {
    Self.checkpoints(of: task, in: folder, fingerprint: fingerprint)
  }

  static func checkpoints(of task: String, in folder: RunFolder, fingerprint: String) -> CheckpointStore {
    CheckpointStore(folder: folder.checkpointFolder + "/" + task.replacing(" ", with: "-"), fingerprint: fingerprint)
  }

  /// Whether an earlier session finished a task.
  public func hasResult(_ task: String) -> Bool { earlier.contains { $0.kind == "result" && $0.task == task } }
}

/// All experiments, by name.
public enum ExperimentRegistry {
  public static let all: [any Experiment.Type] = [
    CalibrationExperiment.self, GeneralizationBoundsExperiment.self, LipschitzDynamicsExperiment.self,
    LossTransformationExperiment.self, MultiObjectiveExperiment.self, PhaseRetrievalExperiment.self,
    TrainedEmbeddingAttentionExperiment.self,
  ]

  /// - Throws: `SettingsError` naming the nearest.
  public static func named(_ name: String) throws -> any Experiment.Type {
    guard let found = all.first(where: { $0.name == name }) else {
      throw SettingsError("there is no experiment \(name); \(NearestName.hint(name, among: all.map { $0.name }))")
    }
    return found
  }
}
