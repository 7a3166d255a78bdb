/// Operations with a kernel of their own for speed. Each is defined by its decomposition into primitives, which serves
/// derivatives of higher order and element types without a kernel.
public enum Composite: Hashable, Sendable {
  /// Inputs: logits [rows, classes], labels [rows] (int32). Outputs: losses [rows], log-sum-exp [rows].
  case softmaxCrossEntropy
  /// Inputs: logits, labels, log-sum-exp, cotangent of the losses [rows]. Output: the logits' gradient.
  case softmaxCrossEntropyGradient
  /// Input: packed [batch, time, 3, heads, width]. Outputs: [batch, time, heads, width], log-sum-exp of the scores
  /// [batch, heads, time].
  case attention(causal: Bool)
  /// Inputs: packed, result, log-sum-exp, the result's cotangent. Output: the packed projections' gradient.
  case attentionGradient(causal: Bool)
  /// Inputs: x [rows, width], scale [width], shift [width]. Outputs: y like x, mean [rows], 1 / deviation [rows].
  case layerNormalization(epsilon: Double)
  /// Inputs: x, scale, mean, 1 / deviation, y's cotangent. Outputs: the gradients of x, scale and shift.
  case layerNormalizationGradient
  /// Inputs: queries [batch, time, heads, width], keys and values [batch, time, key heads, width]. Outputs: like the
  /// queries, log-sum-exp of the scores [batch, heads, time]. Causal.
  case groupedAttention
  /// Inputs: queries, keys, values, result, log-sum-exp, the result's cotangent. Outputs: the gradients of the first
  /// three.
  case groupedAttentionGradient
  /// Inputs: x [rows, width], scale [width]. Outputs: y like x, 1 / root mean square [rows].
  case rootMeanSquareNormalization(epsilon: Double)
  /// Inputs: x, scale, 1 / root mean square, y's cotangent. Outputs: the gradients of x and scale.
  case rootMeanSquareNormalizationGradient
  /// Input: [batch, n, n]. Output: of each matrix the factor Q of A = Q R with Qᵀ Q = 1 and a diagonal of R that is not negative.
  case orthonormalBasis

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
    case .attention(let causal):
      let (scores, value) = Self.scores(inputs[0], causal)
      return [softmax(scores).matmul(value).transposed([0, 2, 1, 3]), scores.logSumExp([-1])]
    case .attentionGradient(let causal):
      let packed = inputs[0].transposed([2, 0, 3, 1, 4])
      let (query, key) = (packed.part(0), packed.part(1))
      let (scores, value) = Self.scores(inputs[0], causal)
      let weights = exp(scores - inputs[2].expanded(axis: 3))
      let (result, cotangent) = (inputs[1].transposed([0, 2, 1, 3]), inputs[3].transposed([0, 2, 1, 3]))
      let mean = (result * cotangent).sum([-1], keepingAxes: true)
      let slopes =
        weights * (cotangent.matmul(value.transposed()) - mean)
        * (1 / Double(query.shape[-1]).squareRoot())
      let parts = [
        slopes.matmul(key), slopes.transposed().matmul(query), weights.transposed().matmul(cotangent),
      ]
      return [stack(parts, axis: 0).transposed([1, 3, 0, 2, 4])]
    case .layerNormalization(let epsilon):
      let (x, scale, shift) = (inputs[0], inputs[1], inputs[2])
      let mean = x.mean([1])
      let centered = x - mean.expanded(axis: 1)
      let rate = rsqrt(centered.squared.mean([1]) + epsilon)
      return [centered * rate.expanded(axis: 1) * scale + shift, mean, rate]
    case .layerNormalizationGradient:
      let (x, scale, cotangent) = (inputs[0], inputs[1], inputs[4])
      let rate = inputs[3].expanded(axis: 1)
      let normal = (x - inputs[2].expanded(axis: 1)) * rate
      let slope = cotangent * scale
      // Mean and deviation are functions of x too: their share leaves the slope without its mean and its part along x.
      let inner =
        slope - slope.mean([1], keepingAxes: true) - normal * (slope * normal).mean([1], keepingAxes: true)
      return [inner * rate, (cotangent * normal).sum([0]), cotangent.sum([0])]
    case .groupedAttention: return GroupedAttention(inputs).results
    case .groupedAttentionGradient: return GroupedAttention(inputs).gradients(inputs)
    case .rootMeanSquareNormalization(let epsilon):
      let rate = rsqrt(inputs[0].squared.mean([1]) + epsilon)
      return [inputs[0] * rate.expanded(axis: 1) * inputs[1], rate]
    case .rootMeanSquareNormalizationGradient:
      let (scale, cotangent, rate) = (inputs[1], inputs[3], inputs[2].expanded(axis: 1))
      let (normal, slope) = (inputs[0] * rate, cotangent * scale)
      // The root mean square is a function of x too: its share leaves the slope without its part along x.
      let inner = slope - normal * (slope * normal).mean([1], keepingAxes: true)
      return [inner * rate, (cotangent * normal).sum([0])]
    case .orthonormalBasis: return [OrthonormalBasis.decomposed(inputs[0])]
    }
  }

  /// Scaled and masked scores [batch, heads, time, time], and the values, of packed projections.
  private static func scores(_ packed: Tensor, _ causal: Bool) -> (Tensor, value: Tensor) {
    let parts = packed.transposed([2, 0, 3, 1, 4])
    let scores = parts.part(0).matmul(parts.part(1).transposed()) * (1 / Double(packed.shape[4]).squareRoot())
    guard causal else { return (scores, parts.part(2)) }
    let (time, graph) = (packed.shape[1], packed.graph)
    let visible = graph.iota([time, time], axis: 0) .>= graph.iota([time, time], axis: 1)
    return (select(visible, scores, -1e9), parts.part(2))
  }

  /// Records the composite where its kernel serves the element type, and its decomposition elsewhere.
  func recorded(_ inputs: [Tensor], _ outputs: [TensorType]) -> [Tensor] {
    if inputs.contains(where: \.isPoisoned) || inputs[0].elementType == .float32 || self == .orthonormalBasis {
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
    case .attention(let causal):
      guard let cotangent = cotangents[0], cotangents[1] == nil else { return nil }
      return [
        inputs[0].graph.record(
          .composite(.attentionGradient(causal: causal)), [inputs[0], outputs[0], outputs[1], cotangent], inputs[0].type
        )
      ]
    case .layerNormalization:
      guard let cotangent = cotangents[0], cotangents[1] == nil, cotangents[2] == nil else { return nil }
      return Composite.layerNormalizationGradient.recorded(
        [inputs[0], inputs[1], outputs[1], outputs[2], cotangent], inputs.map(\.type))
    case .groupedAttention:
      guard let cotangent = cotangents[0], cotangents[1] == nil else { return nil }
      return Composite.groupedAttentionGradient.recorded(inputs + outputs + [cotangent], inputs.map(\.type))
    case .rootMeanSquareNormalization:
      guard let cotangent = cotangents[0], cotangents[1] == nil else { return nil }
      return Composite.rootMeanSquareNormalizationGradient.recorded(
        inputs + [outputs[1], cotangent], inputs.map(\.type))
    case .orthonormalBasis: return [OrthonormalBasis.pullback(inputs[0], outputs[0], cotangents[0]!)]
    case .softmaxCrossEntropyGradient, .attentionGradient, .layerNormalizationGradient, .groupedAttentionGradient,
      .rootMeanSquareNormalizationGradient:
      return nil
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

/// Self-attention on packed projections: for each head softmax(q k^T / sqrt(width)) v (Vaswani et al. 2017).
///
/// - Parameters:
///   - packed: [batch, time, 3, heads, width]: queries, keys and values.
///   - causal: whether a position sees only itself and earlier ones.
/// - Returns: [batch, time, heads, width].
public func selfAttention(packed: Tensor, causal: Bool, file: String = #fileID, line: Int = #line) -> Tensor {
  guard packed.at(file, line).rank == 5, packed.shape[2] == 3, packed.elementType.isFloatingPoint else {
    return packed.graph.fail("selfAttention", [packed], "needs [batch, time, 3, heads, width]")
  }
  let (batch, time, heads, width) = (packed.shape[0], packed.shape[1], packed.shape[3], packed.shape[4])
  return Composite.attention(causal: causal).recorded(
    [packed],
    [
      TensorType([batch, time, heads, width], packed.elementType),
      TensorType([batch, heads, time], packed.elementType),
    ])[0]
}
