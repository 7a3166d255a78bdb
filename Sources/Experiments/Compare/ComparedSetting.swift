import Foundation
import Training

/// An arm with a value in each of its braces: all that one descent needs besides data and seed.
public struct ComparedSetting: Hashable, Sendable, CustomStringConvertible {
  /// The arm's.
  public let name: String
  /// Transformations of gradients, or a method that holds some.
  public let chain: String
  /// Examples in one update, at most all that train; by the number of rows where nil, as of `descent train`.
  public let batch: Int?
  /// Widths of an mlp's hidden layers; 64, 64 where nil.
  public let hidden: [Int]?
  /// What stands between an mlp's layers; relu where nil.
  public let activation: String?
  /// The network, with its options where it has some; mlp for tables and cnn for images where nil.
  public let model: String?
  /// What is descended; that of the task where nil.
  public let loss: LossFunction?
  /// What is done to images each time that they are drawn.
  public let augmentation: Augmentation
  /// Which draw of initial weights and order of examples; 0 is what all arms share.
  public let draw: Int
  /// What stands in the braces, by their names.
  public let values: [String: String]
  /// Chain and options, as text.
  public let description: String

  private static let options = ["activation", "augment", "batch", "draw", "hidden", "loss", "model"]

  /// - Parameter values: one for each of the arm's braces.
  /// - Throws: `SettingsError` naming the arm and what is wrong.
  init(_ arm: ComparedArm, _ values: [String]) throws {
    name = arm.name
    description = arm.body.filled(values)
    self.values = Dictionary(uniqueKeysWithValues: zip(arm.body.places.map(\.name), values))
    let parts: [String]
    do { parts = try ChainParser.fields(description, at: ";") } catch { throw SettingsError("\(arm.name): \(error)") }
    guard let chain = parts.first, !chain.isEmpty else {
      throw SettingsError("\(arm.name) has no chain: write one behind the colon, as \"\(arm.name): rate 0.1\"")
    }
    self.chain = chain
    var given: [String: String] = [:]
    for part in parts.dropFirst() {
      let words = part.split(separator: " ", maxSplits: 1).map(String.init)
      guard let option = words.first else {
        throw SettingsError("\(arm.name): an option between two semicolons is empty")
      }
      guard Self.options.contains(option) else {
        throw SettingsError("\(arm.name) has no option \(option); \(NearestName.hint(option, among: Self.options))")
      }
      guard words.count == 2 else { throw SettingsError("\(arm.name): \(option) needs a value") }
      guard given.updateValue(words[1].trimmingCharacters(in: .whitespaces), forKey: option) == nil else {
        throw SettingsError("\(arm.name): \(option) is given twice")
      }
    }
    batch = try given["batch"].map { text in
      if text == "full" { return Settings.largestCount }
      guard let count = Int(text), 1...Settings.largestCount ~= count else {
        throw SettingsError(
          "\(arm.name): batch must be full, or a whole number from 1 to \(Settings.largestCount), and is \(text)")
      }
      return count
    }
    draw =
      try given["draw"].map { text in
        guard let number = Int(text), number >= 0 else {
          throw SettingsError("\(arm.name): draw must be a whole number, 0 or more, and is \(text)")
        }
        return number
      } ?? 0
    hidden = try given["hidden"].map { text in
      guard let widths = ModelDescription.widths(text), widths.allSatisfy({ $0 <= Settings.largestCount }) else {
        throw SettingsError("\(arm.name): hidden is a list of widths, as 128x64, or none, and not \(text)")
      }
      return widths
    }
    augmentation =
      try given["augment"].map { text in
        do { return try Augmentation(text) } catch { throw SettingsError("\(arm.name): \(error)") }
      } ?? .none
    loss = try given["loss"].map { text in
      do { return try LossFunction(named: text) } catch { throw SettingsError("\(arm.name): \(error)") }
    }
    model = try given["model"].map { text in
      do { _ = try ModelDescription.Kind(named: text) } catch { throw SettingsError("\(arm.name): \(error)") }
      return text
    }
    activation = given["activation"]
    for (option, isGiven) in [("hidden", hidden != nil), ("activation", activation != nil)] where isGiven {
      if let model, model != ModelDescription.Kind.mlp.rawValue {
        throw SettingsError("\(arm.name): \(option) is for an mlp, and the model is \(model)")
      }
    }
  }

  /// One of the options that only networks and data have; nil where none is given.
  var optionOfNetworks: String? {
    if batch != nil { return "batch" }
    if hidden != nil { return "hidden" }
    if activation != nil { return "activation" }
    if model != nil { return "model" }
    if loss != nil { return "loss" }
    return augmentation == .none ? nil : "augment"
  }

  /// Whether its chain speaks of the comparison's length.
  var namesBudget: Bool { chain.contains(/\bbudget\b/) }

  /// How it descends.
  ///
  /// - Parameters:
  ///   - budget: what the word stands for in the chain.
  ///   - gradients: what an update asks for.
  /// - Throws: `SettingsError` naming the arm.
  func method(budget: Budget, atGradients gradients: Double = 1) throws -> any DescentMethod {
    let text = chain.replacing(/\bbudget\b/, with: budget.duration(atGradients: gradients))
    do { return try DescentMethodKind.parse(text) } catch { throw SettingsError("\(name), \(text): \(error)") }
  }

  /// The network for a problem.
  ///
  /// - Throws: `SettingsError` naming the arm where it does not take such examples.
  func network(_ problem: TrainingProblem) throws -> ModelDescription {
    let shape = problem.train.exampleShape
    let kind = model ?? (hidden == nil && shape.rank == 3 ? "cnn" : "mlp")
    do {
      return try ModelDescription(
        named: kind, input: shape.dimensions, hidden: hidden ?? [64, 64], outputs: problem.outputs,
        activation: activation)
    } catch { throw SettingsError("\(name): \(error)") }
  }

  /// What it descends on a problem.
  ///
  /// - Throws: `SettingsError` naming the arm where the loss takes classes and there are none, or the other way round.
  func lossFunction(_ problem: TrainingProblem) throws -> LossFunction {
    do { return try LossFunction.descended(loss?.name, on: problem.train) } catch {
      throw SettingsError("\(name): \(error)")
    }
  }
}
