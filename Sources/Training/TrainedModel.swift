import Foundation
import RunLogs

/// A folder that predicts: weights (`model.safetensors`) and all that gives them a meaning (`model.json`): layers,
/// columns with their encodings, standardisation, classes.
///
/// What validation saw and what this says are the same bits.
///
/// ```swift
/// let model = try TrainedModel(folder: "runs/train")
/// print(try model.predict(table: "new.csv").predictions.csv)
/// ```
public struct TrainedModel: Sendable {
  /// What `model.json` says.
  public struct Manifest: Codable, Sendable, Equatable {
    /// Of the file; another is refused.
    public var format = "descent-model-1"
    /// All that makes the network again.
    public var model: ModelDescription
    /// What it was trained on, which says what outputs mean.
    public var loss: LossFunction
    /// Of tables.
    public var encoding: TableEncoding?
    /// Of images: subtracted and divided, channel by channel, after value / 255.
    public var normalization: Normalization?
    /// In the order of the outputs; empty for numbers.
    public var classes: [String]
    /// Where numbers are predicted: their means and deviations.
    public var targetScale: TargetScale?
    /// What rows of each class counted in training, in the order of the outputs; nil where all counted the same.
    public var classWeights: [Double]?
    /// In the file: of all else that it says, and of the weights. Models saved by earlier versions have none.
    var digest: String?

    /// The outputs' classes; empty for numbers. A single class has two outputs, of which the second has no name.
    public var outputNames: [String] { Self.outputNames(classes) }

    package static func outputNames(_ classes: [String]) -> [String] {
      classes.count == 1 ? classes + ["class 1"] : classes
    }

    public init(
      model: ModelDescription, loss: LossFunction, encoding: TableEncoding?, normalization: Normalization?,
      classes: [String], targetScale: TargetScale?, classWeights: [Double]? = nil
    ) {
      (self.model, self.loss, self.encoding, self.normalization) = (model, loss, encoding, normalization)
      (self.classes, self.targetScale, self.classWeights) = (classes, targetScale, classWeights)
    }
  }

  /// What gives the weights a meaning.
  public let manifest: Manifest
  /// Weights by path.
  public let parameters: Tree<NDArray>
  /// Running values by path.
  public let modelState: Tree<NDArray>

  public init(manifest: Manifest, parameters: Tree<NDArray>, modelState: Tree<NDArray>) {
    (self.manifest, self.parameters, self.modelState) = (manifest, parameters, modelState)
  }

  /// - Throws: `TrainingError` or `FileError` where the folder holds no trained model, one that is not what was saved, or
  ///   one that does not fit together.
  public init(folder: String) throws {
    let path = folder + "/model.json"
    // It may lie aside, where a process was killed that was to replace it.
    if !FileManager.default.fileExists(atPath: path) { try RunFolder.recover(folder) }
    guard FileManager.default.fileExists(atPath: path) else {
      let isRun = FileManager.default.fileExists(atPath: folder + "/config.yaml")
      throw TrainingError(
        "\(folder) holds no trained model: it has no model.json"
          + (isRun ? "; if its training was interrupted, \(ProgramName.text) train --resume \(folder) goes on" : ""))
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw TrainingError("\(path) cannot be read")
    }
    var manifest: Manifest
    do { manifest = try JSONDecoder().decode(Manifest.self, from: data) } catch let error as ModelError {
      throw TrainingError("\(path): \(error)")
    } catch let error as DescentError {
      throw TrainingError("\(path): \(error)")
    } catch {
      throw TrainingError("\(path) is damaged, or of another version: \(error.plainReason)")
    }
    guard manifest.format == "descent-model-1" else {
      throw TrainingError("\(path) has the format \(manifest.format), and descent-model-1 is known")
    }
    let all = Tree(try Safetensors.read(folder + "/model.safetensors").arrays)
    if let digest = manifest.digest, try manifest.digest(of: all) != digest {
      throw TrainingError(
        "\(path) or model.safetensors beside it is not what was saved: its digest is another. A file is damaged, or was "
          + "edited by hand; where an edit is meant, take the line \"digest\" out of model.json")
    }
    manifest.digest = nil
    do { try manifest.check() } catch { throw TrainingError("\(path) does not fit together: \(error)") }
    self.manifest = manifest
    (parameters, modelState) = (all.subtree("parameters"), all.subtree("state"))
    try manifest.model.makeLayer().check(parameters.types, modelState.types)
  }

  /// Writes both files.
  ///
  /// - Throws: `FileError` where the folder does not exist or cannot be written.
  public func save(to folder: String) throws {
    var arrays: [String: NDArray] = [:]
    for (path, array) in parameters.prefixed("parameters") { arrays[path] = array }
    for (path, array) in modelState.prefixed("state") { arrays[path] = array }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Safetensors.write(
      arrays, metadata: ["model": manifest.model.description, "classes": manifest.classes.joined(separator: "\n")],
      to: folder + "/model.safetensors")
    var manifest = manifest
    manifest.digest = try manifest.digest(of: Tree(arrays))
    try AtomicFile.write(try encoder.encode(manifest), to: folder + "/model.json")
  }

  /// Runs the model on examples as the network takes them: [count, ...] to [count, outputs].
  ///
  /// - Throws: `TrainingError` for no example; `ModelError` or `ShapeError` where features do not fit.
  public func outputs(_ features: NDArray) throws -> NDArray {
    try Self.predictor(manifest.model, isTable: manifest.encoding != nil)
      .predict(features, parameters: parameters, modelState: modelState)
  }

  /// Rows of tables are predicted in batches of one size, so that a row's bits do not depend on how many there are.
  static func predictor(_ model: ModelDescription, isTable: Bool) throws -> Predictor {
    Predictor(try model.makeLayer(), isPadded: isTable)
  }

  /// The features of a data set of images, normalised.
  public func features(of dataset: Dataset) -> NDArray {
    var features = dataset.featureArray(0..<dataset.count)
    manifest.normalization?.apply(to: &features)
    return features
  }

  /// What the model is worth on examples, thoroughly.
  ///
  /// - Parameter classWeights: what rows of each class count; nil for what they counted in training.
  /// - Throws: `TrainingError` for no example; `ModelError` or `ShapeError` where they do not fit.
  public func measures(_ dataset: Dataset, classWeights: [Double]? = nil) throws -> Measures {
    try Measures(
      outputs: try outputs(features(of: dataset)), targets: dataset.targets, loss: manifest.loss,
      scale: manifest.targetScale, names: manifest.encoding?.targets ?? [],
      classWeights: classWeights ?? manifest.classWeights, isThorough: true)
  }

  private func encoding(_ path: String) throws -> TableEncoding {
    guard let encoding = manifest.encoding else {
      throw TrainingError(
        "the model takes examples of the shape \(Shape(manifest.model.input)), and \(path) is a table")
    }
    return encoding
  }

  /// Predictions for the rows of a table; with what was met that training did not know, in words.
  ///
  /// - Throws: `DatasetError` for a column that is missing, or holds what it cannot.
  public func predict(
    table path: String, format: TableFormat = TableFormat()
  ) throws -> (predictions: Predictions, notes: [String]) {
    let encoding = try encoding(path)
    let (features, notes) = try encoding.features(of: try encoding.read(path, format))
    return (Predictions(try outputs(features), manifest), notes)
  }

  /// What the model is worth on the rows of a table that have a target.
  ///
  /// - Throws: `DatasetError`, also for a class that training did not know.
  public func evaluate(
    table path: String, format: TableFormat = TableFormat()
  ) throws -> (measures: Measures, notes: [String]) {
    let (dataset, notes) = try dataset(ofTable: path, format: format)
    return (try measures(dataset), notes)
  }

  /// The rows of a table that have a target, as the model takes them; with what was met that training did not know.
  ///
  /// - Throws: `DatasetError`, also for a class that training did not know.
  public func dataset(
    ofTable path: String, format: TableFormat = TableFormat()
  ) throws -> (dataset: Dataset, notes: [String]) {
    let encoding = try encoding(path)
    return try encoding.dataset(of: try encoding.read(path, format))
  }
}
