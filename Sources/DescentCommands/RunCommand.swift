import ArgumentParser
import Descent
import Foundation

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs an experiment, decides its claims and writes a report.",
    discussion:
      "A run that was interrupted goes on exactly where its last checkpoint is: \(ProgramName.text) run --resume FOLDER."
  )

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
        resume == nil ? "name an experiment: see \(ProgramName.text) list" : "--resume takes no experiment's name")
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
          "--real descends on ranks, of which there are none: mpirun -n 4 \(ProgramName.text) run \(experiment ?? "") --real"
        )
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
      data: dataOptions.locator, commandLine: [ProgramName.text] + CommandLine.arguments.dropFirst(),
      workplace: workplace,
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
