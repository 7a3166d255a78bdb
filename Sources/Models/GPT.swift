/// Multi-head self-attention with one packed projection for queries, keys and values.
public struct SelfAttention: Layer {
  /// Numbers of a position, in and out.
  public let width: Int
  /// Heads, each of width / heads numbers.
  public let heads: Int
  /// Whether a position sees only itself and what stands before it.
  public let isCausal: Bool

  /// - Precondition: the width is a multiple of the heads.
  public init(width: Int, heads: Int, causal: Bool) {
    precondition(width % heads == 0, "the width \(width) is no multiple of \(heads) heads")
    self.width = width
    self.heads = heads
    isCausal = causal
  }

  public func declare(in layout: inout ModelLayout) {
    layout.child("qkv", Linear(width, 3 * width))
    layout.child("output", Linear(width, width))
  }

  /// x: [batch, time, width].
  ///
  /// - Throws: `ModelError` where parameters are missing.
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let (batch, time) = (x.shape[0], x.shape[1])
    let packed = try scope.child("qkv", Linear(width, 3 * width), x)
      .reshaped(to: [batch, time, 3, heads, width / heads])
    let mixed = selfAttention(packed: packed, causal: isCausal).reshaped(to: [batch, time, width])
    return try scope.child("output", Linear(width, width), mixed)
  }
}

/// A decoder-only transformer (Radford et al. 2019): token and position embeddings, pre-norm blocks with causal
/// attention and a GELU layer of four times the width, final norm, linear head without bias.
public struct GPT: Layer {
  /// Tokens that have a number.
  public let vocabulary: Int
  /// The most positions.
  public let context: Int
  /// Numbers of a hidden vector.
  public let width: Int
  /// Blocks.
  public let layers: Int
  /// Heads of each block, each of width / heads numbers.
  public let heads: Int

  public init(vocabulary: Int, context: Int, width: Int = 128, layers: Int = 4, heads: Int = 4) {
    self.vocabulary = vocabulary
    self.context = context
    self.width = width
    self.layers = layers
    self.heads = heads
  }

  private struct Block: Layer {
    let width: Int
    let heads: Int
    var attention: SelfAttention { SelfAttention(width: width, heads: heads, causal: true) }

    func declare(in layout: inout ModelLayout) {
      layout.child("norm1", LayerNorm(width))
      layout.child("attention", attention)
      layout.child("norm2", LayerNorm(width))
      layout.child("expand", Linear(width, 4 * width))
      layout.child("contract", Linear(4 * width, width))
    }

    func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
      let y = x + (try scope.child("attention", attention, try scope.child("norm1", LayerNorm(width), x)))
      let hidden = gelu(
        try scope.child("expand", Linear(width, 4 * width), try scope.child("norm2", LayerNorm(width), y)))
      return y + (try scope.child("contract", Linear(4 * width, width), hidden))
    }
  }

  private var embedding: Embedding { Embedding(vocabulary, width, initializer: .normal(standardDeviation: 0.02)) }
  private var head: Linear {
    Linear(width, vocabulary, bias: false, initializer: .normal(standardDeviation: 0.02))
  }

  public func declare(in layout: inout ModelLayout) {
    layout.child("tokens", embedding)
    layout.parameter("positions", [context, width], .normal(standardDeviation: 0.02))
    for index in 0..<layers { layout.child("block\(index)", Block(width: width, heads: heads)) }
    layout.child("norm", LayerNorm(width))
    layout.child("head", head)
  }

  /// x: [batch, time] (int32), time at most the context; result: [batch, time, vocabulary].
  ///
  /// - Throws: `ModelError` where x is not [batch, time] or longer than the context.
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    guard x.rank == 2, x.shape[1] <= context else {
      throw ModelError("a GPT with context \(context) takes [batch, time], not \(x.shape)")
    }
    let positions = try scope.parameter("positions").slice(0..<x.shape[1], axis: 0)
    var y = try scope.child("tokens", embedding, x) + positions
    for index in 0..<layers { y = try scope.child("block\(index)", Block(width: width, heads: heads), y) }
    return try scope.child("head", head, try scope.child("norm", LayerNorm(width), y))
  }
}
