// swift-tools-version: 6.1
import PackageDescription

/// One room of the house: a library target with its tests, and the rooms below it.
func room(_ name: String, on below: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: below)
}

func tests(_ name: String, on rooms: [Target.Dependency]) -> Target {
  .testTarget(name: name + "Tests", dependencies: rooms + ["TestSupport"])
}

let libraries = [
  "SystemFiles", "Arrays", "Graphs", "Differentiation", "Compilation", "Parameters", "Descending", "Models", "Datasets",
  "Diagnostics", "MultiObjective", "Training", "RunLogs", "Statistics", "Reports", "Experiments", "Theory",
  "SignalRecovery", "LanguageModels", "MetaLearning", "Reinforcement", "Distributed", "MPIRanks", "Formulas",
]

let package = Package(
  name: "Descent",
  platforms: [.macOS(.v15)],
  products: libraries.map { .library(name: $0, targets: [$0]) } + [
    .library(name: "Descent", targets: ["Descent"]),
    .library(name: "DescentCommands", targets: ["DescentCommands"]),
    .executable(name: "descent", targets: ["DescentCommand"]),
    .executable(name: "descent-ranks", targets: ["RanksCommand"]),
  ],
  traits: [.trait(name: "MPI", description: "Descents on many processes, by Open MPI.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    // A command for `make documentation`; no target of ours or of those who depend on us links it.
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    // The engine's arithmetic, behind C.
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m"), .linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(name: "COneDNN", dependencies: ["CKernels"], linkerSettings: [.linkedLibrary("dnnl")]),
    .target(
      name: "COpenBLAS", dependencies: ["CKernels"],
      linkerSettings: [.linkedLibrary("openblas"), .linkedLibrary("lapacke", .when(platforms: [.linux]))]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    // PNG and JPEG.
    .target(name: "CImages", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("turbojpeg")]),
    .systemLibrary(
      name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
    .target(
      name: "CMPI", dependencies: [.target(name: "COpenMPI", condition: .when(traits: ["MPI"]))],
      cSettings: [.define("DESCENT_MPI", .when(traits: ["MPI"]))]),

    // Numbers, graphs, derivatives, programs.
    room("Preconditions"),
    room("SystemFiles"),
    room("Arrays", on: ["COpenBLAS", "Preconditions", "SystemFiles"]),
    room("Graphs", on: ["Arrays"]),
    room("Differentiation", on: ["Graphs"]),
    room("Compilation", on: ["Graphs", "CKernels", "COneDNN", "COpenBLAS"]),

    // Parameters, descent, models, data.
    room("Parameters", on: ["Differentiation"]),
    room("Descending", on: ["Parameters"]),
    room("Models", on: ["Graphs", "Parameters"]),
    room("Datasets", on: ["Arrays", "CZlib", "CSQLite", "CImages"]),
    room("Diagnostics", on: ["Arrays", "Parameters", "Models", "Compilation"]),
    room("MultiObjective", on: ["Parameters", "Compilation", "Training"]),
    room("LanguageModels", on: ["Arrays", "Graphs", "Parameters", "Models", "CKernels", "Compilation", "Training"]),
    room("MetaLearning", on: ["Arrays", "Datasets", "Models", "Training"]),
    room("Formulas", on: ["Arrays", "Descending", "Graphs", "Compilation", "Parameters", "Reports", "Training"]),
    room("Theory", on: ["Preconditions"]),
    room("Distributed", on: ["Arrays", "Compilation", "Datasets", "Preconditions", "Statistics", "Theory"]),
    room("MPIRanks", on: ["CMPI", "Distributed"]),
    room("SignalRecovery", on: ["Arrays", "Differentiation", "Compilation", "Preconditions"]),
    room(
      "Reinforcement",
      on: [
        "Arrays", "Graphs", "Differentiation", "Compilation", "Parameters", "Descending", "Models", "Datasets",
        "Training",
      ]),

    // Runs, statistics, reports, experiments.
    room("RunLogs", on: ["SystemFiles"]),
    room("Statistics", on: ["Preconditions"]),
    room("Training", on: ["Descending", "Models", "Datasets", "Diagnostics", "Compilation", "RunLogs"]),
    room("Reports", on: ["Preconditions", "Statistics", "SystemFiles"]),
    room(
      "Experiments",
      on: [
        "Arrays", "COneDNN", "COpenBLAS", "Compilation", "Datasets", "Descending", "Diagnostics", "Differentiation",
        "Distributed", "Formulas", "LanguageModels", "MetaLearning", "Models", "MultiObjective", "Reinforcement",
        "Reports", "RunLogs", "SignalRecovery", "Statistics", "SystemFiles", "Theory", "Training",
        .product(name: "Yams", package: "Yams"),
      ]),
    room("Descent", on: libraries.map { .init(stringLiteral: $0) }),
    .target(
      name: "DescentCommands",
      dependencies: ["Descent", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .executableTarget(name: "DescentCommand", dependencies: ["DescentCommands"]),
    .executableTarget(
      name: "RanksCommand",
      dependencies: [
        "Arrays", "Distributed", "MPIRanks", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Tests mirror the rooms.
    .target(
      name: "TestSupport", dependencies: ["Compilation", "Differentiation", "Descending", "Distributed", "Training"]),
    tests("CKernels", on: ["CKernels", "COpenBLAS"]),
    tests("SystemFiles", on: ["SystemFiles"]),
    tests("Arrays", on: ["Arrays", "COneDNN", "COpenBLAS"]),
    tests("Graphs", on: ["Graphs"]),
    tests("Differentiation", on: ["Differentiation", "Compilation"]),
    tests("Compilation", on: ["Compilation", "CKernels", "COneDNN"]),
    tests("Parameters", on: ["Parameters", "Compilation"]),
    tests("Descending", on: ["Descending", "Compilation"]),
    tests("Models", on: ["Models", "Compilation"]),
    tests("Datasets", on: ["Datasets", "CSQLite"]),
    tests("Diagnostics", on: ["Diagnostics"]),
    tests("Theory", on: ["Theory"]),
    tests("MultiObjective", on: ["MultiObjective"]),
    tests("SignalRecovery", on: ["SignalRecovery"]),
    tests("Distributed", on: ["Distributed"]),
    tests("Reinforcement", on: ["Reinforcement", "Compilation", "Datasets", "Differentiation"]),
    tests("LanguageModels", on: ["LanguageModels", "Compilation", "CKernels"]),
    tests("Formulas", on: ["Formulas"]),
    tests("MetaLearning", on: ["MetaLearning", "Models", "Datasets", "Compilation"]),
    tests("Training", on: ["Training"]),
    tests("RunLogs", on: ["RunLogs", "SystemFiles"]),
    tests("Statistics", on: ["Statistics"]),
    tests("Reports", on: ["Reports"]),
    tests("Experiments", on: ["Experiments", "Descent"]),
    tests("DescentCommand", on: ["Descent"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)

// Code is specialised across modules. The package manager builds a module again when one that its target names was written anew,
// and a module whose own interface stayed the same is not written anew, whatever changed below it. So each target names all
// libraries that it stands on; what a room may import is what stands above.
let named = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0.dependencies.compactMap(library)) })

func library(_ dependency: Target.Dependency) -> String? {
  guard case .byNameItem(let name, _) = dependency,
    libraries.contains(name) || ["Descent", "Preconditions", "TestSupport"].contains(name)
  else {
    return nil
  }
  return name
}

func foundation(of target: String) -> Set<String> {
  named[target, default: []].reduce(into: []) { $0.formUnion(foundation(of: $1).union([$1])) }
}

for target in package.targets {
  let missing = foundation(of: target.name).subtracting(target.dependencies.compactMap(library))
  target.dependencies += missing.sorted().map { .byNameItem(name: $0, condition: nil) }
}
