/// Operations with a kernel of their own for speed. Each is defined by its decomposition into primitives, which serves
/// derivatives of higher order and element types without a kernel.
public enum Composite: Hashable, Sendable {
  /// Inputs: logits [rows, classes], labels [rows] (int32). Outputs: losses [rows], log-sum-exp [rows].
  case softmaxCrossEntropy
  /// Inputs: logits, labels, log-sum-exp, cotangent of the losses [rows]. Output: the logits' gradient.
  case softmaxCrossEntropyGradient

  /// The same results from primitives.
  package func decomposed(_ inputs: [Tensor]) -> [Tensor] {
    switch self {
    case .softmaxCrossEntropy:
      let (logits, labels) = (inputs[0], inputs[1])
      let total = logits.logSumExp([1])
      let chosen = logits.gatheringElements(labels.expanded(axis: 1), axis: 1).reshaped(to: labels.shape)
      return [total - chosen, total]
    case .softmaxCrossEntropyGradient:
      let (logits, labels, total, cotangent) = (inputs[0], inputs[1], inputs[2], inputs[3])
      let probabilities = exp(logits - total.expanded(axis: 1))
      let target = labels.oneHot(count: logits.shape[1], logits.elementType)
      return [(probabilities - target) * cotangent.expanded(axis: 1)]
    }
  }

  /// Records the composite where its kernel serves the element type, and its decomposition elsewhere.
  func recorded(_ inputs: [Tensor], _ outputs: [TensorType]) -> [Tensor] {
    if inputs.contains(where: \.isPoisoned) || inputs[0].elementType == .float32 {
      return inputs[0].graph.record(.composite(self), inputs, outputs)
    }
    return decomposed(inputs)
  }

  /// What the inputs get from the outputs' cotangents by a kernel of its own, or nil where only the decomposition
  /// serves.
  package func pullback(_ inputs: [Tensor], _ outputs: [Tensor], _ cotangents: [Tensor?]) -> [Tensor?]? {
    switch self {
    case .softmaxCrossEntropy:
      guard let cotangent = cotangents[0], cotangents[1] == nil else { return nil }
      return [
        inputs[0].graph.record(
          .composite(.softmaxCrossEntropyGradient), [inputs[0], inputs[1], outputs[1], cotangent], inputs[0].type), nil,
      ]
    case .softmaxCrossEntropyGradient: return nil
    }
  }
}

/// The cross-entropy of softmax(logits) against integer classes, for each row.
///
/// - Parameters:
///   - logits: [..., classes].
///   - labels: [...], int32 in 0..<classes; a label outside gives NaN.
/// - Returns: [...], in nats.
public func softmaxCrossEntropy(
  _ logits: Tensor, labels: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  guard logits.at(file, line).rank >= 1, labels.elementType == .int32, logits.elementType.isFloatingPoint,
    logits.shape.removing(axis: -1) == labels.shape
  else { return logits.graph.fail("softmaxCrossEntropy", [logits, labels], "needs one int32 label for each row") }
  let rows = logits.reshaped(to: [labels.count, logits.shape[-1]])
  let type = TensorType([labels.count], logits.elementType)
  return Composite.softmaxCrossEntropy
    .recorded([rows, labels.reshaped(to: [labels.count])], [type, type])[0]
    .reshaped(to: labels.shape)
}
