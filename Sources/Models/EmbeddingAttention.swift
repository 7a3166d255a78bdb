/// Attention of one query over the embeddings of a text's tokens, read out by a fixed vector:
/// f_i = sum_j softmax_j(p . E_{x_ij}) E_{x_ij} . v.
///
/// The model of Wu, Shevchenko, Oymak, Mondelli, "Attention with trained embeddings provably selects important tokens",
/// arXiv 2505.17282. Since tokens enter through p . E_s and v . E_s only, both are computed once for each token of the
/// vocabulary.
///
/// - Parameters:
///   - embedding: E, [vocabulary, width].
///   - query: p, [width], the embedding of the classification token.
///   - output: v, [width].
///   - tokens: [texts, length], int32 in 0..<vocabulary.
/// - Returns: f, [texts].
public func embeddingAttention(
  embedding: Tensor, query: Tensor, output: Tensor, tokens: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  guard embedding.rank == 2, query.shape == [embedding.shape[1]], output.shape == query.shape, tokens.rank == 2 else {
    return embedding.graph.fail(
      "embeddingAttention", [embedding, query, output, tokens], "needs [v, d], [d], [d] and [texts, length]")
  }
  let width = embedding.shape[1]
  let scores = embedding.matmul(query.reshaped(to: [width, 1])).reshaped(to: [embedding.shape[0]])
  let values = embedding.matmul(output.reshaped(to: [width, 1])).reshaped(to: [embedding.shape[0]])
  let weights = softmax(scores.gathering(tokens))
  return (weights * values.gathering(tokens)).sum([1])
}

/// The logistic loss log(1 + exp(-y f)), averaged; y is 1 or -1. Shapes [texts].
public func logisticLoss(_ f: Tensor, labels: Tensor) -> Tensor { softplus(-(labels * f)).mean() }
