/// Batch normalisation over all axes but the last, with the batch's own statistics.
///
/// y = (x - mean) / sqrt(variance + epsilon) * scale + shift; the variance is the biased one.
/// Ioffe and Szegedy, "Batch normalization", 2015.
///
/// - Parameters:
///   - x: [..., channels].
///   - scale: [channels].
///   - shift: [channels].
/// - Returns: y like x; mean and variance [channels].
public func batchNorm(
  _ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Double, file: String = #fileID, line: Int = #line
) -> (output: Tensor, mean: Tensor, variance: Tensor) {
  guard x.at(file, line).rank >= 1, scale.shape == [x.shape[-1]], shift.shape == scale.shape else {
    let poison = x.graph.fail("batchNorm", [x, scale, shift], "scale and shift need one element for each channel")
    return (poison, poison, poison)
  }
  let axes = Array(0..<x.rank - 1)
  let mean = x.mean(axes, file: file, line: line)
  let centered = x - mean
  let variance = centered.squared.mean(axes, file: file, line: line)
  let rate = rsqrt(variance + epsilon)
  // Numbers of a channel are multiplied first: there are few.
  let output = centered * (rate * scale) + shift
  guard !output.isPoisoned else { return (output, mean, variance) }
  return (
    x.graph.record(.pass(.batchNormalization), [output, x, scale, shift, mean, rate], output.type), mean, variance
  )
}

/// Layer normalisation over the last axis (Ba, Kiros, Hinton 2016).
///
/// - Parameters:
///   - x: [..., width].
///   - scale: [width].
///   - shift: [width].
public func layerNorm(
  _ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Double = 1e-5, file: String = #fileID, line: Int = #line
) -> Tensor {
  guard x.at(file, line).rank >= 1, scale.shape == [x.shape[-1]], shift.shape == scale.shape else {
    return x.graph.fail("layerNorm", [x, scale, shift], "scale and shift need one element for each column")
  }
  let width = scale.count
  let rows = x.reshaped(to: [x.count / max(width, 1), width])
  let each = TensorType([rows.shape[0]], x.elementType)
  return Composite.layerNormalization(epsilon: epsilon)
    .recorded([rows, scale, shift], [rows.type, each, each])[0].reshaped(to: x.shape)
}

/// Scaled dot-product attention: softmax(q k^T / sqrt(width)) v (Vaswani et al. 2017).
///
/// - Parameters:
///   - query: [batch, heads, time, width], as are key and value.
///   - causal: whether a position sees only itself and earlier ones.
/// - Returns: [batch, heads, time, width].
public func attention(
  query: Tensor, key: Tensor, value: Tensor, causal: Bool, file: String = #fileID, line: Int = #line
) -> Tensor {
  let width = Double(query.shape[-1])
  var scores = query.matmul(key.transposed(file: file, line: line), file: file, line: line) * (1 / width.squareRoot())
  if causal {
    let (rows, columns) = (scores.shape[-2], scores.shape[-1])
    let graph = query.graph
    let visible = graph.iota([rows, columns], axis: 0) .>= graph.iota([rows, columns], axis: 1)
    scores = select(visible, scores, -1e9)
  }
  return softmax(scores).matmul(value, file: file, line: line)
}

/// Normalisation over the last axis by the root mean square: x / sqrt(mean(x^2) + epsilon) * scale (Zhang and Sennrich
/// 2019).
///
/// - Parameters:
///   - x: [..., width].
///   - scale: [width].
public func rootMeanSquareNorm(
  _ x: Tensor, scale: Tensor, epsilon: Double = 1e-5, file: String = #fileID, line: Int = #line
) -> Tensor {
  guard x.at(file, line).rank >= 1, scale.shape == [x.shape[-1]], scale.elementType == x.elementType else {
    return x.graph.fail("rootMeanSquareNorm", [x, scale], "scale needs one element for each column")
  }
  let width = scale.count
  let rows = x.reshaped(to: [x.count / max(width, 1), width])
  return Composite.rootMeanSquareNormalization(epsilon: epsilon)
    .recorded([rows, scale], [rows.type, TensorType([rows.shape[0]], x.elementType)])[0].reshaped(to: x.shape)
}
