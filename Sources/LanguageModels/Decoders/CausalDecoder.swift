@_exported import Models

/// A decoder-only transformer, whole or a range of its blocks, as a layer: tokens [batch, time] (int32) to logits
/// [batch, time, vocabulary].
///
/// Weights are [inputs, outputs]. A part that does not begin with block 0 takes hidden vectors [batch, time, width]
/// instead of tokens, and one that does not end with the last block gives them: a frozen trunk is run once, and what is
/// above it as often as it changes.
public struct CausalDecoder: Layer {
  /// The shape of the whole model, of which this may be a part.
  public let configuration: DecoderConfiguration
  /// The blocks that this part runs.
  public let blocks: Range<Int>
  /// Trained beside the weights, where there is one.
  public let adapter: LowRankAdapter?
  /// Whether a backward pass computes what is inside of each block again rather than have it kept: less memory, about a
  /// third more time.
  public let recomputesBlocks: Bool

  /// - Parameter recomputesBlocks: whether a backward pass computes blocks again rather than have them kept.
  public init(
    _ configuration: DecoderConfiguration, adapter: LowRankAdapter? = nil, recomputesBlocks: Bool = false
  ) {
    self.init(
      configuration, blocks: 0..<configuration.layers, adapter: adapter, recomputesBlocks: recomputesBlocks)
  }

  init(_ configuration: DecoderConfiguration, blocks: Range<Int>, adapter: LowRankAdapter?, recomputesBlocks: Bool) {
    self.configuration = configuration
    self.blocks = blocks
    self.adapter = adapter
    self.recomputesBlocks = recomputesBlocks
  }

  /// Some of the blocks, with the embedding where they are the first and the head where they are the last.
  ///
  /// - Throws: `LanguageModelError` where there are no such blocks.
  public func part(_ range: Range<Int>) throws -> CausalDecoder {
    guard range.lowerBound >= 0, range.upperBound <= configuration.layers, !range.isEmpty else {
      throw LanguageModelError(
        "the model has \(configuration.layers) blocks and no part \(range.lowerBound)..<\(range.upperBound)")
    }
    return CausalDecoder(configuration, blocks: range, adapter: adapter, recomputesBlocks: recomputesBlocks)
  }

  /// The same model with an adapter, or without one.
  public func with(adapter: LowRankAdapter?) -> CausalDecoder {
    CausalDecoder(configuration, blocks: blocks, adapter: adapter, recomputesBlocks: recomputesBlocks)
  }

  /// Whether it begins with the model's first block; otherwise it takes hidden vectors.
  public var takesTokens: Bool { blocks.lowerBound == 0 }
  /// Whether it ends with the model's last block; otherwise it gives hidden vectors.
  public var givesLogits: Bool { blocks.upperBound == configuration.layers }

  private var headIsEmbedding: Bool { givesLogits && configuration.hasTiedHead }

  public func declare(in layout: inout ModelLayout) {
    let c = configuration
    if takesTokens || headIsEmbedding {
      layout.parameter("tokens/weight", [c.vocabulary, c.width], .normal(standardDeviation: 0.02))
    }
    if takesTokens, c.rotary == nil {
      layout.parameter("positions/weight", [c.context, c.width], .normal(standardDeviation: 0.02))
    }
    for index in blocks { layout.child("block\(index)", block(index)) }
    if givesLogits {
      layout.child("norm", norm)
      if !c.hasTiedHead {
        layout.parameter("head/weight", [c.width, c.vocabulary], .normal(standardDeviation: 0.02))
      }
    }
  }

  private func block(_ index: Int) -> DecoderBlock {
    DecoderBlock(configuration: configuration, adapter: adapter.flatMap { $0.blocks.contains(index) ? $0 : nil })
  }

  private var norm: DecoderNorm { DecoderNorm(configuration) }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let hidden = try self.hidden(x, in: &scope)
    return givesLogits ? try logits(hidden, in: scope) : hidden
  }

  /// What the head sees (normalised, where this part has the head), or what the next part takes: [batch, time, width].
  ///
  /// - Parameter rows: where only some positions are asked for, their numbers (int32, batches end to end: batch * time + position),
  ///   and then it is [rows, width]: the last block does for them alone what comes after its attention.
  /// - Throws: `ModelError` where the input is not of that shape, or longer than the context.
  public func hidden(_ x: Tensor, rows: Tensor? = nil, in scope: inout ModelScope) throws -> Tensor {
    let c = configuration
    var y = x
    if takesTokens {
      guard x.rank == 2, x.elementType == .int32 else {
        throw ModelError("a decoder takes int32 tokens [batch, time], not \(x.type)")
      }
      y = try scope.parameter("tokens/weight").gathering(x)
    }
    guard y.rank == 3, y.shape[2] == c.width else {
      throw ModelError("these blocks take [batch, time, \(c.width)], not \(x.type)")
    }
    guard y.shape[1] <= c.context else {
      throw ModelError("the model's context is \(c.context) tokens, and it was given \(y.shape[1])")
    }
    if takesTokens, c.rotary == nil {
      y = y + (try scope.parameter("positions/weight").slice(0..<y.shape[1], axis: 0))
    }
    let rotary = c.rotary.map { RotaryTables($0, time: y.shape[1], headWidth: c.headWidth, y.elementType) }
    for index in blocks {
      func run() throws -> Tensor {
        var block = block(index)
        block.rotary = rotary
        let asked = index == blocks.last ? rows : nil
        return try scope.within("block\(index)") { try block.forward(y, rows: asked, in: &$0) }
      }
      y = try recomputesBlocks ? y.graph.recomputing(run) : run()
    }
    return givesLogits ? try scope.child("norm", norm, y) : y
  }

  /// The logits of normalised hidden vectors [..., width]: [..., vocabulary].
  ///
  /// - Throws: `ModelError` where the parameters lack the head.
  public func logits(_ hidden: Tensor, in scope: ModelScope) throws -> Tensor {
    headIsEmbedding
      ? hidden.matmul(try scope.parameter("tokens/weight").transposed())
      : hidden.matmul(try scope.parameter("head/weight"))
  }
}
