import COneDNN
import COpenBLAS
import Datasets
import Descending
import Foundation
import Reports
import RunLogs

/// One call of `descent run`: makes or reopens the folder, runs, reports.
public struct RunSession {
  /// What a call came to.
  public struct Outcome: Sendable {
    /// Decided from the log alone.
    public var verdicts: Verdicts
    /// Of the HTML file in the run's folder.
    public var reportPath: String
    /// That the run took, over all its sessions.
    public var seconds: Double
    /// Tasks that have not ended, of a share or of a run that lacks data; 0 of a whole run.
    public var missing: Int
    /// All tasks; those that follow from what is missing by their forecast.
    public var total: Int
  }

  /// What is written to config.yaml.
  struct Manifest<C: Codable>: Codable {
    var experiment: String
    var preset: String
    var command: String
    var settings: C
  }

  private struct Head: Codable { var experiment: String? }

  package static let libraries: [String: String] = [
    "oneDNN": String(cString: cd_version()), "OpenBLAS": String(cString: cb_version()),
  ]

  /// The experiment's name in a run folder.
  ///
  /// - Throws: `SettingsError` where config.yaml is damaged, or that of another command's run.
  package static func experimentName(in folder: RunFolder) throws -> String {
    if let name = try savedName(in: folder) { return name }
    if TrainingRun.isRun(folder) { throw belongs(folder, to: "train") }
    throw SettingsError("\(folder.path) is no run of an experiment: its config.yaml names none")
  }

  /// What config.yaml names; nil in runs of other commands.
  private static func savedName(in folder: RunFolder) throws -> String? {
    try Settings.loose(Head.self, from: Settings.text(of: folder), describing: folder.configurationPath).experiment
  }

  /// - Throws: `SettingsError` that names the command whose run it is, where that is an experiment's.
  static func checkThatNoExperiment(_ folder: RunFolder) throws {
    guard let name = try? savedName(in: folder) else { return }
    throw belongs(folder, to: command(of: name))
  }

  static func belongs(_ folder: RunFolder, to command: String) -> SettingsError {
    SettingsError(
      "\(folder.path) is a run of \(ProgramName.text) \(command); go on with \(ProgramName.text) \(command) --resume \(folder.path)"
    )
  }

  /// The command that has runs of an experiment.
  private static func command(of experiment: String) -> String {
    experiment == ComparisonExperiment.name ? experiment : "run"
  }

  /// Starts a run of a preset with changed settings in a new folder.
  ///
  /// - Parameters:
  ///   - changes: each as "descent.rate=0.02".
  ///   - seeds: sets their number, and what depends on it; nil for that of the preset.
  ///   - out: the run's folder, made here.
  ///   - replacing: whether an earlier run in the folder may be removed; otherwise it is an error.
  ///   - commandLine: what the report names as its command.
  ///   - workplace: where tasks run.
  ///   - announce: called with a guess at time and memory before the first task.
  /// - Throws: `SettingsError` for settings that cannot be, before anything is written; `RunLogError` where the folder
  ///   is taken or cannot be written; `ReportError`; what reading data and running tasks throw.
  public static func start<E: Experiment>(
    _ type: E.Type, preset: String, changes: [String], seeds: Int?, out: String, replacing: Bool, data: DataLocator,
    commandLine: [String], workplace: any Workplace = LocalWorkplace(), announce: (String) -> Void,
    isQuiet: Bool = false
  ) throws -> Outcome {
    try start(
      E(try Self.configuration(type, preset: preset, changes: changes, seeds: seeds)), preset: preset, out: out,
      replacing: replacing, data: data, commandLine: commandLine, workplace: workplace, announce: announce,
      isQuiet: isQuiet)
  }

  /// Starts a run of an experiment with the settings that it has, in a new folder.
  ///
  /// - Parameter preset: what its settings are called.
  /// - Throws: as a start by a preset's name.
  static func start<E: Experiment>(
    _ experiment: E, preset: String, out: String, replacing: Bool, data: DataLocator, commandLine: [String],
    workplace: any Workplace = LocalWorkplace(), announce: (String) -> Void, isQuiet: Bool
  ) throws -> Outcome {
    let configuration = experiment.configuration
    try experiment.checkSettings()
    let (folder, lock) = try RunFolder.claim(out, replacing: replacing)
    defer { withExtendedLifetime(lock) {} }
    let command = commandLine.shellCommand
    let manifest = Manifest(experiment: E.name, preset: preset, command: command, settings: configuration)
    do {
      try AtomicFile.write(try Settings.yaml(manifest), to: folder.configurationPath)
      try AtomicFile.write(
        RunEnvironment.json(libraries: libraries, commandLine: commandLine, date: Date().formatted(.iso8601)),
        to: folder.environmentPath)
      return try run(experiment, configuration, folder, data, workplace, announce, isQuiet)
    } catch {
      // A run that did not begin, for want of data, leaves nothing in the way of the next.
      let checkpoints = (try? FileManager.default.contentsOfDirectory(atPath: folder.checkpointFolder)) ?? []
      if let events = try? folder.events(), !events.contains(where: \.tellsProgress), checkpoints.isEmpty {
        folder.discard()
      }
      throw error
    }
  }

  /// A preset's settings with changes.
  ///
  /// - Throws: `SettingsError`.
  static func configuration<E: Experiment>(
    _ type: E.Type, preset: String, changes: [String], seeds: Int?
  ) throws -> E.Configuration {
    guard !E.presets.isEmpty else { throw SettingsError("\(E.name) has no presets: see \(ProgramName.text) \(E.name)") }
    guard let found = E.presets.first(where: { $0.name == preset }) else {
      throw SettingsError(
        "\(E.name) has no preset \(preset); \(NearestName.hint(preset, among: E.presets.map(\.name)))")
    }
    var configuration = found.configuration
    if let seeds {
      guard 1...Settings.largestCount ~= seeds else {
        throw SettingsError("--seeds must be between 1 and \(Settings.largestCount), not \(seeds)")
      }
      E.setSeeds(seeds, in: &configuration)
    }
    return try Settings.applying(changes, to: configuration)
  }

  /// The settings of a folder's run.
  ///
  /// - Throws: `SettingsError` where they are not of this experiment.
  package static func settings<E: Experiment>(_ type: E.Type, _ folder: RunFolder) throws -> E.Configuration {
    try manifest(type, folder).settings
  }

  static func manifest<E: Experiment>(_ type: E.Type, _ folder: RunFolder) throws -> Manifest<E.Configuration> {
    try Settings.decode(
      Manifest<E.Configuration>.self, from: Settings.text(of: folder), describing: folder.configurationPath)
  }

  /// Goes on with the run in a folder.
  ///
  /// - Throws: `SettingsError` where the folder's settings are not of this experiment; `RunLogError`; `ReportError`;
  ///   what reading data and running tasks throw.
  public static func resume<E: Experiment>(
    _ type: E.Type, folder: RunFolder, data: DataLocator, workplace: any Workplace = LocalWorkplace(),
    announce: (String) -> Void, isQuiet: Bool = false
  ) throws -> Outcome {
    try resume(
      E(try settings(E.self, folder)), folder: folder, data: data, workplace: workplace, announce: announce,
      isQuiet: isQuiet)
  }

  /// Goes on with the run in a folder, whose settings the experiment has.
  static func resume<E: Experiment>(
    _ experiment: E, folder: RunFolder, data: DataLocator, workplace: any Workplace = LocalWorkplace(),
    announce: (String) -> Void, isQuiet: Bool
  ) throws -> Outcome {
    try experiment.checkSettings()
    let lock = try FolderLock(folder)
    defer { withExtendedLifetime(lock) {} }
    return try run(experiment, experiment.configuration, folder, data, workplace, announce, isQuiet)
  }

  /// Runs what is left in a folder that this process holds.
  private static func run<E: Experiment>(
    _ experiment: E, _ configuration: E.Configuration, _ folder: RunFolder, _ data: DataLocator,
    _ workplace: any Workplace, _ announce: (String) -> Void, _ isQuiet: Bool
  ) throws -> Outcome {
    defer { workplace.close() }
    let fingerprint = try Settings.fingerprint(configuration)
    let earlier = try rewind(folder, fingerprint)
    let began = Date().timeIntervalSince1970
    let context = RunContext(
      folder: folder, data: data, fingerprint: fingerprint, earlier: earlier,
      sinks: [
        try JSONLinesSink(path: folder.logPath), try CSVSink(path: folder.metricsPath),
        try TensorBoardSink(
          folder: folder.path, startTime: began - (earlier.map(\.time).max() ?? 0), earlier: earlier),
      ], isQuiet: isQuiet, workplace: workplace, clock: { ProcessInfo.processInfo.systemUptime })
    let continuation =
      [ProgramName.text, command(of: E.name), "--resume", folder.path]
      + (workplace.share.map { ["--share", $0.description] } ?? [])
    let isWhole = try PartingWord.during(continuation.shellCommand) {
      try experiment.run(context) { estimate in
        announce(estimate)
        if earlier.isEmpty {
          try context.record("start", ["peakMemoryBytes": Double(RunEnvironment.peakMemory() ?? 0)])
        } else {
          try context.record("resume")
        }
      }
    }
    workplace.close()
    try context.record(
      isWhole ? "end" : "share", ["peakMemoryBytes": Double(RunEnvironment.peakMemory() ?? 0)],
      text: isWhole ? nil : workplace.share?.description)
    try context.flush()
    return try report(E.self, folder: folder)
  }

  /// Takes the log back to where its checkpoints are: what an unfinished task logged after its last checkpoint will be
  /// logged again, as will a last line that a crash cut off.
  private static func rewind(_ folder: RunFolder, _ fingerprint: String) throws -> [RunEvent] {
    let logged = try folder.events()
    guard !logged.isEmpty else { return [] }
    let finished = Set(logged.filter { $0.kind == RunEvent.resultKind }.map(\.task))
    var reached: [String: Int] = [:]
    for task in Set(logged.map(\.task)) where !task.isEmpty && !finished.contains(task) {
      reached[task] = try RunContext.checkpoints(of: task, in: folder, fingerprint: fingerprint).latest()?.step ?? 0
    }
    try folder.truncateLog { event in reached[event.task].map { event.step <= $0 } ?? true }
    return try folder.events()
  }

  /// Draws the report of a folder again, from its log.
  ///
  /// - Throws: `SettingsError` where the folder's settings are not of this experiment; `RunLogError`;
  ///   `FindingsError.missing` where the log is another version's; `ReportError` where plots cannot be drawn.
  public static func report<E: Experiment>(_ type: E.Type, folder: RunFolder) throws -> Outcome {
    let manifest = try manifest(E.self, folder)
    try E(manifest.settings).checkSettings()
    let events = try folder.events()
    let environment = (try? String(contentsOfFile: folder.environmentPath, encoding: .utf8)) ?? "unknown"
    let experiment = E(manifest.settings)
    let (verdicts, report) = try experiment.report(
      events,
      context: ReportContext(
        preset: manifest.preset, command: manifest.command, environment: environment,
        configuration: try Settings.text(of: folder)))
    let file = VerdictFile(
      verdicts, experiment: E.name, preset: manifest.preset, alpha: manifest.settings.decision.alpha)
    try AtomicFile.write(try file.json(), to: folder.verdictsPath)
    for table in try experiment.tables(experiment.findings(events)) {
      try AtomicFile.write(table.csv, to: folder.path + "/\(table.name).csv")
    }
    try report.write(to: folder.reportPath, gnuplot: try Gnuplot())
    let findings = experiment.findings(events)
    return Outcome(
      verdicts: verdicts, reportPath: folder.reportPath, seconds: events.map(\.time).max() ?? 0,
      missing: try experiment.sweep().unfinished(findings).count, total: try experiment.sweep().tasks(findings).count)
  }
}
