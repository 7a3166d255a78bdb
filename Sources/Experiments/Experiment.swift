import Datasets
import Foundation
import Reports
import RunLogs
@_exported import Statistics
import Training

/// A preset: a configuration with a name.
public struct Preset<C: Sendable>: Sendable {
  /// What `descent run --preset` calls it; smoke, quick and paper are usual.
  public var name: String
  /// What it runs and about how long, in a few words.
  public var summary: String
  /// All its settings; single ones may be changed for a run.
  public var configuration: C

  public init(name: String, summary: String, configuration: C) {
    (self.name, self.summary, self.configuration) = (name, summary, configuration)
  }
}

/// A method put to the test: configuration, one sweep, one list of claims, its plots.
///
/// All else is made of these: checks before anything is written, the run with its names, order, estimate, progress and
/// resumption, verdicts with Holm's correction, and the frame of the report. `Examples/OwnExperiment` is a small one to
/// copy.
public protocol Experiment: Sendable {
  /// Its settings, typed, with seeds and the level of tests among them.
  associatedtype Configuration: SeededConfiguration
  /// What is compared; an arm on a seed is a task.
  associatedtype Arm: SweepArm

  /// Its name in commands and run folders, as "calibration".
  static var name: String { get }
  /// What it compares, in one line for lists.
  static var summary: String { get }
  /// Whom the first sentence of a report is about, as "orthogonal gradients"; what it does is said by the claims'
  /// phrases. Empty for a sentence that only counts verdicts.
  static var subject: String { get }
  /// Configurations with a name, the shortest first.
  static var presets: [Preset<Configuration>] { get }
  /// What each setting means, by name.
  static var settingDescriptions: [String: String] { get }
  /// What measures are in made-up findings, where 1 makes no sense.
  static var madeUpMeasures: [Measure: Double] { get }

  /// The settings of this run.
  var configuration: Configuration { get }
  /// An experiment with these settings, which `check()` has not seen yet.
  init(_ configuration: Configuration)

  /// Sets the number of seeds, and what depends on it.
  static func setSeeds(_ count: Int, in configuration: inout Configuration)

  /// Whether the configuration can be run, before anything is written.
  ///
  /// - Throws: `SettingsError` naming the setting.
  func check() throws

  /// What is run.
  ///
  /// - Throws: `SettingsError`.
  func sweep() throws -> Sweep<Arm>

  /// What the method's authors claim, and what else a run can decide, each with its test.
  ///
  /// - Throws: `SettingsError`.
  func claims() throws -> [ClaimTest<Arm>]

  /// Its part of the report: tables and plots, made from the log alone. A partial run has one too.
  ///
  /// - Throws: `FindingsError.missing`.
  func frame(_ findings: Findings<Arm>) throws -> ReportFrame

  /// What was found, in one sentence; nil for one made of `subject` and the claims' phrases.
  func opening(_ decisions: [Decision], _ findings: Findings<Arm>) -> String?

  /// What is written beside the report for analysis elsewhere, made from the log alone. None by default.
  ///
  /// - Throws: `FindingsError.missing`.
  func tables(_ findings: Findings<Arm>) throws -> [RunTable]
}

extension Experiment {
  public static var subject: String { "" }
  public static var madeUpMeasures: [Measure: Double] { [:] }

  public func check() throws { try configuration.check() }

  public func opening(_ decisions: [Decision], _ findings: Findings<Arm>) -> String? { nil }

  public func tables(_ findings: Findings<Arm>) throws -> [RunTable] { [] }

  public static func setSeeds(_ count: Int, in configuration: inout Configuration) { configuration.seeds.count = count }

  /// All claims of all presets.
  ///
  /// - Throws: `SettingsError`.
  package static func claims() throws -> [Claim] {
    var known: Set<String> = []
    return try presets.flatMap { try Self($0.configuration).claims().map(\.claim) }
      .filter { known.insert($0.id).inserted }
  }

  /// What a log says.
  public func findings(_ events: [RunEvent]) -> Findings<Arm> { Findings(events, seeds: reportedSeeds) }

  /// Runs what has not been run yet, recording all in the context.
  ///
  /// - Parameter begin: called with a guess at time and memory, when the data are there and before the first task.
  /// - Returns: whether all is done that can be; not where the context's place does a share of it.
  @discardableResult
  package func run(_ context: RunContext, begin: (String) throws -> Void = { _ in }) throws -> Bool {
    var session = try SweepSession(try sweep(), context, seeds: reportedSeeds)
    try begin(try session.estimate())
    return try session.run()
  }

  /// Decides the claims: each by its test, all corrected for their number, and only where what they require holds.
  ///
  /// - Throws: `FindingsError.missing`; `SettingsError` where two claims, or two unlike conditions, have one name.
  public func decide(_ findings: Findings<Arm>) throws -> Verdicts {
    let (tests, alpha) = (try claims(), configuration.decision.alpha)
    guard Set(tests.map(\.claim.id)).count == tests.count else { throw SettingsError("two claims have one name") }
    let isUnfinished = try !sweep().unfinished(findings).isEmpty
    var preconditions: [String: Precondition] = [:]
    var order: [String] = []
    for condition in tests.flatMap(\.conditions) {
      if let known = preconditions[condition.name] {
        guard condition.isSame(as: known) else {
          throw SettingsError("two conditions that are not the same have one name: \(condition.name)")
        }
        continue
      }
      var measured = try condition.measured(findings)
      // What is no number may yet become one.
      if isUnfinished, measured.measured.isNaN { measured.count = 0 }
      preconditions[condition.name] = measured
      order.append(condition.name)
    }
    let corrected = try tests.map { test in
      var decision = try test.decide(findings, alpha: alpha)
      if isUnfinished, decision.verdict == .undecided, !decision.evidence.isTested { decision.verdict = .notMeasured }
      return decision
    }.holmCorrected(alpha: alpha)
    let decisions = zip(tests, corrected).map { test, decision in
      decision.requiring(test.conditions.compactMap { preconditions[$0.name] })
    }
    let headline = Headline(
      subject: Self.subject, phrases: tests.compactMap { test in test.phrase.map { (test.claim.id, $0) } })
    let measured = order.compactMap { preconditions[$0] }
    return Verdicts(
      decisions: decisions, preconditions: measured,
      opening: opening(decisions, findings) ?? headline.sentence(decisions, measured))
  }

  /// Decides the claims and draws the report from the log alone.
  ///
  /// - Throws: `FindingsError.missing`.
  package func report(_ events: [RunEvent], context: ReportContext) throws -> (verdicts: Verdicts, report: Report) {
    let findings = findings(events)
    var verdicts = try decide(findings)
    let sweep = try sweep()
    let unfinished = try sweep.unfinished(findings).map(\.name)
    let caution = Caution(
      isSmoke: context.preset == "smoke", missing: unfinished.count, total: try sweep.tasks(findings).count,
      leftOut: events.isEnded ? findings.absences.map(\.name) : [])
    verdicts.opening = caution.text + verdicts.opening
    return (
      verdicts, try frame(findings).report(verdicts, events: events, unfinished: unfinished, context: context)
    )
  }
}

/// What a reader must know of a run before its findings.
private struct Caution {
  var isSmoke: Bool
  /// Tasks without a result.
  var missing: Int
  var total: Int
  /// What an ended run had to leave out, as a data set that is not here.
  var leftOut: [String]

  /// Sentences to begin with; empty for a whole run.
  var text: String {
    var sentences: [String] = []
    let tasks = "\(missing) of \(counted(total, "task"))"
    if missing > 0 {
      sentences.append(
        leftOut.isEmpty
          ? "unfinished: \(tasks) \(missing == 1 ? "is" : "are") missing."
          : "left out: \(tasks), for want of \(leftOut.joined(separator: ", ")).")
    }
    if isSmoke {
      sentences.append("smoke checks that everything works; its verdicts say nothing about the method.")
    }
    return sentences.map { $0 + " " }.joined()
  }
}

/// What a report says of its run besides the log.
package struct ReportContext: Sendable {
  package var preset: String
  package var command: String
  package var environment: String
  package var configuration: String

  package init(preset: String = "", command: String, environment: String, configuration: String) {
    self.preset = preset
    self.command = command
    self.environment = environment
    self.configuration = configuration
  }
}

/// All experiments, by name.
public enum ExperimentRegistry {
  /// In alphabetical order.
  public static let all: [any Experiment.Type] = [
    AntifragileControlExperiment.self, CalibrationExperiment.self, DistributedLimitsExperiment.self,
    GeneralizationBoundsExperiment.self, GradientPromptingExperiment.self, LipschitzDynamicsExperiment.self,
    LossTransformationExperiment.self, MultiObjectiveExperiment.self, PhaseRetrievalExperiment.self,
    TrainedEmbeddingAttentionExperiment.self,
  ]

  private static let added = Registered()

  /// Those of the library, then those that were registered, in that order.
  public static var known: [any Experiment.Type] { all + added.types }

  /// Makes an experiment of your own known to commands: to run, resume, report, merge and describe.
  ///
  /// Call it once, before a command is read.
  ///
  /// - Throws: `SettingsError` where its name is no word of letters, digits and hyphens or is taken, or where it has no presets.
  public static func register(_ type: any Experiment.Type) throws {
    let name = type.name
    guard name.first?.isLetter == true, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
    else {
      throw SettingsError(
        "\"\(name)\" cannot be an experiment's name: begin with a letter, go on with letters, digits and -")
    }
    guard hasPresets(type) else { throw SettingsError("\(name) has no presets, by which experiments are run") }
    try added.add(type, taken: all.map { $0.name } + [ComparisonExperiment.name])
  }

  private static func hasPresets<E: Experiment>(_ type: E.Type) -> Bool { !E.presets.isEmpty }

  /// The experiment of that name; also that of comparisons, which is not in the list: it has no presets, and its data are
  /// the user's.
  ///
  /// - Throws: `SettingsError` naming the nearest.
  public static func named(_ name: String) throws -> any Experiment.Type {
    if name == ComparisonExperiment.name { return ComparisonExperiment.self }
    guard let found = known.first(where: { $0.name == name }) else {
      let hint = NearestName.hint(name, among: known.map { $0.name })
      throw SettingsError("there is no experiment \(name); \(hint)\(ForeignName.ownHint(hint, "experiments"))")
    }
    return found
  }
}

/// The experiments that a program added; any thread may ask while another adds.
private final class Registered: @unchecked Sendable {
  private let lock = NSLock()
  private var added: [any Experiment.Type] = []

  var types: [any Experiment.Type] { lock.withLock { added } }

  func add(_ type: any Experiment.Type, taken: [String]) throws {
    try lock.withLock {
      guard !(taken + added.map { $0.name }).contains(type.name) else {
        throw SettingsError("the name \(type.name) is taken by another experiment")
      }
      added.append(type)
    }
  }
}
