/// What a model's output is compared with, row by row: a name and a function.
///
/// The known ones are static members. A loss of one's own is a value like them:
/// ```swift
/// let absoluteError = LossFunction("absoluteError") { output, target in abs(output - target).mean([1]) }
/// ```
public struct LossFunction: Sendable {
  /// What text and saved models call it; equal names are equal losses.
  public let name: String
  /// Whether targets are int32 classes.
  public let takesClasses: Bool
  private let rows: @Sendable (Tensor, Tensor) -> Tensor

  /// - Parameters:
  ///   - takesClasses: whether targets are int32 classes, [batch]; else they are numbers.
  ///   - perSample: the loss of each row, [batch], from outputs [batch, ...] and targets [batch, ...].
  public init(
    _ name: String, takesClasses: Bool = false, perSample rows: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    self.name = name
    self.takesClasses = takesClasses
    self.rows = rows
  }

  /// The known loss of that name.
  /// - Throws: `ModelError` naming the nearest known name.
  public init(named name: String) throws {
    guard let known = Self.all.first(where: { $0.name == name }) else {
      throw ModelError("there is no loss \(name); \(NearestName.hint(name, among: Self.all.map(\.name)))")
    }
    self = known
  }

  /// All losses that text can name.
  public static let all: [LossFunction] = [.crossEntropy, .squaredError, .stableMax]

  /// Softmax cross-entropy against int32 classes.
  public static let crossEntropy = LossFunction("crossEntropy", takesClasses: true) { output, target in
    softmaxCrossEntropy(output, labels: target)
  }

  /// Mean squared error against targets of the output's shape.
  public static let squaredError = LossFunction("squaredError") { output, target in
    guard output.shape == target.shape || output.isPoisoned || target.isPoisoned else {
      return output.graph.fail(
        "squaredError", [output, target], "output and target need the same shape: nothing is repeated")
    }
    let squares = (output - target).squared
    return squares.rank < 2 ? squares : squares.mean(Array(1..<squares.rank))
  }

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
