import Descent
import Foundation

// An experiment of a package of its own runs through the same sessions as those of Descent: a folder with settings, log and
// report, and a run that was killed goes on where it was.
do {
  let outcome = try RunSession.start(
    MomentumExperiment.self, preset: "quick", changes: Array(CommandLine.arguments.dropFirst()), seeds: nil,
    out: "runs/own-experiment", replacing: true, data: DataLocator(), commandLine: CommandLine.arguments,
    announce: { print($0) })
  print(TerminalSummary(outcome).text())
  print("\nreport: \(outcome.reportPath)")
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
