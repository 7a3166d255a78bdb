import Models

/// A loss of known range, for which generalisation bounds are stated; training may descend another one.
public enum BoundedLoss: Hashable, Sendable, CustomStringConvertible {
  /// min(cross-entropy, limit): nats, in 0...limit.
  case clippedCrossEntropy(limit: Double)
  /// 1 for a wrong prediction, 0 for a right one.
  case zeroOne

  /// The length M of the interval [0, M] that holds every value.
  public var range: Double {
    switch self {
    case .clippedCrossEntropy(let limit): limit
    case .zeroOne: 1
    }
  }

  /// The parameter R for which a loss in [0, M] is R-sub-Gaussian, whatever the data: M / 2 (Hoeffding's lemma).
  public var subGaussianParameter: Double { range / 2 }

  public var description: String {
    switch self {
    case .clippedCrossEntropy(let limit): "cross-entropy clipped at \(limit)"
    case .zeroOne: "0-1 loss"
    }
  }

  /// The loss of each row, [batch], of outputs [batch, classes] against int32 classes [batch].
  public func perSample(_ output: Tensor, _ labels: Tensor) -> Tensor {
    switch self {
    case .clippedCrossEntropy(let limit): min(softmaxCrossEntropy(output, labels: labels), limit)
    case .zeroOne: (output.argumentOfMaximum() .!= labels).cast(to: output.elementType)
    }
  }
}
