import Formulas
import Foundation
import Reports
import RunLogs
import Training

/// A comparison of ways to descend on one's own data, from tuning to verdict: `descent compare` as a library call.
///
/// Each arm gets the same number of trials, spread evenly over the ranges that its braces name, on tuning seeds; its best
/// setting is run on fresh seeds, in pairs with the other arms; the test part is read once, in the end.
/// ```swift
/// let comparison = try MethodComparison(
///   ComparisonConfiguration(
///     data: ["digits.csv"],
///     arms: ["sgd: momentum 0.9 | rate {0.001...1}", "adam: adam | rate {0.0001...0.1}"], budget: "2000updates"))
/// let result = try comparison.run(out: "runs/digits")
/// for pair in result.pairs { print(pair.sentence) }
/// ```
public struct MethodComparison {
  /// Data of one's own that are in memory already.
  public struct Problem: Sendable {
    let name: String
    let make: @Sendable (_ seed: Int) throws -> TrainingProblem

    /// - Parameters:
    ///   - name: letters, digits, points, underscores and hyphens.
    ///   - make: the parts for a seed; the test part, where there is one, must hold the same examples for all seeds.
    public init(_ name: String, _ make: @escaping @Sendable (_ seed: Int) throws -> TrainingProblem) {
      (self.name, self.make) = (name, make)
    }
  }

  /// What is compared, and how.
  public let configuration: ComparisonConfiguration
  private let own: ComparisonData?
  private let functions: ComparisonFunctions?
  /// Where known data sets are looked for.
  public var locator = DataLocator(environment: ProcessInfo.processInfo.environment)
  /// What the report names as its command.
  public var commandLine = CommandLine.arguments
  /// Called with what is about to be done.
  public var announce: (String) -> Void = { _ in }
  /// Where descents run: on the cores of this process, or on ranks.
  public var workplace: any Workplace = LocalWorkplace()
  /// Whether no progress is shown.
  public var isQuiet = true

  /// Compares on data that the configuration names.
  ///
  /// - Throws: `SettingsError` for settings that cannot be, naming the nearest that can.
  public init(_ configuration: ComparisonConfiguration) throws {
    try configuration.check()
    (self.configuration, own, functions) = (configuration, nil, nil)
  }

  /// Compares on data in memory; their names take the place of `configuration.data`.
  ///
  /// - Throws: `SettingsError` for settings that cannot be, naming the nearest that can.
  public init(_ configuration: ComparisonConfiguration, on problems: [Problem]) throws {
    var configuration = configuration
    configuration.data = problems.map(\.name)
    try configuration.check()
    guard configuration.testParts ?? 1 == 1 else {
      throw SettingsError("test parts are drawn of tables: give a problem for each part of data in memory")
    }
    (self.configuration, own) = (configuration, ComparisonData(problems.map(\.make), checksParts: true))
    functions = nil
  }

  /// Compares on functions in code; their names take the place of `configuration.functions`.
  ///
  /// - Throws: `SettingsError` for settings that cannot be, naming the nearest that can; or where a name is that of a known function.
  public init(_ configuration: ComparisonConfiguration, on functions: [TestFunction]) throws {
    var configuration = configuration
    configuration.functions = functions.map(\.name)
    for name in functions.map(\.name) where TestFunctionKind.known.contains(where: { $0.name == name }) {
      throw SettingsError("\(name) is the name of a known function: take another")
    }
    try configuration.check()
    (self.configuration, own, self.functions) = (configuration, nil, ComparisonFunctions(functions))
  }

  /// Runs in a new folder.
  ///
  /// - Parameters:
  ///   - out: the folder, made here.
  ///   - replacing: whether an earlier run in it may be removed.
  /// - Throws: `SettingsError` or `DatasetError` where data or an arm cannot be, before anything is written; `RunLogError`
  ///   where the folder is taken; `ReportError` where no report can be drawn.
  public func run(out: String, replacing: Bool = false) throws -> ComparisonOutcome {
    let experiment = try ComparisonExperiment(configuration, data: own, functions: functions).prepared(locator)
    for sentence in try experiment.problemSentences() { announce(sentence) }
    let outcome = try RunSession.start(
      experiment, preset: "own", out: out, replacing: replacing, data: locator, commandLine: commandLine,
      workplace: workplace, announce: announce, isQuiet: isQuiet)
    return try ComparisonOutcome(experiment, outcome, RunFolder.open(out))
  }

  /// Goes on with a run of these data and settings that was interrupted: what has ended is not done again, and the result is
  /// that of an uninterrupted run but for times.
  ///
  /// - Throws: `SettingsError` where settings or data are others; else as `run`.
  public func resume(_ path: String) throws -> ComparisonOutcome {
    let folder = try RunFolder.open(path)
    var saved = try RunSession.settings(ComparisonExperiment.self, folder)
    let problems = saved.problems
    saved.problems = []
    guard saved == configuration else {
      throw SettingsError("\(path) is a comparison with other settings; start another in a new folder")
    }
    saved.problems = problems
    let experiment = ComparisonExperiment(saved, data: own, functions: functions)
    if let own { try experiment.checkData(own) }
    let outcome = try RunSession.resume(
      experiment, folder: folder, data: locator, workplace: workplace, announce: announce, isQuiet: isQuiet)
    return try ComparisonOutcome(experiment, outcome, folder)
  }

  /// Does descents of this comparison on a rank that is not the first.
  ///
  /// - Parameter resumed: the folder with whose run rank 0 goes on; nil where it starts one.
  /// - Throws: `RankError` where rank 0 is lost; what is wrong with this rank is told to rank 0, which ends the run.
  public func takePart(in session: RankSession, resuming resumed: String? = nil) throws {
    try session.takePart(locator) {
      guard let resumed else {
        return try ComparisonExperiment(configuration, data: own, functions: functions).prepared(locator)
      }
      return ComparisonExperiment(
        try RunSession.settings(ComparisonExperiment.self, RunFolder.open(resumed)), data: own, functions: functions)
    }
  }

  /// The settings of a folder's comparison, to go on with it.
  ///
  /// - Throws: `SettingsError` where it is none.
  public static func configuration(of path: String) throws -> ComparisonConfiguration {
    let folder = try RunFolder.open(path)
    guard try RunSession.experimentName(in: folder) == ComparisonExperiment.name else {
      throw RunSession.belongs(folder, to: "run")
    }
    var saved = try RunSession.settings(ComparisonExperiment.self, folder)
    saved.problems = []
    return saved
  }
}

/// What a comparison came to.
public struct ComparisonOutcome: Sendable {
  /// Each pair of arms on each data set, or over all.
  public let pairs: [PairVerdict]
  /// The chosen settings, by data set (with several test parts by each of them, as "digits-test1") and arm, as text; an arm whose trials all diverged has none.
  public let settings: [String: [String: String]]
  /// Claims, report, time.
  public let outcome: RunSession.Outcome
  private let pairHeader: [String]
  /// Each arm with its best setting, its result and how soon it arrived; or over test parts.
  private let arrivals: TextTable
  private let cautions: [String]
  private let diagnostics: TextTable?
  /// The differences of pairs on several test parts.
  private let parts: TextTable?
  /// The ranks of arms on several data sets.
  private let ranks: TextTable?
  /// Of one arm alone: its trials on each data set.
  private let trials: [TextTable]

  init(_ experiment: ComparisonExperiment, _ outcome: RunSession.Outcome, _ folder: RunFolder) throws {
    (pairs, self.outcome) = (try experiment.pairs(outcome.verdicts.decisions), outcome)
    let (plan, findings) = (try experiment.plan(), experiment.findings(try folder.events()))
    (pairHeader, cautions) = (experiment.pairHeader(plan), try experiment.cautions(findings))
    parts =
      plan.testParts > 1 && plan.arms.count > 1
      ? TextTable(
        header: [plan.noun, "pair"] + (1...plan.testParts).map { "part \($0)" },
        rows: try experiment.partRows(findings, isShort: true))
      : nil
    ranks = try experiment.standingTable(findings)
    diagnostics =
      try plan.arms.count > 1
      ? experiment.diagnosticTable(outcome.verdicts.decisions, isShort: true)
      : experiment.diagnosticArms(findings, isShort: true)
    trials =
      plan.arms.count > 1
      ? []
      : try plan.firstParts.compactMap { data in
        let table = try experiment.trialTable(data, 0, findings)
        return table.rows.isEmpty ? nil : table
      }
    var settings: [String: [String: String]] = [:]
    for (data, name) in plan.dataNames.enumerated() {
      for (arm, side) in plan.arms.enumerated() {
        // A share of the search chooses nothing yet.
        let chosen = try findings.ifFinished { try experiment.chosen(data, arm, findings) }
        guard case let trial?? = chosen else { continue }
        settings[name, default: [:]][side.name] = plan.setting(trial).description
      }
    }
    self.settings = settings
    let names = try Set(plan.dataNames.indices.map { try experiment.decidingName($0) })
    guard plan.testParts == 1 else {
      arrivals = try experiment.partArms(findings)
      return
    }
    arrivals = TextTable(
      header: [
        plan.noun, "arm", "best setting", names.count == 1 ? names.first! : "result", "arrived", "updates", "gradients",
        "seconds", "trials that arrive",
      ],
      rows: try experiment.arrivalRows(findings).map { row in
        let data = plan.dataNames.firstIndex(of: row[0])
        let arm = plan.arms.firstIndex { $0.name == row[1] }
        let result = try data.flatMap { data in try arm.map { try experiment.result(data, $0, findings) } }
        return [row[0], row[1], settings[row[0]]?[row[1]] ?? "–", result ?? "–"] + [2, 3, 5, 6, 7].map { row[$0] }
      })
  }

  /// Rows of a table, and remarks, that a terminal shows; the report has all.
  private static let (mostRows, mostCautions) = (60, 12)

  /// A table as long as a terminal takes, and a line that says how much is left.
  private static func shown(_ table: TextTable, width: Int) -> String {
    let left = table.rows.count - mostRows
    guard left > 0 else { return table.text(width: width) }
    return TextTable(header: table.header, rows: Array(table.rows.prefix(mostRows))).text(width: width)
      + "\n... and \(left) more rows in the report"
  }

  /// The end of a run in a terminal.
  ///
  /// - Parameter width: of its lines, in letters.
  public func text(width: Int = 100) -> String {
    var remarks = [outcome.verdicts.opening] + cautions.prefix(Self.mostCautions)
    if cautions.count > Self.mostCautions {
      remarks.append("... and \(cautions.count - Self.mostCautions) more remarks in the report.")
    }
    let sentences = remarks.map { TextTable.wrapped($0, width: width).joined(separator: "\n") }
    // Of very many pairs those that are decided.
    let told = pairs.count > Self.mostRows ? pairs.filter { $0.winner != nil || $0.outcome == .same } : pairs
    let others =
      pairs.count == told.count
      ? [] : ["... and \(pairs.count - told.count) pairs that are not decided, in the report."]
    let verdicts = TextTable(header: pairHeader, rows: told.map(ComparisonExperiment.row))
    // The best of the trials; all are in trials.csv.
    let tables =
      trials.map { TextTable(header: $0.header, rows: Array($0.rows.prefix(12))) } + (told.isEmpty ? [] : [verdicts])
      + [parts, ranks].compactMap { $0 }
      + (diagnostics.map { [$0] } ?? [])
    let ends = (arrivals.rows.isEmpty ? [] : [Self.shown(arrivals, width: width)]) + ["report: \(outcome.reportPath)"]
    return (sentences + others + tables.map { Self.shown($0, width: width) } + ends).joined(separator: "\n\n")
  }
}
