import ArgumentParser
import Descent
import Foundation

/// The program `descent` as a library, for programs of one's own that know more: what they register has a name in all commands.
///
/// ```swift
/// import Descent
/// import DescentCommands
///
/// DescentProgram.main {
///   try TransformationKind.register(QuasiHyperbolic.kind)
///   try LossKind.register(biweight)
/// }
/// ```
public enum DescentProgram {
  /// Does what the command line says. Where it cannot, the process ends with a sentence and another code than 0.
  ///
  /// - Parameters:
  ///   - name: what sentences call the program, as in "go on with mine train --resume"; the executable's own name when nil.
  ///   - register: registers transformations, methods, diagnostics, losses, networks and experiments; what it throws, as for a name that is
  ///     taken, is the sentence.
  public static func main(named name: String? = nil, registering register: () throws -> Void = {}) {
    let own = CommandLine.arguments.first.flatMap { $0.split(separator: "/").last.map(String.init) }
    ProgramName.set([name, own].compactMap { $0 }.first { !$0.isEmpty && !$0.hasPrefix("-") } ?? "descent")
    do { try register() } catch { DescentCommand.exit(withError: error) }
    DescentCommand.main()
  }
}

/// The root of all commands.
struct DescentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: ProgramName.text,
    abstract: "A gradient-descent laboratory: put published methods to the test, or train a model of your own.",
    discussion: """
      Start with an experiment of known length:
        \(ProgramName.text) run calibration --preset smoke
      See what it can be told:
        \(ProgramName.text) describe calibration
      Train on your own numbers:
        \(ProgramName.text) train table.csv --target price --chain "adam | rate cosine(0.001, 20epochs)"
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
