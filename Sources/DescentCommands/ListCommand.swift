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
    print("Experiments (\(ProgramName.text) describe NAME, \(ProgramName.text) run NAME):")
    for type in ExperimentRegistry.known {
      print("  \(type.name)  \(type.summary) (presets: \(presetNames(type)))")
    }
    print("\nTransformations of a chain (\(ProgramName.text) describe NAME):")
    for kind in TransformationKind.known {
      print(line(kind.name, kind.summary))
    }
    print("\nMethods that hold a chain, NAME (chain):")
    for kind in DescentMethodKind.known {
      print(line(kind.name, kind.summary))
    }
    print("\nSchedules of a rate, and exponents of losspower (\(ProgramName.text) describe NAME):")
    for kind in FunctionKind.all {
      print(line(kind.name, kind.summary))
    }
    print("\nDiagnostics of \(ProgramName.text) train and compare, --watch (\(ProgramName.text) describe NAME):")
    for kind in WatchKind.known {
      print(line(kind.name, kind.summary))
    }
    print("\nLosses of train and compare (\(ProgramName.text) describe NAME):")
    for kind in LossKind.known {
      print(line(kind.name, kind.summary))
    }
    print("\nNetworks, --model (\(ProgramName.text) describe NAME):")
    for kind in ModelDescription.Kind.ofLibrary { print(line(kind.rawValue, kind.summary)) }
    for kind in ModelKind.known { print(line(kind.name, kind.summary)) }
    print("\nData sets and models (\(ProgramName.text) data):")
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
