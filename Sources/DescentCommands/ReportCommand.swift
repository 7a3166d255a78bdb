import ArgumentParser
import Descent
import Foundation

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Draws a run's report, its claims decided again; or sets several runs of train side by side.",
    discussion: """
      Of several runs a table tells in which settings they differ and what each came to, and --out draws their curves over \
      updates and over time:
        \(ProgramName.text) report runs/sgd runs/adam --out runs/both
      """)

  @Argument(help: "The run's folder; or several, of \(ProgramName.text) train.")
  var folders: [String]
  @Option(help: "A folder for the report of several runs; none when not given.")
  var out: String?
  @Flag(help: "Replace an earlier report in the folder.")
  var replace = false

  func validate() throws {
    if out != nil, folders.count == 1 {
      throw ValidationError("--out is for several runs: the report of one is written into its own folder")
    }
    if replace, out == nil { throw ValidationError("--replace needs --out: without it nothing is replaced") }
  }

  func run() throws {
    guard folders.count == 1 else { return try sideBySide() }
    let folder = folders[0]
    let opened = try RunFolder.open(folder)
    if let data = FileManager.default.contents(atPath: opened.configurationPath),
      (try? ControlMethodName(in: String(decoding: data, as: UTF8.self), opened.configurationPath)) != nil
    {
      throw ControlError(
        "\(folder) is a run of \(ProgramName.text) control, which draws its report itself when it ends")
    }
    guard try !opened.events().isEmpty else {
      if OwnReport.isIn(opened) {
        return print(
          "report: \(opened.reportPath), as its command has drawn it: to draw it again, run that with --replace")
      }
      throw RunLogError("\(folder) has recorded nothing yet that a report could be made of")
    }
    if TrainingRun.isRun(opened) { return print("report: \(try TrainingRun.report(opened))") }
    try report(try ExperimentRegistry.named(try RunSession.experimentName(in: opened)), opened)
  }

  private func report<E: Experiment>(_ type: E.Type, _ folder: RunFolder) throws {
    let outcome = try RunSession.report(type, folder: folder)
    print(TerminalSummary(outcome).text())
    print("\nreport: \(outcome.reportPath)")
  }

  private struct Manifest: Encodable {
    var runs: [String]
  }

  private func sideBySide() throws {
    let runs = try SideBySide(folders)
    guard let out else { return print(runs.text) }
    func whole(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path + "/" }
    // Without a name it is refused when it is claimed.
    if !out.isEmpty,
      let taken = folders.first(where: { whole($0).hasPrefix(whole(out)) || whole(out).hasPrefix(whole($0)) })
    {
      throw SettingsError(
        "\(out) is, holds or lies in the run \(taken), which a report would replace: name another folder by --out")
    }
    try OwnReport(in: out, replacing: replace).write(settings: try Settings.yaml(Manifest(runs: folders))) {
      print(runs.text)
      return runs.report
    }
  }
}
