import ArgumentParser
import Descent
import Foundation

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract:
      "The experiments and their presets, the transformations, schedules, methods, diagnostics, losses and networks, the data sets."
  )

  func run() {
    let (name, describe) = (ProgramName.text, "\(ProgramName.text) describe NAME")
    print("Experiments (\(describe), \(name) run NAME):")
    for type in ExperimentRegistry.known {
      print("  \(type.name)  \(type.summary) (presets: \(presetNames(type)))")
    }
    show("Transformations of a chain (\(describe))", TransformationKind.known.map { ($0.name, $0.summary) })
    show("Methods that hold a chain, NAME (chain)", DescentMethodKind.known.map { ($0.name, $0.summary) })
    show(
      "Schedules of a rate, and exponents of losspower (\(describe))", FunctionKind.all.map { ($0.name, $0.summary) })
    show(
      "Diagnostics of \(name) train and compare, --watch (\(describe))", WatchKind.known.map { ($0.name, $0.summary) })
    show("Losses of train and compare (\(describe))", LossKind.known.map { ($0.name, $0.summary) })
    let library = ModelDescription.Kind.ofLibrary.map { ($0.rawValue, $0.summary) }
    show("Networks, --model (\(describe))", library + ModelKind.known.map { ($0.name, $0.summary) })
    show("Functions of compare, --function (\(describe))", TestFunctionKind.known.map { ($0.name, $0.summary) })
    print("\nData sets and models (\(name) data):")
    for entry in CatalogueEntry.all { print("  \(entry.name)  \(entry.summary)") }
    for model in KnownModel.all { print("  \(model.name)  \(model.summary)") }
  }

  private func show(_ title: String, _ kinds: [(name: String, summary: String)]) {
    print("\n\(title):")
    for kind in kinds { print(line(kind.name, kind.summary)) }
  }

  /// A long name pushes its summary aside.
  private func line(_ name: String, _ summary: String) -> String {
    "  \(name)\(String(repeating: " ", count: max(14 - name.count, 1)))\(summary)"
  }

  private func presetNames<E: Experiment>(_ type: E.Type) -> String {
    E.presets.map(\.name).joined(separator: ", ")
  }
}
