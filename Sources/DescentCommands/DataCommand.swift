import ArgumentParser
import Descent
import Foundation

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "The known data sets, which of them are here, and how to get the others; or what a table holds.")

  @Argument(help: "A table: what \(ProgramName.text) train would understand of it, and how fast it was read.")
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
