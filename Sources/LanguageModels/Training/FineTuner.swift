import Compilation
@_exported import Training

/// Descends on the next-token loss of packed texts, by a `TrainingStep`.
///
/// What lies below the moving weights is run once for each block of tokens and kept.
public final class FineTuner {
  /// What moves, and by which chain.
  public let tuning: FineTuning
  /// The part of the model that holds the moving weights.
  public let top: CausalDecoder
  /// The compiled update, with parameters, optimizer state and counters.
  public let step: TrainingStep

  private let trunk: FrozenTrunk?
  /// As inputs of the step: "frozen/" and the path.
  private let frozen: Tree<NDArray>
  private var evaluations: [Shape: Program] = [:]

  /// - Parameters:
  ///   - optimizer: a chain that makes steps.
  ///   - shape: of a batch of tokens, [batch, length].
  ///   - key: decides an adapter's start and randomness within steps.
  ///   - factors: an adapter's factors to go on from.
  ///   - stepsPerEpoch: how epochs are counted for schedules.
  ///   - recomputesBlocks: whether the backward pass computes what is inside of blocks again: less memory, more time.
  /// - Throws: `LanguageModelError`, `DescentError`, `ShapeError` where the parts do not fit.
  public init(
    _ model: PretrainedModel, _ tuning: FineTuning, optimizer: Chain, shape: Shape, key: RandomKey,
    factors: Tree<NDArray>? = nil, stepsPerEpoch: Int = 1, recomputesBlocks: Bool = false
  ) throws {
    guard shape.rank == 2, shape[0] >= 1, shape[1] >= 2 else {
      throw LanguageModelError("a batch of shape \(shape) has nothing to predict")
    }
    guard shape[1] <= model.configuration.context else {
      throw LanguageModelError(
        "blocks of \(shape[1]) tokens are longer than the model's context of \(model.configuration.context)")
    }
    let parts = try tuning.parts(of: model.configuration, recomputesBlocks: recomputesBlocks)
    let top = parts.top
    (self.tuning, self.top) = (tuning, top)
    trunk = parts.trunk.map { FrozenTrunk($0, weights: model.parameters(of: $0)) }
    var all = model.parameters(of: top)
    if case .lowRank(let adapter) = tuning {
      let start = try factors ?? Self.initialFactors(adapter, model.configuration, key: key)
      try AdapterFile.check(start, adapter, model.configuration)
      all = all.merging(start)
    }
    frozen = all.filter { path, _ in !tuning.moves(path, top) }.prefixed("frozen")
    let method = GradientDescent(optimizer)
    let inputs = frozen.types.merging(Self.inputTypes(shape, top))
    step = try TrainingStep(
      Objective { point, inputs, _ in
        let all = Parameters(point.tree.merging(inputs.tree.subtree("frozen")))
        return ObjectiveValue(try top.nextTokenLosses(try inputs["input"], tokens: try inputs["tokens"], all).mean())
      }, method: method, inputs: inputs,
      from: try TrainingState(startingFrom: all.filter { path, _ in tuning.moves(path, top) }, method: method),
      key: key.split("step"), sampleCount: shape[0], stepsPerEpoch: stepsPerEpoch)
  }

  private static func inputTypes(_ shape: Shape, _ top: CausalDecoder) -> Tree<TensorType> {
    let tokens = TensorType(shape, .int32)
    return Tree([
      "input": top.takesTokens ? tokens : TensorType([shape[0], shape[1], top.configuration.width]),
      "tokens": tokens,
    ])
  }

  /// An adapter's factors at the start.
  ///
  /// - Throws: `ModelError` where the adapter does not fit the model.
  public static func initialFactors(
    _ adapter: LowRankAdapter, _ c: DecoderConfiguration, key: RandomKey, _ type: ElementType = .float32
  ) throws -> Tree<NDArray> {
    try CausalDecoder(c, adapter: adapter).layout.entries.filter { path, _ in LowRankAdapter.owns(path) }
      .mapWithPaths { path, entry in
        try entry.initializer.array(entry.type.shape, key: key.split("adapter").split(path), type)
      }
  }

  /// What the moving part takes for tokens: themselves, or the trunk's output.
  ///
  /// - Throws: `ModelError` where tokens are not [batch, time] or too long.
  public func input(_ tokens: NDArray) throws -> NDArray { try trunk?.output(tokens) ?? tokens }

  /// One update on a batch of tokens [batch, length] and what `input` made of them.
  ///
  /// - Returns: the readings by `step.readingTags`, of which the first is the loss before the update, in nats a token.
  /// - Throws: `TrainingError` where the loss is not finite.
  @discardableResult
  public func advance(_ tokens: NDArray, input: NDArray) throws -> [Double] {
    try step.advance(inputs(tokens, input: input))
  }

  /// The inputs of the step for tokens.
  public func inputs(_ tokens: NDArray, input: NDArray) -> Tree<NDArray> {
    frozen.merging(Tree(["input": input, "tokens": tokens]))
  }

  /// The weights that move, as they count: their mean where the chain keeps one, as `average` and `schedulefree` do.
  public var trained: Tree<NDArray> {
    let state = step.state
    return MovingAverage.evaluated(state.parameters, in: state.optimizerState)
  }

  /// The mean next-token loss over blocks, in nats a token.
  ///
  /// - Throws: `ModelError` where blocks are longer than the context; `CompilationError`.
  public func loss(of blocks: TokenBlocks) throws -> Double {
    let weights = trained.merging(frozen.subtree("frozen"))
    var total = 0.0
    for position in 0..<blocks.count {
      let tokens = blocks.array(at: [position])
      let program: Program
      if let known = evaluations[tokens.shape] {
        program = known
      } else {
        program = try lossProgram(weights, tokens.shape)
        evaluations[tokens.shape] = program
      }
      total += try program.run(weights.leaves + [try input(tokens), tokens])[0].item
    }
    return total / Double(blocks.count)
  }

  private func lossProgram(_ weights: Tree<NDArray>, _ shape: Shape) throws -> Program {
    let (paths, top) = (weights.paths, top)
    return try Program(inputs: weights.types.leaves + Self.inputTypes(shape, top).leaves) { _, x in
      let parameters = Parameters(Tree(sortedPaths: paths, leaves: Array(x.dropLast(2))))
      return [
        try top.nextTokenLosses(x[x.count - 2], tokens: x[x.count - 1], parameters, mode: .inference).mean()
      ]
    }
  }
}
