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
  associatedtype Configuration: SeededConfiguration

  static var name: String { get }
  static var summary: String { get }
  /// What the method's authors claim, and what else a run can decide.
  static var claims: [Claim] { get }
  /// How what was found is said in one sentence; verdicts are only counted when not given.
  static var headline: Headline { get }
  static var presets: [Preset<Configuration>] { get }
  /// What each setting means, by name.
  static var settingDescriptions: [String: String] { get }

  var configuration: Configuration { get }
  init(_ configuration: Configuration)

  /// Sets the number of seeds, and what depends on it.
  static func setSeeds(_ count: Int, in configuration: inout Configuration)

  /// Whether the configuration can be run, before anything is written.
  ///
  /// - Throws: `SettingsError` naming the setting.
  func check() throws

  /// A guess at time and memory, before the run starts.
  func estimate(_ context: RunContext) throws -> String

  /// Runs what has not been run yet, recording all in the context.
  func run(_ context: RunContext) throws

  /// Decides the claims and draws the plots from the log alone.
  func report(_ events: [RunEvent], context: ReportContext) throws -> (decisions: [Decision], report: Report)
}

extension Experiment {
  public static var headline: Headline { .counts }

  public func check() throws { try configuration.check() }

  public static func setSeeds(_ count: Int, in configuration: inout Configuration) { configuration.seeds.count = count }

  /// One of its claims.
  func claim(_ id: String) -> Claim { Self.claims.first { $0.id == id }! }
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
