import Arrays

/// Goes on with a text, token by token.
public struct TextGenerator {
  /// What has been read so far, and goes on with each token.
  public let session: DecoderSession
  /// Between text and token numbers.
  public let tokenizer: TextTokenizer
  /// How tokens are chosen.
  public let sampling: Sampling
  /// Decides what is drawn; token number n takes the child key n.
  public let key: RandomKey

  /// - Parameter key: decides what is drawn; token number n takes the child key n.
  public init(
    _ session: DecoderSession, tokenizer: TextTokenizer, sampling: Sampling, key: RandomKey = RandomKey(seed: 0)
  ) {
    (self.session, self.tokenizer, self.sampling, self.key) = (session, tokenizer, sampling, key)
  }

  /// - Parameters:
  ///   - prompt: tokens; the session's own come before them.
  ///   - limit: the most tokens.
  ///   - receive: is given each token with the text that it completes; false ends it.
  /// - Returns: the tokens, without one that ends a text.
  /// - Throws: `LanguageModelError` where prompt and limit are longer than the context.
  @discardableResult
  public func generate(
    from prompt: [Int32], limit: Int, receive: (Int32, String) throws -> Bool = { _, _ in true }
  ) throws -> [Int32] {
    let context = session.configuration.context
    guard session.tokens.count + prompt.count + limit <= context else {
      throw LanguageModelError(
        "\(session.tokens.count + prompt.count) tokens of text and \(limit) new ones are more than the model's context "
          + "of \(context)")
    }
    var logits = try session.append(prompt)
    var stream = TextStream(tokenizer)
    var result: [Int32] = []
    while result.count < limit {
      guard logits.contains(where: \.isFinite) else { throw LanguageModelError("the model gives no finite logit") }
      let token = sampling.choose(logits, key: key.split(result.count))
      if tokenizer.ends.contains(token) { break }
      result.append(token)
      guard try receive(token, stream.append(token)) else { return result }
      if result.count < limit { logits = try session.append([token]) }
    }
    let rest = stream.finish()
    if !rest.isEmpty, let last = result.last { _ = try receive(last, rest) }
    return result
  }
}
