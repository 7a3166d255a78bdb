import Graphs

/// The cross-entropy of each token given those before it, in nats: [batch, time - 1].
///
/// - Parameters:
///   - logits: [batch, time, vocabulary], those at t being of the token at t + 1.
///   - tokens: [batch, time], int32; a token that is none gives NaN.
public func nextTokenLosses(
  _ logits: Tensor, tokens: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  guard logits.rank == 3, tokens.rank == 2, tokens.shape[1] > 1, logits.shape[0] == tokens.shape[0],
    logits.shape[1] == tokens.shape[1]
  else {
    // An operation that cannot be records why.
    return softmaxCrossEntropy(logits, labels: tokens.reshaped(to: [tokens.count, 1]), file: file, line: line)
  }
  let time = tokens.shape[1]
  return softmaxCrossEntropy(
    logits.slice(0..<time - 1, axis: 1), labels: tokens.slice(1..<time, axis: 1), file: file, line: line)
}
