import Foundation

/// The shape of a decoder-only transformer: the Llama family (Touvron et al. 2023) and GPT-2 (Radford et al. 2019).
public struct DecoderConfiguration: Sendable, Hashable, Codable {
  /// How a vector is normalised before each part of a block.
  public enum Norm: String, Sendable, Codable {
    /// By its root mean square, with a scale (Zhang and Sennrich 2019).
    case rootMeanSquare
    /// Mean and deviation, with scale and shift (Ba, Kiros, Hinton 2016).
    case layer
  }

  /// How a position enters.
  public enum Positions: Sendable, Hashable, Codable {
    /// Queries and keys are rotated by their position.
    case rotary(Rotary)
    /// A learned vector is added to the embedding.
    case learned
  }

  /// What is between the two projections of a feed-forward part.
  public enum FeedForward: String, Sendable, Codable {
    /// silu(x gate) * (x up) (Shazeer 2020).
    case swiGLU
    /// GELU in its approximation by tanh (Hendrycks and Gimpel 2016).
    case gelu
  }

  /// Tokens that have a number; there may be unused ones at the end.
  public var vocabulary: Int
  /// The most positions.
  public var context: Int
  /// Numbers of a hidden vector.
  public var width: Int
  /// Blocks of attention and feed-forward network.
  public var layers: Int
  /// Heads of queries in each block.
  public var heads: Int
  /// Heads of keys and values, each shared by heads / keyHeads query heads (Ainslie et al. 2023).
  public var keyHeads: Int
  /// Numbers of one head's queries, keys and values; width / heads in most models.
  public var headWidth: Int
  /// Hidden numbers of the feed-forward network.
  public var feedForwardWidth: Int
  /// How hidden vectors are normalised.
  public var norm: Norm
  /// What is added to the variance or mean square under the root.
  public var normEpsilon: Double
  /// How the model knows where a token stands.
  public var positions: Positions
  /// What each block does to each position alone.
  public var feedForward: FeedForward
  /// Whether queries, keys and values have a bias.
  public var hasAttentionBias: Bool
  /// Whether the other projections have a bias.
  public var hasBias: Bool
  /// Whether the head's weights are those of the embedding.
  public var hasTiedHead: Bool

  /// A member of the Llama family.
  public static func llama(
    vocabulary: Int, context: Int, width: Int, layers: Int, heads: Int, keyHeads: Int? = nil, headWidth: Int? = nil,
    feedForwardWidth: Int, normEpsilon: Double = 1e-5, rotary: Rotary = Rotary(), attentionBias: Bool = false,
    tiedHead: Bool = true
  ) -> DecoderConfiguration {
    DecoderConfiguration(
      vocabulary: vocabulary, context: context, width: width, layers: layers, heads: heads,
      keyHeads: keyHeads ?? heads, headWidth: headWidth ?? width / max(heads, 1), feedForwardWidth: feedForwardWidth,
      norm: .rootMeanSquare, normEpsilon: normEpsilon, positions: .rotary(rotary), feedForward: .swiGLU,
      hasAttentionBias: attentionBias, hasBias: false, hasTiedHead: tiedHead)
  }

  /// GPT-2: layer normalisation, learned positions, GELU, biases everywhere.
  ///
  /// - Parameter feedForwardWidth: four times the width when nil.
  public static func gpt2(
    vocabulary: Int, context: Int, width: Int, layers: Int, heads: Int, feedForwardWidth: Int? = nil,
    normEpsilon: Double = 1e-5, tiedHead: Bool = true
  ) -> DecoderConfiguration {
    DecoderConfiguration(
      vocabulary: vocabulary, context: context, width: width, layers: layers, heads: heads, keyHeads: heads,
      headWidth: width / max(heads, 1), feedForwardWidth: feedForwardWidth ?? 4 * width, norm: .layer,
      normEpsilon: normEpsilon, positions: .learned, feedForward: .gelu, hasAttentionBias: true, hasBias: true,
      hasTiedHead: tiedHead)
  }

  /// Rotary pairs where positions are rotary.
  public var rotary: Rotary? {
    if case .rotary(let rotary) = positions { return rotary }
    return nil
  }

  /// Number of parameters.
  public var parameterCount: Int {
    let attention = width * headWidth * (2 * heads + 2 * keyHeads)
    let feed = width * feedForwardWidth * (feedForward == .swiGLU ? 3 : 2)
    let norms = width * (norm == .layer ? 2 : 1)
    let biases =
      (hasAttentionBias ? headWidth * (heads + 2 * keyHeads) : 0) + (hasBias ? 2 * width + feedForwardWidth : 0)
    let block = attention + feed + 2 * norms + biases
    return vocabulary * width * (hasTiedHead ? 1 : 2) + layers * block + norms + (rotary == nil ? context * width : 0)
  }

  /// The largest extent that is taken for meant.
  private static let largestExtent = 1 << 24

  /// - Throws: `LanguageModelError` naming what cannot be.
  public func check() throws {
    let extents = [
      ("vocabulary", vocabulary), ("context", context), ("width", width), ("number of layers", layers),
      ("number of heads", heads), ("number of key-value heads", keyHeads), ("head width", headWidth),
      ("feed-forward width", feedForwardWidth),
    ]
    for (name, value) in extents where value < 1 || value > Self.largestExtent {
      throw LanguageModelError("the model's \(name) cannot be \(value)")
    }
    guard heads % keyHeads == 0 else {
      throw LanguageModelError("\(heads) heads cannot share \(keyHeads) key-value heads evenly")
    }
    guard normEpsilon >= 0, normEpsilon < 1 else {
      throw LanguageModelError("the model's normalisation epsilon cannot be \(normEpsilon)")
    }
    guard let rotary else { return }
    guard headWidth % 2 == 0 else { throw LanguageModelError("rotary pairs need an even head width, not \(headWidth)") }
    guard rotary.base > 0, rotary.base.isFinite, rotary.factors.allSatisfy({ $0 > 0 && $0.isFinite }),
      rotary.factors.isEmpty || rotary.factors.count == headWidth / 2
    else { throw LanguageModelError("the model's rotary base or factors cannot be") }
  }
}
