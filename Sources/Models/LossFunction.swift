import Foundation

/// What a model's output is compared with, row by row: a name and a function.
///
/// The known ones are static members. A loss of one's own is a value like them:
/// ```swift
/// let logCosh = LossFunction("logCosh") { output, target in
///   let distance = abs(output - target)
///   return (distance + log(1 + exp(-2 * distance))).mean([1])  // up to a constant
/// }
/// ```
public struct LossFunction: Sendable {
  /// What text and saved models call it; equal names are equal losses.
  public let name: String
  /// Whether targets are int32 classes.
  public let takesClasses: Bool
  private let rows: @Sendable (Tensor, Tensor) -> Tensor
  /// Of numbers: the loss of one that is off by so much, in double precision; nil where it is no function of the
  /// difference alone.
  package let ofDifference: (@Sendable (Double) -> Double)?

  /// - Parameters:
  ///   - takesClasses: whether targets are int32 classes, [batch]; else they are numbers.
  ///   - perSample: the loss of each row, [batch], or of each place of it, as [batch, time], from outputs [batch, ...] and targets [batch, ...]
  ///     of as many axes. Where these or the loss have other shapes it is a `ShapeError`: numbers [batch] beside outputs [batch, 1] would be
  ///     repeated to a square.
  public init(
    _ name: String, takesClasses: Bool = false, perSample rows: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    self.name = name
    self.takesClasses = takesClasses
    self.rows = { output, target in
      guard !output.isPoisoned, !target.isPoisoned else { return rows(output, target) }
      guard takesClasses || output.rank == target.rank, output.shape.dimensions.first == target.shape.dimensions.first
      else {
        return output.graph.fail(
          name, [output, target], "outputs and targets of a loss need as many axes and rows: nothing is repeated")
      }
      let losses = rows(output, target)
      guard losses.isPoisoned || (losses.rank > 0 && output.shape.dimensions.starts(with: losses.shape.dimensions))
      else {
        return output.graph.fail(
          name, [output, target], "a loss gives one number for each row, and this one gives \(losses.shape)")
      }
      return losses
    }
    ofDifference = nil
  }

  /// A loss of numbers that is the mean of a function of differences; in a graph and in double precision.
  private init(
    _ name: String, ofDifference: @escaping @Sendable (Double) -> Double,
    elements: @escaping @Sendable (Tensor) -> Tensor
  ) {
    self.name = name
    takesClasses = false
    self.ofDifference = ofDifference
    rows = { output, target in
      guard output.shape == target.shape || output.isPoisoned || target.isPoisoned else {
        return output.graph.fail(name, [output, target], "output and target need the same shape: nothing is repeated")
      }
      let losses = elements(output - target)
      return losses.rank < 2 ? losses : losses.mean(Array(1..<losses.rank))
    }
  }

  /// The known loss of that name.
  /// - Throws: `ModelError` naming the nearest known name.
  public init(named name: String) throws {
    guard let known = Self.all.first(where: { $0.name == name }) else {
      let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
      let hint =
        Self.elsewhere[plain].map { "here it is \($0)" } ?? NearestName.hint(name, among: Self.all.map(\.name))
      throw ModelError("there is no loss \(name); \(hint)")
    }
    self = known
  }

  /// What other libraries call the known ones, without signs and in small letters.
  private static let elsewhere = [
    "mse": "squaredError", "mseloss": "squaredError", "l2": "squaredError", "l2loss": "squaredError",
    "mae": "absoluteError", "l1": "absoluteError", "l1loss": "absoluteError", "huberloss": "huber",
    "smoothl1": "huber", "smoothl1loss": "huber", "ce": "crossEntropy", "crossentropyloss": "crossEntropy",
    "nll": "crossEntropy", "nllloss": "crossEntropy", "logloss": "crossEntropy",
    "softmaxcrossentropy": "crossEntropy",
  ]

  /// All losses that text can name.
  public static let all: [LossFunction] = [
    .crossEntropy, .stableMax, .squaredError, .absoluteError, .huber,
  ]

  /// Softmax cross-entropy against int32 classes.
  public static let crossEntropy = LossFunction("crossEntropy", takesClasses: true) { output, target in
    softmaxCrossEntropy(output, labels: target)
  }

  /// Mean squared error against targets of the output's shape.
  public static let squaredError = LossFunction(
    "squaredError", ofDifference: { $0 * $0 }, elements: { $0.squared })

  /// Mean distance from targets of the output's shape; its minimum is the median, which outliers do not move.
  public static let absoluteError = LossFunction(
    "absoluteError", ofDifference: { Swift.abs($0) }, elements: { abs($0) })

  /// Half the square of differences up to 1, and from there on the distance less 1/2, for targets of the output's shape: small
  /// errors count as squares, outliers by their distance (Huber, "Robust estimation of a location parameter", 1964).
  public static let huber = LossFunction(
    "huber", ofDifference: { Swift.abs($0) <= 1 ? 0.5 * $0 * $0 : Swift.abs($0) - 0.5 },
    elements: { select(abs($0) .<= 1, 0.5 * $0.squared, abs($0) - 0.5) })

  /// Cross-entropy with s(x) / sum s, s(x) = x + 1 for x >= 0 and 1 / (1 - x) below, in place of the softmax
  /// (Prieto et al., "Grokking at the edge of numerical stability", 2025).
  public static let stableMax = LossFunction("stableMax", takesClasses: true) { output, target in
    let raised = select(output .>= 0, relu(output) + 1, (1 + relu(-output)).reciprocal)
    let chosen = raised.gatheringElements(target.expanded(axis: 1), axis: 1).reshaped(to: target.shape)
    return log(raised.sum([1])) - log(chosen)
  }

  /// The same loss, of which each row counts as much as its class: weights[class] times the row's loss.
  ///
  /// Weights whose mean over the training rows is 1 keep the step's size (King and Zeng, "Logistic regression in rare
  /// events data", 2001, weigh rows so).
  public func weighted(_ weights: [Double]) -> LossFunction {
    precondition(takesClasses && !weights.isEmpty, "weights are for losses of classes")
    let rows = rows
    return LossFunction("weighted \(name)", takesClasses: true) { output, target in
      let table = output.graph.constant(NDArray(weights.map { Float($0) }, shape: [weights.count]))
      return rows(output, target) * table.cast(to: output.elementType).gathering(target)
    }
  }

  /// What a row's outputs say of each class, in double precision: fractions that sum to 1.
  package func probabilities<Logits: Collection>(_ logits: Logits) -> [Double] where Logits.Element == Double {
    let peak = logits.max() ?? 0
    let powers = logits.map { x in self == .stableMax ? (x >= 0 ? x + 1 : 1 / (1 - x)) : exp(x - peak) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  /// The loss of each row: [batch].
  public func perSample(_ output: Tensor, _ target: Tensor) -> Tensor { rows(output, target) }

  /// The mean over all rows, a scalar.
  public func callAsFunction(_ output: Tensor, _ target: Tensor) -> Tensor { rows(output, target).mean() }
}

extension LossFunction: Hashable {
  public static func == (a: LossFunction, b: LossFunction) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Encoded by its name; only known losses can be read back.
extension LossFunction: Codable {
  public init(from decoder: any Decoder) throws {
    try self.init(named: try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}

extension LossFunction: CustomStringConvertible {
  public var description: String { name }
}

/// The fraction of rows whose largest output is the label, a scalar.
public func accuracy(_ output: Tensor, labels: Tensor) -> Tensor {
  (output.argumentOfMaximum() .== labels).cast(to: .float32).mean()
}
