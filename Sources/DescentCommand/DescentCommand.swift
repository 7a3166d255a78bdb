import ArgumentParser
import Descent
import Foundation

@main struct DescentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "descent",
    abstract: "A gradient-descent laboratory: put published methods to the test, or train a model of your own.",
    discussion: """
      Start with an experiment of known length:
        descent run calibration --preset smoke
      See what it can be told:
        descent describe calibration
      Train on your own numbers:
        descent train table.csv --target price --chain "adam | rate cosine(0.001, 20epochs)"
      """,
    version: descentVersion,
    subcommands: [
      ListCommand.self, DescribeCommand.self, RunCommand.self, ReportCommand.self, MergeCommand.self,
      TrainCommand.self, MinimizeCommand.self,
      CompareCommand.self, ControlCommand.self, PredictCommand.self, EvaluateCommand.self, ExplainCommand.self,
      LandscapeCommand.self,
      DataCommand.self, GenerateCommand.self, LanguageModelCommand.self, DoctorCommand.self, BenchCommand.self,
      GrowthCommand.self,
    ])

  /// A slip in a command's name is answered by the nearest one.
  static func main() {
    StandardStreams.prepare()
    PartingWord.prepare()
    let known = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    if let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-"), !known.contains(name) {
      exit(withError: ValidationError("there is no command \(name); \(NearestName.hint(name, among: known))"))
    }
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let sentence = ForeignOption.answer(in: arguments) { exit(withError: ValidationError(sentence)) }
    do {
      var command = try parseAsRoot(NegativeValue.joined(arguments))
      try command.run()
    } catch {
      exit(withError: error.isOfFoundation ? SettingsError(error.plainSentence) : error)
    }
  }
}

/// Errors leave with their sentence and status 1.
func announce(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }

/// Prints a line that is there even if the process is interrupted, be it to a pipe or a file; where it cannot be, the
/// process ends.
func printAtOnce(_ line: String) {
  print(line)
  guard StandardStreams.haveArrived() else { exit(EXIT_FAILURE) }
}

/// Where data are; shared by commands that read some.
struct DataOptions: ParsableArguments {
  @Option(help: "Folder of data sets; the environment's DESCENT_DATA when not given.")
  var data: String?

  var locator: DataLocator { DataLocator(directory: data, environment: ProcessInfo.processInfo.environment) }
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract:
      "The experiments and their presets, the transformations, schedules, methods and diagnostics, the data sets.")

  func run() {
    print("Experiments (descent describe NAME, descent run NAME):")
    for type in ExperimentRegistry.all {
      print("  \(type.name)  \(type.summary) (presets: \(presetNames(type)))")
    }
    print("\nTransformations of a chain (descent describe NAME):")
    for kind in TransformationKind.all {
      print(line(kind.name, kind.summary))
    }
    print("\nMethods that hold a chain, NAME (chain):")
    for kind in DescentMethodKind.all {
      print(line(kind.name, kind.summary))
    }
    print("\nSchedules of a rate, and exponents of losspower (descent describe NAME):")
    for kind in FunctionKind.all {
      print(line(kind.name, kind.summary))
    }
    print("\nDiagnostics of descent train and compare, --watch (descent describe NAME):")
    for kind in WatchKind.all {
      print(line(kind.name, kind.summary))
    }
    print("\nData sets and models (descent data):")
    for entry in CatalogueEntry.all { print("  \(entry.name)  \(entry.summary)") }
    for model in KnownModel.all { print("  \(model.name)  \(model.summary)") }
  }

  /// A long name pushes its summary aside.
  private func line(_ name: String, _ summary: String) -> String {
    "  \(name)\(String(repeating: " ", count: max(14 - name.count, 1)))\(summary)"
  }

  private func presetNames<E: Experiment>(_ type: E.Type) -> String {
    E.presets.map(\.name).joined(separator: ", ")
  }
}

struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract:
      "Claims, presets and settings of an experiment, or options of a transformation, schedule, method or diagnostic.")

  @Argument(help: "An experiment, a transformation, a schedule, a method or a diagnostic.")
  var name: String

  func run() throws {
    // A diagnostic may have the name of a transformation or an experiment.
    var found: [() throws -> Void] = []
    if let kind = TransformationKind.all.first(where: { $0.name == name }) {
      found.append {
        describe(kind.name, kind.summary, kind.options)
        print("For example: \(kind.examples.joined(separator: "; "))")
      }
    }
    if let kind = DescentMethodKind.all.first(where: { $0.name == name }) {
      found.append { describe(kind.name, kind.summary, kind.options) }
    }
    if let kind = FunctionKind.all.first(where: { $0.name == name }) {
      found.append {
        describe(kind.form, kind.summary, kind.arguments)
        print("For example: \(kind.example)")
      }
    }
    if let kind = WatchKind.all.first(where: { $0.name == name }) {
      found.append {
        describe("--watch \(kind.name)", kind.summary, kind.options)
        print("Descents are compared by: \(kind.quantities.map { "\($0.tag) (\($0.name))" }.joined(separator: ", ")).")
      }
    }
    if let type = ExperimentRegistry.all.first(where: { $0.name == name }) { found.append { try describe(type) } }
    for (index, tell) in found.enumerated() {
      if index > 0 { print() }
      try tell()
    }
    guard found.isEmpty else { return }
    let names =
      ExperimentRegistry.all.map { $0.name } + TransformationKind.all.map(\.name) + DescentMethodKind.all.map(\.name)
      + WatchKind.all.map(\.name) + FunctionKind.all.map(\.name)
    guard !CatalogueEntry.all.contains(where: { $0.name == name }) else {
      throw SettingsError("\(name) is a data set: descent data \(name)")
    }
    throw SettingsError(
      "there is nothing named \(name); \(ForeignName.answer(name) ?? NearestName.hint(name, among: names))")
  }

  private func describe(_ name: String, _ summary: String, _ options: [NamedOption]) {
    print("\(name): \(summary)")
    for option in options {
      print("  \(option.name)\(option.standard.map { " = \(PlainNumber.text($0))" } ?? " (needed)")  \(option.summary)")
    }
  }

  private func describe<E: Experiment>(_ type: E.Type) throws {
    print("\(E.name): \(E.summary)\n\nClaims:")
    for claim in try E.claims() {
      print("  \(claim.name): \(claim.statement) [\(claim.source)]" + (claim.isIdentity ? " (an identity)" : ""))
    }
    print("\nPresets:")
    for preset in E.presets { print("  \(preset.name): \(preset.summary)") }
    print("\nSettings (--set NAME=VALUE) and their values in the presets:")
    let lists = try E.presets.map { try Settings.list($0.configuration) }
    for (index, entry) in lists[0].enumerated() {
      let values = lists.map { PlainNumber.plain($0[index].value) }
      let shown = Set(values).count == 1 ? values[0] : values.joined(separator: " | ")
      print("  \(entry.name) = \(shown)  \(E.settingDescriptions[entry.name] ?? "")")
    }
  }
}

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs an experiment, decides its claims and writes a report.",
    discussion: "A run that was interrupted goes on exactly where its last checkpoint is: descent run --resume FOLDER.")

  @Argument(help: "The experiment; not needed with --resume.")
  var experiment: String?
  @Option(help: "A set of settings: smoke (seconds), quick (minutes; when not given), standard (hours), paper (days).")
  var preset: String?
  @Option(name: .customLong("set"), help: "A setting, as descent.rate=0.02; may be repeated.")
  var changes: [String] = []
  @Option(help: "Number of seeds.")
  var seeds: Int?
  @Option(help: "The run's folder; runs/NAME-PRESET when not given.")
  var out: String?
  @Option(help: "Go on with the run in this folder.")
  var resume: String?
  @Option(help: ShareOption.help)
  var share: String?
  @Flag(help: "Replace an earlier run in the folder.")
  var replace = false
  @Flag(help: "Of distributed-limits: also descend on the ranks of mpirun, beside the virtual clock.")
  var real = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var dataOptions: DataOptions

  func validate() throws {
    guard (experiment == nil) == (resume != nil) else {
      throw ValidationError(
        resume == nil ? "name an experiment: see descent list" : "--resume takes no experiment's name")
    }
    try CountOption.check(["--seeds": seeds])
    _ = try ShareOption.parse(share)
    if resume != nil, preset != nil || !changes.isEmpty || seeds != nil || out != nil || replace || real {
      throw ValidationError(
        "--resume goes on with the settings of the run: leave out --preset, --set, --seeds, --out, --replace and --real"
      )
    }
  }

  func run() throws {
    let channel = try RankWorld.join()
    if real, let experiment, experiment != DistributedLimitsExperiment.name {
      // One sentence is enough.
      if let channel, channel.rank > 0 { throw ExitCode.failure }
      throw SettingsError("--real is for \(DistributedLimitsExperiment.name); \(experiment) has no such descents")
    }
    guard let channel else {
      guard !real else {
        throw SettingsError(
          "--real descends on ranks, of which there are none: mpirun -n 4 descent run \(experiment ?? "") --real")
      }
      return try run(LocalWorkplace(share: try ShareOption.parse(share)))
    }
    try ShareOption.refuse(share, on: channel)
    if channel.rank == 0 { return try RankWorld.lead(channel) { try run($0) } }
    RankWorld.follow(channel) { try follow($0, workers: channel.size - 1) }
  }

  /// What was set, and real workers on all ranks but the first.
  private func changes(workers: Int) -> [String] { changes + (real ? ["real.workers=\(workers)"] : []) }

  private func run(_ workplace: any Workplace) throws {
    if let resume {
      let folder = try RunFolder.open(resume)
      let type = try ExperimentRegistry.named(try RunSession.experimentName(in: folder))
      try show(try self.resume(type, folder, workplace))
    } else if let experiment {
      try show(try start(try ExperimentRegistry.named(experiment), workplace))
    }
  }

  private func resume<E: Experiment>(
    _ type: E.Type, _ folder: RunFolder, _ workplace: any Workplace
  ) throws -> RunSession.Outcome {
    try RunSession.resume(
      type, folder: folder, data: dataOptions.locator, workplace: workplace, announce: announce, isQuiet: quiet)
  }

  private func start<E: Experiment>(_ type: E.Type, _ workplace: any Workplace) throws -> RunSession.Outcome {
    try RunSession.start(
      type, preset: preset ?? "quick", changes: changes(workers: workplace.places), seeds: seeds,
      out: out ?? "runs/\(E.name)-\(preset ?? "quick")" + ShareOption.suffix(share), replacing: replace,
      data: dataOptions.locator, commandLine: ["descent"] + CommandLine.arguments.dropFirst(), workplace: workplace,
      announce: announce, isQuiet: quiet)
  }

  /// Another rank than the first.
  private func follow(_ session: RankSession, workers: Int) throws {
    func takePart<E: Experiment>(_ type: E.Type, _ folder: RunFolder?) throws {
      if let folder {
        try session.resume(type, folder: folder, data: dataOptions.locator)
      } else {
        try session.start(
          type, preset: preset ?? "quick", changes: changes(workers: workers), seeds: seeds, data: dataOptions.locator)
      }
    }
    let type: any Experiment.Type
    let folder: RunFolder?
    do {
      folder = try resume.map { try RunFolder.open($0) }
      type = try ExperimentRegistry.named(try folder.map { try RunSession.experimentName(in: $0) } ?? experiment ?? "")
    } catch {
      return try session.excuse("\(error)")
    }
    try takePart(type, folder)
  }

  private func show(_ outcome: RunSession.Outcome) throws {
    print(TerminalSummary(outcome).text())
    print("\nreport: \(outcome.reportPath)")
    ShareOption.explain(share, outcome)
  }
}

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "The known data sets, which of them are here, and how to get the others; or what a table holds.")

  @Argument(help: "A table: what descent train would understand of it, and how fast it was read.")
  var table: String?
  @OptionGroup var options: TableArguments
  @OptionGroup var dataOptions: DataOptions

  func run() throws {
    if let table { return try describe(table) }
    if let option = options.given.first { throw SettingsError("--\(option) is for a table: name one") }
    for entry in CatalogueEntry.all {
      let folder = try dataOptions.locator.folder(of: entry.name)
      print("\(entry.name): \(entry.summary)")
      print(
        folder.map { "  here: \($0)" } ?? "  not here: \(entry.instructions), and name DIR by --data or DESCENT_DATA")
    }
    for model in KnownModel.all {
      print("\(model.name): \(model.summary)")
      print(
        model.path(in: dataOptions.locator.directories).map { "  here: \($0)" }
          ?? "  not here: \(model.instructions), and name DIR by --data or DESCENT_DATA")
    }
  }

  private func describe(_ path: String) throws {
    if !FileManager.default.fileExists(atPath: path), let entry = CatalogueEntry.all.first(where: { $0.name == path }) {
      let folder = try dataOptions.locator.folder(of: entry.name)
      print("\(entry.name): \(entry.summary)")
      return print(
        folder.map { "here: \($0)" } ?? "not here: \(entry.instructions), and name DIR by --data or DESCENT_DATA")
    }
    guard dataOptions.data == nil else {
      throw SettingsError("--data is where known data sets are, and \(path) is a table")
    }
    let start = ProcessInfo.processInfo.systemUptime
    let asked = try options.apply(to: TableOptions())
    let table = try Table.read(path, asked.format)
    let seconds = ProcessInfo.processInfo.systemUptime - start
    let (rows, columns) = (table.rowCount, table.columns.count)
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    let problem = try TableProblem(table, asked, key: RandomKey(seed: 0))
    print(problem.account)
    print("\(problem.encoding.width) features: " + problem.encoding.features.prefix(20).joined(separator: ", "))
    print(
      "\(rows) rows of \(columns) columns read in \(String(format: "%.2f", seconds)) s"
        + (size > 1_000_000 ? ", \(String(format: "%.0f", Double(size) / seconds / 1e6)) MB/s of the file" : ""))
  }
}
