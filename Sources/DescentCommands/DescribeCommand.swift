import ArgumentParser
import Descent
import Foundation

struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract:
      "Claims, presets and settings of an experiment, or options of a transformation, schedule, method, diagnostic, loss or network."
  )

  @Argument(help: "An experiment, a transformation, a schedule, a method, a diagnostic, a loss or a network.")
  var name: String

  func run() throws {
    // A diagnostic may have the name of a transformation or an experiment.
    var found: [() throws -> Void] = []
    if let kind = TransformationKind.known.first(where: { $0.name == name }) {
      found.append {
        describe(kind.name, kind.summary, kind.options)
        print("For example: \(kind.examples.joined(separator: "; "))")
      }
    }
    if let kind = DescentMethodKind.known.first(where: { $0.name == name }) {
      found.append { describe(kind.name, kind.summary, kind.options) }
    }
    if let kind = FunctionKind.all.first(where: { $0.name == name }) {
      found.append {
        describe(kind.form, kind.summary, kind.arguments)
        print("For example: \(kind.example)")
      }
    }
    if let kind = WatchKind.known.first(where: { $0.name == name }) {
      found.append {
        describe("--watch \(kind.name)", kind.summary, kind.options)
        let quantities = kind.quantities.map { "\($0.tag) (\($0.name))" }
        print(
          quantities.isEmpty
            ? "Descents are not compared by it." : "Descents are compared by: \(quantities.joined(separator: ", ")).")
      }
    }
    if let kind = LossKind.known.first(where: { $0.name == name }) {
      found.append { describe("--loss \(kind.name)", kind.summary, kind.options) }
    }
    if let kind = ModelDescription.Kind.ofLibrary.first(where: { $0.rawValue == name }) {
      found.append { print("--model \(kind.rawValue): \(kind.summary)") }
    }
    if let kind = ModelKind.known.first(where: { $0.name == name }) {
      found.append { describe("--model \(kind.name)", kind.summary, kind.options) }
    }
    if let kind = TestFunctionKind.known.first(where: { $0.name == name }) {
      found.append {
        describe("--function \(kind.name)", kind.summary, kind.options)
        // A function of a program's own may need options.
        if let function = try? TestFunction(kind.name) { print(function.account) }
      }
    }
    if let type = ExperimentRegistry.known.first(where: { $0.name == name }) { found.append { try describe(type) } }
    for (index, tell) in found.enumerated() {
      if index > 0 { print() }
      try tell()
    }
    guard found.isEmpty else { return }
    let names =
      ExperimentRegistry.known.map { $0.name } + TransformationKind.known.map(\.name)
      + DescentMethodKind.known.map(\.name)
      + WatchKind.known.map(\.name) + FunctionKind.all.map(\.name) + LossKind.known.map(\.name)
      + ModelKind.names + TestFunctionKind.known.map(\.name)
    guard !CatalogueEntry.all.contains(where: { $0.name == name }) else {
      throw SettingsError("\(name) is a data set: \(ProgramName.text) data \(name)")
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
