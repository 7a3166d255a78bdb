import ArgumentParser
import Descent

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Brings shares of a run, done on several machines, together in a new folder.",
    discussion: """
      Each machine does its share, and the last step decides the claims from all:
        \(ProgramName.text) run calibration --preset paper --share 1/2 --out part1    (one machine)
        \(ProgramName.text) run calibration --preset paper --share 2/2 --out part2    (another)
        \(ProgramName.text) merge part1 part2 --out whole
      Where an experiment has several parts, a search first, a later part begins when all have ended the earlier one: copy the new \
      folder to each machine, and go on there with \(ProgramName.text) run --resume COPY --share 1/2.
      """)

  @Argument(help: "Two folders or more, of one experiment with the same settings. They stay as they are.")
  var folders: [String]
  @Option(help: "The new folder.")
  var out: String
  @Flag(help: "Replace an earlier run in the new folder.")
  var replace = false

  func run() throws {
    let merge = try RunMerge(folders)
    try write(try ExperimentRegistry.named(merge.experimentName), merge)
  }

  private func write<E: Experiment>(_ type: E.Type, _ merge: RunMerge) throws {
    let outcome = try merge.write(
      type, to: out, replacing: replace, commandLine: [ProgramName.text] + CommandLine.arguments.dropFirst())
    print(TerminalSummary(outcome).text())
    print("\nreport: \(outcome.reportPath)")
    guard outcome.missing > 0 else { return }
    let command = E.name == ComparisonExperiment.name ? "compare" : "run"
    print(
      "\n\(outcome.missing) of \(outcome.total) tasks are missing. Go on with the rest: \(ProgramName.text) \(command) --resume \(out)"
        + ", or on several machines, each with its copy of that folder: --share 1/2 and so on")
  }
}
