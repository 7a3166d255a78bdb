/// What a comparison is about: a measure of the validation part, and the same of the test part; or one of all training rows; or one of a
/// function.
public struct ComparedMeasure: Hashable, Sendable, CustomStringConvertible {
  /// The rows that are measured.
  public enum Part: String, Hashable, Sendable {
    /// Rows that no update saw.
    case validation
    /// All rows that are descended on: how well a method descends, whatever that is worth elsewhere.
    case train
    /// None: the point that a descent on a function came to.
    case function
  }

  /// The rows that are measured.
  public let part: Part
  /// As `Measures` tags it: "loss", "accuracy".
  public let tag: String

  /// What all arms descend, whatever it is: a loss of one's own, a quantile's.
  static let descended = "ownLoss"
  /// Of a function: its value.
  static let value = "value"
  /// Of a function: the decimal logarithm of its height above the minimum, where heights below `TestFunction.precision` are that.
  static let gap = "gap"
  /// Of a function: the decimal logarithm of the gradients until the gap first was the target, a loss alone as a third of one.
  static let arrival = "arrival"

  private static let lower = ["loss", "rmse", "mae", descended]
  private static let higher = ["accuracy", "f1", "auc", "r2"]
  private static let ofFunctions = [gap, value, arrival]

  private init(_ part: Part, _ tag: String) { (self.part, self.tag) = (part, tag) }

  /// Reads `validation/loss`, `loss`, which is the same, or `train/loss`; of functions `gap`, `value` or `arrival`.
  ///
  /// - Throws: `SettingsError` naming the nearest.
  public init(_ text: String) throws {
    guard !text.hasPrefix("test/") else {
      throw SettingsError(
        Self.ofFunctions.contains(String(text.dropFirst(5)))
          ? "\(text) is of no part: functions have \(text.dropFirst(5))"
          : "\(text) cannot be chosen by: the test part is read once, in the end; name validation/\(text.dropFirst(5))")
    }
    guard !Self.ofFunctions.contains(text) else {
      (part, tag) = (.function, text)
      return
    }
    if let own = Self.ofFunctions.first(where: { text == "validation/\($0)" || text == "train/\($0)" }) {
      throw SettingsError("\(text) is of no part: functions have \(own)")
    }
    part = text.hasPrefix("train/") || text == "loss/train" ? .train : .validation
    let tag =
      text == "loss/train" ? "loss" : text.hasPrefix("\(part)/") ? String(text.dropFirst("\(part)/".count)) : text
    let known = Self.lower + Self.higher
    guard known.contains(tag) else {
      let parts = ["validation", "train"]
      throw SettingsError(
        "there is no measure \(text); "
          + NearestName.hint(text, among: parts.flatMap { part in known.map { "\(part)/\($0)" } } + Self.ofFunctions))
    }
    self.tag = tag
  }

  public var description: String { part == .function ? tag : "\(part)/\(tag)" }

  /// Whether less is better.
  public var isLower: Bool { part == .function || Self.lower.contains(tag) }

  /// The part in words, with a blank behind; empty where there is none.
  var partName: String {
    switch part {
    case .validation: "validation "
    case .train: "training "
    case .function: ""
    }
  }

  /// In words.
  var name: String {
    switch tag {
    case "rmse": "RMSE"
    case "mae": "MAE"
    case "f1": "F1"
    case "auc": "AUC"
    case "r2": "R²"
    case "accuracy": "accuracy (%)"
    case Self.descended: "own loss"
    case Self.gap: "gap (log10)"
    case Self.arrival: "gradients to the target (log10)"
    default: tag
    }
  }

  /// What a descent is followed by: the measure, or where that is known at the end only, what it comes from.
  var followed: ComparedMeasure { tag == Self.arrival ? ComparedMeasure(.function, Self.gap) : self }

  /// Lower is better of it, whatever the measure.
  func cost(_ value: Double) -> Double { value.isFinite ? (isLower ? value : -value) : .infinity }

  /// Whether a value is a target or better.
  func reaches(_ value: Double, _ target: Double) -> Bool { cost(value) <= cost(target) }

  /// - Throws: `SettingsError` where a problem's targets have no such measure.
  func check(_ problem: ComparedProblem) throws {
    guard problem.isFunction != true else { return }
    let known =
      problem.classes > 0
      ? ["loss", "accuracy", "f1"] + (problem.classes == 2 ? ["auc"] : []) + [Self.descended]
      : ["loss", "rmse", "mae", "r2", Self.descended]
    guard known.contains(tag) else {
      throw SettingsError(
        "\(self) does not apply to \(problem.name), which has "
          + (problem.classes > 0 ? "\(problem.classes) classes" : "numbers to predict") + "; there are: "
          + known.map { "\(part)/\($0)" }.joined(separator: ", "))
    }
  }
}

extension Measure {
  /// On the part by which settings are chosen, of the weights that are kept.
  static func choosing(_ measure: ComparedMeasure) -> Measure { Measure(measure.description) }
  /// On the test part, read once.
  static func test(_ measure: ComparedMeasure) -> Measure { Measure("test/" + measure.tag) }
  /// What always predicting the training part's majority or mean has.
  static func constant(_ measure: Measure) -> Measure { Measure("constant/" + measure.tag) }
  /// 1 for a descent whose loss did not stay finite.
  static let comparedDivergence = Measure("diverged")
  /// After which a descent on a function arrived; nothing of one that did not.
  static let arrivalUpdates = Measure("arrival/updates")
  /// Made in all.
  static let comparedUpdates = Measure("updates")
  /// On which a loss or gradient was evaluated, in all.
  static let comparedSamples = Measure("samples")
  /// Of a batch, in all.
  static let comparedGradients = Measure("gradients")
  /// Of a batch without a gradient, in all.
  static let comparedLosses = Measure("losses")
  /// Of its updates the last ones in which all rates are 0, as a share.
  static let comparedIdleShare = Measure("idleShare")
  /// Of the network.
  static let comparedParameters = Measure("parameters")
}
