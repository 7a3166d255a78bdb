import Arrays
import Compilation
@_exported import Descending
import Parameters

/// Descends on the next-token loss of packed texts: one compiled step, moving weights and optimizer state in place.
///
/// What lies below the moving weights is run once for each block of tokens and kept.
public final class FineTuner {
  public let tuning: FineTuning
  public let optimizer: Chain
  /// Tags of what a step reports besides the loss.
  public private(set) var readingTags: [String] = []
  public private(set) var step = 0
  /// The part of the model that holds the moving weights.
  public let top: Decoder

  private let trunk: FrozenTrunk?
  private let moving: [String]
  private let stateCount: Int
  private let frozen: Tree<NDArray>
  private var arrays: [NDArray]
  private let batchSize: Int
  private let key: RandomKey
  private var program: Program!
  private var evaluations: [Shape: Program] = [:]

  /// - Parameters:
  ///   - optimizer: a chain that makes steps.
  ///   - shape: of a batch of tokens, [batch, length].
  ///   - key: decides an adapter's start and randomness within steps.
  ///   - factors: an adapter's factors to go on from.
  /// - Throws: `LanguageModelError`, `DescentError`, `ShapeError` where the parts do not fit.
  public init(
    _ model: PretrainedModel, _ tuning: FineTuning, optimizer: Chain, shape: Shape, key: RandomKey,
    factors: Tree<NDArray>? = nil
  ) throws {
    guard shape.rank == 2, shape[0] >= 1, shape[1] >= 2 else {
      throw LanguageModelError("a batch of shape \(shape) has nothing to predict")
    }
    guard shape[1] <= model.configuration.context else {
      throw LanguageModelError(
        "blocks of \(shape[1]) tokens are longer than the model's context of \(model.configuration.context)")
    }
    (self.tuning, self.optimizer, self.key, batchSize) = (tuning, optimizer, key, shape[0])
    let parts = try tuning.parts(of: model.configuration)
    top = parts.top
    trunk = parts.trunk.map { FrozenTrunk($0, weights: model.parameters(of: $0)) }
    var all = model.parameters(of: parts.top)
    if case .lowRank(let adapter) = tuning {
      let start = try factors ?? Self.initialFactors(adapter, model.configuration, key: key)
      try AdapterFile.check(start, adapter, model.configuration)
      all = all.merging(start)
    }
    let top = parts.top
    let trained = all.filter { path, _ in tuning.moves(path, top) }
    frozen = all.filter { path, _ in !tuning.moves(path, top) }
    let state = try optimizer.initialState(for: trained.types)
    moving = trained.paths
    stateCount = state.count
    // Given up below, so that steps update in place.
    arrays = trained.leaves + state.leaves
    try compile(shape, state)
  }

  /// An adapter's factors at the start.
  public static func initialFactors(
    _ adapter: LowRankAdapter, _ c: DecoderConfiguration, key: RandomKey, _ type: ElementType = .float32
  ) throws -> Tree<NDArray> {
    try Decoder(c, adapter: adapter).layout.entries.filter { path, _ in LowRankAdapter.owns(path) }
      .mapWithPaths { path, entry in
        try entry.initializer.array(entry.type.shape, key: key.split("adapter").split(path), type)
      }
  }

  private func inputType(_ shape: Shape) -> TensorType {
    trunk == nil ? TensorType(shape, .int32) : TensorType([shape[0], shape[1], top.configuration.width])
  }

  private func compile(_ shape: Shape, _ state: Tree<NDArray>) throws {
    let n = arrays.count
    let (moving, statePaths, frozenPaths, top, optimizer) = (self.moving, state.paths, frozen.paths, top, optimizer)
    let types =
      arrays.map { TensorType(of: $0) } + [TensorType([3]), TensorType([2], .int32)] + frozen.types.leaves
      + [inputType(shape), TensorType(shape, .int32)]
    var tags: [String] = []
    let batch = batchSize
    program = try Program(inputs: types, donating: Dictionary(uniqueKeysWithValues: (0..<n).map { ($0, $0) })) { _, x in
      let point = Parameters(Tree(sortedPaths: moving, leaves: Array(x[0..<moving.count])))
      let memory = Tree(sortedPaths: statePaths, leaves: Array(x[moving.count..<n]))
      let still = Tree(sortedPaths: frozenPaths, leaves: Array(x[n + 2..<x.count - 2]))
      let problem = DescentProblem(
        counters: Counters(updates: x[n].part(0), samples: x[n].part(1), epochs: x[n].part(2)), key: x[n + 1],
        sampleCount: batch
      ) { point in
        let logits = try top(x[x.count - 2], Parameters(point.tree.merging(still))).output
        return (nextTokenLosses(logits, tokens: x[x.count - 1]).mean(), Tree())
      }
      let result = try GradientDescent(optimizer).step(from: point, state: memory, on: problem)
      tags = result.readings.keys.sorted()
      return result.parameters.tree.leaves + result.state.leaves + [result.loss]
        + tags.map { result.readings[$0]!.cast(to: .float32) }
    }
    readingTags = tags
  }

  /// What the moving part takes for tokens: themselves, or the trunk's output.
  public func input(_ tokens: NDArray) throws -> NDArray { try trunk?.output(tokens) ?? tokens }

  /// One update on a batch of tokens [batch, length] and what `input` made of them.
  ///
  /// - Parameter epochs: passes over the data so far.
  /// - Returns: the loss before the update, in nats a token, and the readings by `readingTags`.
  /// - Throws: `LanguageModelError` where the loss is not finite.
  public func advance(_ tokens: NDArray, input: NDArray, epochs: Double) throws -> (loss: Double, readings: [Double]) {
    let counters = NDArray([Float(step), Float(step * batchSize), Float(epochs)])
    var arguments = arrays
    arguments.append(contentsOf: [counters, key.split("step").split(step).array])
    arguments.append(contentsOf: frozen.leaves)
    arguments.append(contentsOf: [input, tokens])
    let count = arrays.count
    // The only references are now those of the arguments, so that donated arrays are updated in place.
    arrays.removeAll(keepingCapacity: true)
    defer { arrays = Array(arguments.prefix(count)) }
    let results = try program.run(updating: &arguments).map(\.item)
    step += 1
    guard results[0].isFinite else {
      throw LanguageModelError("the loss is \(results[0]) at step \(step): a smaller rate or a clip may help")
    }
    return (results[0], Array(results.dropFirst()))
  }

  /// The weights that move, as they are now.
  public var trained: Tree<NDArray> { Tree(sortedPaths: moving, leaves: Array(arrays.prefix(moving.count))) }

  /// The mean next-token loss over blocks, in nats a token.
  public func loss(of blocks: TokenBlocks) throws -> Double {
    var total = 0.0
    for position in 0..<blocks.count {
      let tokens = blocks.array(at: [position])
      let program: Program
      if let known = evaluations[tokens.shape] {
        program = known
      } else {
        program = try lossProgram(tokens.shape)
        evaluations[tokens.shape] = program
      }
      total += try program.run(Array(arrays.prefix(moving.count)) + frozen.leaves + [try input(tokens), tokens])[0].item
    }
    return total / Double(blocks.count)
  }

  private func lossProgram(_ shape: Shape) throws -> Program {
    let (moving, frozenPaths, top) = (self.moving, frozen.paths, top)
    let types =
      arrays.prefix(moving.count).map { TensorType(of: $0) } + frozen.types.leaves
      + [inputType(shape), TensorType(shape, .int32)]
    return try Program(inputs: types) { _, x in
      let point = Tree(sortedPaths: moving, leaves: Array(x[0..<moving.count]))
      let still = Tree(sortedPaths: frozenPaths, leaves: Array(x[moving.count..<x.count - 2]))
      let logits = try top(x[x.count - 2], Parameters(point.merging(still)), mode: .inference).output
      return [nextTokenLosses(logits, tokens: x[x.count - 1]).mean()]
    }
  }
}
