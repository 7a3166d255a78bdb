import ArgumentParser
import Descent
import Foundation

/// How a table is to be read; shared by commands that read one beside a run.
struct FormatOptions: ParsableArguments {
  @Option(help: "Whether the table's first row holds names: yes or no; as in training when not given.")
  var header: String?
  @Option(help: "The character between cells; found out when not given.")
  var delimiter: String?
  @Option(help: "utf-8, latin-1 or utf-16; found out when not given.")
  var encoding: TextEncoding?
  @Option(help: "The decimal sign: point or comma; as in training when not given.")
  var decimal: DecimalSign?

  func validate() throws {
    if let header, !["yes", "no"].contains(header) { throw ValidationError("--header is yes or no") }
  }

  var format: TableFormat {
    TableFormat(header: header.map { $0 == "yes" }, delimiter: delimiter, encoding: encoding, decimal: decimal)
  }
  var isGiven: Bool { format != TableFormat() }
}

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Predicts the rows of a table with a trained model.",
    discussion: """
      The file needs the columns of the training data, by name; its target may be missing, and columns that training did \
      not use are named and left aside. One line for each row, in their order: prediction, and probability:CLASS for \
      classes; prediction:NAME where targets are several. PNG and JPEG files have their names before it. Every row is \
      predicted, also one with missing cells that training would have left out; how many there are is said.
        \(ProgramName.text) predict runs/train new.csv --out predictions.csv
        \(ProgramName.text) predict runs/leaves photographs
      """)

  @Argument(help: "The run's folder.")
  var folder: String
  @Argument(help: "A table; an image file or a folder of them; of MNIST's layout or a known data set the test part.")
  var file: String
  @Option(help: "Where predictions go; the terminal when not given.")
  var out: String?
  @OptionGroup var formatOptions: FormatOptions
  @OptionGroup var dataOptions: DataOptions

  func run() throws {
    let model = try TrainedModel(folder: folder)
    try out.map(checkOutput)
    let predictions: Predictions
    if model.manifest.encoding != nil {
      guard dataOptions.data == nil else {
        throw SettingsError("--data is for known data sets, and the model takes tables")
      }
      let (found, notes) = try model.predict(table: file, format: formatOptions.format)
      for note in notes { announce("\(file): \(note)") }
      predictions = found
    } else if let files = try formatOptions.imageFiles(file, dataOptions) {
      predictions = try model.predict(images: files.map(\.path)).with(column: "file", files.map(\.path))
    } else {
      predictions = Predictions(
        try model.outputs(model.features(of: try formatOptions.testPart(file, model, dataOptions.locator))),
        model.manifest)
    }
    guard let out else { return print(predictions.csv, terminator: "") }
    try AtomicFile.write(predictions.csv, to: out)
    print("\(predictions.rows.count) predictions: \(out)")
  }

  /// Predictions do not take the place of what they are made from, nor of the run's own files.
  private func checkOutput(_ out: String) throws {
    let target = URL(fileURLWithPath: out).resolvingSymlinksInPath().path
    func place(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    let settings = try? TrainingRun.settings(of: try RunFolder.open(folder))
    let named = [settings?.source, settings?.test].compactMap { $0 }
    let sources = ([file] + named.compactMap { try? settings?.located($0) })
      .flatMap { [$0, String($0.prefix { $0 != "#" })] }
    let isOwnTable =
      target.hasSuffix(".csv") && !["metrics.csv", "validation.csv"].contains { target.hasSuffix("/" + $0) }
    let isThere = FileManager.default.fileExists(atPath: target)
    let isOfRun = isThere && !isOwnTable && target.hasPrefix(place(folder) + "/")
    // A folder's images are read one by one.
    if isOfRun || sources.contains(where: { place($0) == target || isThere && target.hasPrefix(place($0) + "/") }) {
      throw SettingsError(
        "\(out) is \(isOfRun ? "a file of the run" : "what is read"), and predictions would replace it")
    }
  }
}

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measures a trained model on rows whose targets are known.",
    discussion: """
      Without a file the run's own validation part is read again: what is said are the same numbers as in training. \
      Classes have a confusion matrix (rows are classes, columns what they were taken for), precision and recall; ECE is \
      the expected calibration error over ten bins of confidence.
        \(ProgramName.text) evaluate runs/train later.csv
      """)

  @Argument(help: "The run's folder.")
  var folder: String
  @Argument(
    help:
      "A table with the target; a folder of image files by class; of MNIST's layout or a known data set the test part."
  )
  var file: String?
  @OptionGroup var formatOptions: FormatOptions
  @OptionGroup var dataOptions: DataOptions

  func run() throws {
    let model = try TrainedModel(folder: folder)
    guard let file else {
      guard !formatOptions.isGiven else {
        throw SettingsError("--header, --delimiter, --encoding and --decimal are for a file")
      }
      let problem = try TrainingRun.problem(of: try RunFolder.open(folder), folder, dataOptions.locator)
      let measures = try model.measures(problem.validation, classWeights: problem.classWeights)
      let rows = counted(problem.validation.count, "row")
      return show(measures, "\(problem.train.name), validation part, \(rows)", model)
    }
    if model.manifest.encoding != nil {
      guard dataOptions.data == nil else {
        throw SettingsError("--data is for known data sets, and the model takes tables")
      }
      let (measures, notes) = try model.evaluate(table: file, format: formatOptions.format)
      for note in notes { announce("\(file): \(note)") }
      return show(measures, file, model)
    }
    if let files = try formatOptions.imageFiles(file, dataOptions) {
      let known = files.compactMap { item in item.className.map { (item.path, $0) } }
      guard known.count == files.count else {
        throw SettingsError("\(file) does not say what its images show: put each class into a folder of its name")
      }
      return show(try model.evaluate(images: known), "\(file), \(known.count) images", model)
    }
    show(try model.measures(try formatOptions.testPart(file, model, dataOptions.locator)), "\(file), test part", model)
  }

  private func show(_ measures: Measures, _ what: String, _ model: TrainedModel) {
    let classes = model.manifest.outputNames
    print("\(what): \(measures.text)")
    let targets = Measures.targets(in: measures.values)
    for target in targets { print("  \(target): \(Measures.text(measures.values, target: target))") }
    if let confusion = measures.confusion {
      print("  " + Measures.detail(measures.values, positive: classes.last ?? ""))
      print("\n" + ClassAccount(confusion, names: classes).text + "\n")
    }
    for tag in measures.values.keys.sorted() { print("  \(tag) \(measures.values[tag]!)") }
  }
}

extension FormatOptions {
  /// PNG and JPEG files of a path; nil where there are none.
  func imageFiles(_ path: String, _ data: DataOptions) throws -> [(path: String, className: String?)]? {
    guard let files = try TrainedModel.imageFiles(path) else { return nil }
    guard !isGiven, data.data == nil else {
      throw SettingsError("--header, --delimiter, --encoding, --decimal and --data say nothing of image files")
    }
    return files
  }

  /// The test part of images, for a model of images.
  func testPart(_ source: String, _ model: TrainedModel, _ data: DataLocator) throws -> Dataset {
    let found = try TrainingSource(source)
    guard !found.isTable, !isGiven else {
      throw SettingsError(
        "the model takes examples of the shape \(Shape(model.manifest.model.input)); \(found.description)")
    }
    var part = try found.problem(nil, test: nil, seed: 0, data: data).validation
    guard part.exampleShape == Shape(model.manifest.model.input) else {
      throw SettingsError(
        "the model takes examples of the shape \(Shape(model.manifest.model.input)), and \(source) has \(part.exampleShape)"
      )
    }
    // Standardised by this set's own training part; the model's is what counts.
    if case .numbers(let targets) = part.targets, let scale = model.manifest.targetScale {
      let own = try found.problem(nil, test: nil, seed: 0, data: data).targetScale!
      part.targets = .numbers(scale.standardize(NDArray(own.restore(targets), shape: targets.shape)))
    }
    return part
  }
}
