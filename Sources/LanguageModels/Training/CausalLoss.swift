import Models

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

extension CausalDecoder {
  /// The cross-entropy of each token given those before it, in nats: [batch, time - 1]. The head is not asked for what
  /// follows the last.
  ///
  /// - Parameters:
  ///   - input: what this part takes for the tokens: themselves, or hidden vectors.
  ///   - tokens: [batch, time], int32.
  /// - Throws: `ModelError` where parameters are missing, left over or of another shape.
  public func nextTokenLosses(
    _ input: Tensor, tokens: Tensor, _ parameters: Parameters, mode: ModelMode = .training
  ) throws -> Tensor {
    try check(parameters.tree.map(\.type), Tree())
    guard givesLogits, tokens.rank == 2, tokens.shape[1] > 1 else {
      throw ModelError("a next-token loss needs the head, and tokens [batch, time] with two positions at least")
    }
    var scope = ModelScope(parameters, mode: mode)
    let hidden = try self.hidden(input, in: &scope)
    let time = tokens.shape[1]
    return softmaxCrossEntropy(
      try logits(hidden.slice(0..<time - 1, axis: 1), in: scope), labels: tokens.slice(1..<time, axis: 1))
  }
}
