import Arrays
import CKernels
import Foundation
import Parameters

/// One text in the making: a decoder that runs on weights as they are stored and remembers keys and values.
///
/// A session belongs to one thread at a time; its kernels use all threads.
public final class DecoderSession {
  /// The shape of the model.
  public let configuration: DecoderConfiguration
  /// Tokens seen so far.
  public private(set) var tokens: [Int32] = []
  private let network: StoredDecoder
  private var cache: KeyValueCache
  /// Prompts run in parts of so many tokens.
  private static let longestPart = 128

  /// - Parameters:
  ///   - adapter: the factors of an adapter by the paths of `decoder`, which has it.
  /// - Throws: `LanguageModelError` where they do not fit.
  public init(_ model: PretrainedModel, adapter: LowRankAdapter? = nil, factors: Tree<NDArray> = Tree()) throws {
    configuration = model.configuration
    network = try StoredDecoder(model, adapter: adapter, factors: factors)
    cache = KeyValueCache(layers: configuration.layers, width: configuration.keyHeads * configuration.headWidth)
  }

  /// Forgets all but the first tokens.
  public func keep(_ count: Int) { tokens = Array(tokens.prefix(count)) }

  /// Bytes of keys and values for so many positions.
  public static func cacheByteCount(_ c: DecoderConfiguration, positions: Int) -> Int {
    8 * c.layers * c.keyHeads * c.headWidth * positions
  }

  /// Goes on with tokens.
  ///
  /// - Returns: the logits of what follows the last of them: [vocabulary].
  /// - Throws: `LanguageModelError` where the context is full or a token is none.
  public func append(_ new: [Int32]) throws -> [Float] {
    guard !new.isEmpty else { throw LanguageModelError("there is no token to go on with") }
    guard tokens.count + new.count <= configuration.context else {
      throw LanguageModelError(
        "the text is \(tokens.count + new.count) tokens long, and the model's context \(configuration.context)")
    }
    if let stray = new.first(where: { $0 < 0 || $0 >= configuration.vocabulary }) {
      throw LanguageModelError("there is no token \(stray): the model has \(configuration.vocabulary)")
    }
    cache.reserve(tokens.count + new.count, keeping: tokens.count)
    var logits: [Float] = []
    for start in stride(from: 0, to: new.count, by: Self.longestPart) {
      let part = Array(new[start..<min(start + Self.longestPart, new.count)])
      logits = network.run(part, from: tokens.count, cache, wantsLogits: start + part.count == new.count)
      tokens += part
    }
    return logits
  }
}
