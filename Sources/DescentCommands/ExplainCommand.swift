import ArgumentParser
import Descent
import Foundation

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Tells which columns a trained model depends on, and how.",
    discussion: """
      Each column's cells are exchanged among rows, and what predictions lose is its importance; of the most important \
      columns the mean prediction is drawn by value. Rows are those that validated, or those of a table with the target.
        \(ProgramName.text) explain runs/train
        \(ProgramName.text) explain runs/train later.csv --repeats 30
      """)

  @Argument(help: "The run's folder; the page goes into it.")
  var folder: String
  @Argument(help: "A table with the target; the run's own validation part when not given.")
  var file: String?
  @Option(help: "Exchanges of each column.")
  var repeats = 10
  @Option(help: "Seed of the exchanges.")
  var seed = 0
  @OptionGroup var formatOptions: FormatOptions

  func validate() throws {
    if repeats < 2 { throw ValidationError("--repeats must be 2 or more: intervals need two") }
    if repeats > 10_000 { throw ValidationError("--repeats must be 10000 or less") }
  }

  func run() throws {
    let model = try TrainedModel(folder: folder)
    guard let encoding = model.manifest.encoding else {
      throw SettingsError("\(folder) is a model of images; columns are explained of models of tables")
    }
    let rows: Dataset
    if let file {
      let (dataset, notes) = try model.dataset(ofTable: file, format: formatOptions.format)
      for note in notes { announce("\(file): \(note)") }
      rows = dataset
    } else {
      guard !formatOptions.isGiven else {
        throw SettingsError("--header, --delimiter, --encoding and --decimal are for a file")
      }
      rows = try TrainingRun.problem(of: try RunFolder.open(folder), folder, DataLocator()).validation
    }
    let explanation = try Explanation(model, rows: rows, key: RandomKey(seed: seed), repeats: repeats)
    let source = file ?? "\(folder), validation part"
    let report = ExplanationReport(explanation, source: "\(source), \(encoding.targets.joined(separator: ", "))")
    print(report.text)
    print("report: \(try report.write(to: folder))")
  }
}
