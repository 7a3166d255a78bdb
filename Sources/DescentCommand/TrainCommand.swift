import ArgumentParser
import Descent
import Foundation

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a model on your own table, or on a known set of images.",
    discussion: """
      DATA is a CSV file (numbers, with or without a header; the last column is the target unless --target names another) \
      or a folder of images (IDX files in MNIST's layout, or CIFAR-10's binary files) or a known data set: see descent \
      data. A chain is a list of transformations with options, joined by |, and ends with a rate:
        descent train flowers.csv --chain "momentum 0.9 | rate 0.05"
        descent train fashion-mnist --model cnn --chain "orthogonal | decay 5e-4 | momentum 0.9 | rate cosine(0.05, 5epochs)"
        descent train prices.csv --target price --hidden 128,128 --chain "clip 1 | adam | rate 0.001"
      What the run does can be watched, each epoch, without changing it; the report shows it:
        descent train fashion-mnist --watch "calibration, lipschitz, flatness 0.05, twins 3"
      Transformations, diagnostics and their options: descent list, descent describe NAME.
      """)

  @Argument(help: "A CSV file, a folder of images or a known data set.")
  var source: String
  @Option(help: "Target column of a CSV file, by name or position from 0.")
  var target: String?
  @Option(help: "What the target is: auto, classes or numbers.")
  var task = "auto"
  @Option(help: "The network: mlp, cnn, resnet8 or resnet18; mlp for tables and cnn for images when not given.")
  var model: String?
  @Option(help: "Widths of an mlp's hidden layers.")
  var hidden = "64,64"
  @Option(help: "Transformations of gradients, joined by |.")
  var chain = "momentum 0.9 | rate 0.01"
  @Option(help: "Passes over the training data.")
  var epochs = 10
  @Option(help: "Examples in one update.")
  var batch = 64
  @Option(help: "Fraction of a CSV file's rows that are held out for validation.")
  var validation = 0.2
  @Option(help: "Seed of split, initial weights and order.")
  var seed = 0
  @Option(help: "The run's folder: log, checkpoints, trained model.")
  var out = "runs/train"
  @Option(
    help: "Diagnostics to carry, joined by commas: calibration, lipschitz, flatness, twins; with options as in a chain."
  )
  var watch: String?
  @Flag(help: "Go on with an interrupted run in the folder.")
  var resume = false
  @Flag(help: "Replace an earlier run in the folder.")
  var replace = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var dataOptions: DataOptions

  func validate() throws {
    guard epochs > 0, batch > 0 else { throw ValidationError("--epochs and --batch must be positive") }
    guard validation > 0, validation < 1 else { throw ValidationError("--validation must be between 0 and 1") }
    guard ["auto", "classes", "numbers"].contains(task) else {
      throw ValidationError("--task is auto, classes or numbers")
    }
  }

  func run() throws {
    let (train, held) = try datasets()
    let network = try network(for: train)
    let method = try DescentMethodKind.parse(chain)
    let loss: LossFunction = train.labels == nil ? .squaredError : .crossEntropy
    let settings = TrainingRun.Settings(
      source: source, target: target, task: task, model: network.description, chain: method.description,
      epochs: epochs, batch: batch, validation: validation, seed: seed,
      watch: try watch.map { try WatchConfiguration($0).description })
    let run = TrainingRun(
      settings: settings, train: train, validation: held, model: network.layer, loss: loss, method: method)
    let outcome = try run.run(out: out, resuming: resume, replacing: replace, isQuiet: quiet, announce: announce)
    print(outcome)
  }

  private func datasets() throws -> (Dataset, Dataset) {
    if CatalogueEntry.all.contains(where: { $0.name == source }) {
      guard target == nil else { throw SettingsError("--target is for CSV files, and \(source) is a set of images") }
      return try dataOptions.locator.load(source)
    }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), isFolder.boolValue {
      guard target == nil else { throw SettingsError("--target is for CSV files, and \(source) is a folder of images") }
      return try ImageFolder.load(source)
    }
    guard FileManager.default.fileExists(atPath: source) else {
      let names = CatalogueEntry.all.map(\.name)
      throw SettingsError(
        "there is no file \(source), and no data set of that name; \(NearestName.hint(source, among: names))")
    }
    let all = try CSV.dataset(source, target: target, classes: task == "auto" ? nil : task == "classes")
    let count = Int(Double(all.count) * validation)
    let parts = try all.split([count, all.count - count], key: RandomKey(seed: seed).split("validation"))
    guard !parts.contains(where: { $0.count == 0 }) else {
      throw SettingsError("\(source): \(all.count) rows are too few to hold out a fraction of \(validation)")
    }
    return (parts[1], parts[0])
  }

  private func network(for data: Dataset) throws -> (layer: any Layer, description: String) {
    let shape = data.exampleShape
    let outputs = data.labels == nil ? 1 : max(data.classNames.count, 2)
    let kind = model ?? (shape.rank == 3 ? "cnn" : "mlp")
    guard kind == "mlp" || shape.rank == 3 else {
      throw SettingsError("--model \(kind) takes images, and \(source) is a table")
    }
    switch kind {
    case "mlp":
      let widths = hidden.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard !widths.contains(where: { ($0 ?? 0) <= 0 }) else {
        throw SettingsError("--hidden is a list of widths, as 64,64")
      }
      let all = [shape.count] + widths.compactMap { $0 } + [outputs]
      return (MLP(all), "mlp \(all.map(String.init).joined(separator: "-"))")
    case "cnn": return (SmallCNN(height: shape[0], width: shape[1], channels: shape[2], classes: outputs), "cnn")
    case "resnet8": return (ResNet.resNet8(channels: shape[2], classes: outputs), "resnet8")
    case "resnet18": return (ResNet.resNet18(channels: shape[2], classes: outputs), "resnet18")
    default:
      throw SettingsError(
        "there is no model \(kind); \(NearestName.hint(kind, among: ["mlp", "cnn", "resnet8", "resnet18"]))")
    }
  }
}
