/// Causal attention whose query heads share heads of keys and values (Ainslie et al. 2023): for each query head
/// softmax(q k^T / sqrt(width)) v, where a position sees itself and earlier ones.
///
/// - Parameters:
///   - query: [batch, time, heads, width].
///   - key: [batch, time, key heads, width]; heads is a multiple of key heads, and query head h takes key head
///     h / (heads / key heads).
///   - value: like the keys.
/// - Returns: like the queries.
public func groupedAttention(
  query: Tensor, key: Tensor, value: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  guard query.at(file, line).rank == 4, key.rank == 4, value.type == key.type, query.elementType == key.elementType,
    query.elementType.isFloatingPoint, query.shape[0] == key.shape[0], query.shape[1] == key.shape[1],
    query.shape[3] == key.shape[3], query.shape.count > 0, query.shape[2] % key.shape[2] == 0
  else {
    return query.graph.fail(
      "groupedAttention", [query, key, value],
      "needs [batch, time, heads, width], and keys and values whose heads divide the queries'")
  }
  let sums = TensorType([query.shape[0], query.shape[2], query.shape[1]], query.elementType)
  return Composite.groupedAttention.recorded([query, key, value], [query.type, sums])[0]
}

/// Grouped attention from primitives. The queries of a group are one matrix, [group * time, width], so that keys and
/// values are not repeated.
struct GroupedAttention {
  private let batch: Int
  private let time: Int
  private let keyHeads: Int
  private let group: Int
  private let width: Int
  private let query: Tensor
  private let key: Tensor
  private let value: Tensor
  /// Scaled and masked: [batch, key heads, group * time, time].
  private let scores: Tensor

  init(_ inputs: [Tensor]) {
    let shape = inputs[0].shape
    (batch, time, keyHeads, width) = (shape[0], shape[1], inputs[1].shape[2], shape[3])
    group = shape[2] / keyHeads
    query = Self.rows(inputs[0], keyHeads)
    key = inputs[1].transposed([0, 2, 1, 3])
    value = inputs[2].transposed([0, 2, 1, 3])
    let graph = inputs[0].graph
    let visible = graph.iota([time, time], axis: 0) .>= graph.iota([time, time], axis: 1)
    let products = query.matmul(key.transposed()) * (1 / Double(width).squareRoot())
    let apart = products.reshaped(to: [batch, keyHeads, group, time, time])
    scores = select(visible, apart, -1e9).reshaped(to: products.shape)
  }

  /// [batch, time, heads, width] to [batch, key heads, group * time, width].
  private static func rows(_ x: Tensor, _ keyHeads: Int) -> Tensor {
    let (batch, time, group, width) = (x.shape[0], x.shape[1], x.shape[2] / keyHeads, x.shape[3])
    return x.reshaped(to: [batch, time, keyHeads, group, width]).transposed([0, 2, 3, 1, 4])
      .reshaped(to: [batch, keyHeads, group * time, width])
  }

  private func heads(_ x: Tensor) -> Tensor {
    x.reshaped(to: [batch, keyHeads, group, time, width]).transposed([0, 3, 1, 2, 4])
      .reshaped(to: [batch, time, keyHeads * group, width])
  }

  var results: [Tensor] {
    [
      heads(softmax(scores).matmul(value)),
      scores.logSumExp([-1]).reshaped(to: [batch, keyHeads * group, time]),
    ]
  }

  /// - Parameter inputs: queries, keys, values, result, log-sum-exp, the result's cotangent.
  func gradients(_ inputs: [Tensor]) -> [Tensor] {
    let sums = inputs[4].reshaped(to: [batch, keyHeads, group * time, 1])
    let (result, cotangent) = (Self.rows(inputs[3], keyHeads), Self.rows(inputs[5], keyHeads))
    let weights = exp(scores - sums)
    let mean = (result * cotangent).sum([-1], keepingAxes: true)
    let slopes = weights * (cotangent.matmul(value.transposed()) - mean) * (1 / Double(width).squareRoot())
    return [
      heads(slopes.matmul(key)), slopes.transposed().matmul(query).transposed([0, 2, 1, 3]),
      weights.transposed().matmul(cotangent).transposed([0, 2, 1, 3]),
    ]
  }
}
