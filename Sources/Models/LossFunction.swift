/// What a model's output is compared with, as the mean over the batch.
public enum LossFunction: String, Sendable, CaseIterable, Codable {
  /// Softmax cross-entropy against int32 classes.
  case crossEntropy
  /// Mean squared error against targets of the output's shape.
  case squaredError
  /// Cross-entropy with s(x) / sum s, s(x) = x + 1 for x >= 0 and 1 / (1 - x) below, in place of the softmax
  /// (Prieto et al., "Grokking at the edge of numerical stability", 2025).
  case stableMax

  /// The loss of each row: [batch].
  public func perSample(_ output: Tensor, _ target: Tensor) -> Tensor {
    switch self {
    case .crossEntropy: return softmaxCrossEntropy(output, labels: target)
    case .squaredError:
      guard output.shape == target.shape || output.isPoisoned || target.isPoisoned else {
        return output.graph.fail(
          "squaredError", [output, target], "output and target need the same shape: nothing is repeated")
      }
      let squares = (output - target).squared
      return squares.rank < 2 ? squares : squares.mean(Array(1..<squares.rank))
    case .stableMax:
      let raised = select(output .>= 0, relu(output) + 1, (1 + relu(-output)).reciprocal)
      let chosen = raised.gatheringElements(target.expanded(axis: 1), axis: 1).reshaped(to: target.shape)
      return log(raised.sum([1])) - log(chosen)
    }
  }

  /// The mean over all rows, a scalar.
  public func callAsFunction(_ output: Tensor, _ target: Tensor) -> Tensor { perSample(output, target).mean() }

  /// Whether targets are int32 classes.
  public var takesClasses: Bool { self != .squaredError }
}

/// The fraction of rows whose largest output is the label, a scalar.
public func accuracy(_ output: Tensor, labels: Tensor) -> Tensor {
  (output.argumentOfMaximum() .== labels).cast(to: .float32).mean()
}
