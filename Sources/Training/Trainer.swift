@_exported import Compilation
@_exported import Datasets
@_exported import Descending
@_exported import Models

/// A descent cannot go on.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Descends by `TrainingStep` on batches of a dataset, which depend on key and step only; where they are large, another thread makes
/// the next while a step is computed.
public final class Trainer {
  /// What is trained.
  public let model: any Layer
  /// Its mean over a batch is descended.
  public let loss: LossFunction
  /// How.
  public let method: any DescentMethod
  /// On what; batch k is that of step k.
  public let batches: BatchSequence

  /// Tags of what each step reports, in the order of what `advance()` returns.
  public let readingTags: [String]
  private let key: RandomKey
  private let compiled: any BatchStep
  private let shards: (any BatchShards)?
  private let ahead: BatchesAhead
  /// What makes several updates within one call, and how many at most; nil where each has a call of its own.
  private let atOnce: (step: TrainingStep, most: Int)?

  /// - Parameters:
  ///   - key: decides initial values (its child "initialization"), and randomness within steps.
  ///   - state: where to go on; a fresh start when nil.
  ///   - shards: the equal parts in which each batch is computed; nil for a whole batch at once.
  /// - Throws: `ShapeError`, `ModelError`, `DescentError` where the parts do not fit; `TrainingError` where batches have no such
  ///   parts, or the method needs them whole.
  public init(
    model: any Layer, loss: LossFunction, method: any DescentMethod, batches: BatchSequence,
    key: RandomKey, state: TrainingState? = nil, shards: (any BatchShards)? = nil
  ) throws {
    self.model = model
    self.loss = loss
    self.method = method
    self.batches = batches
    self.key = key
    self.shards = shards
    let start = try state ?? Self.initialState(model, method, key)
    try model.check(start.parameters.types, start.modelState.types)
    let parts = shards?.count ?? 1
    guard batches.batchSize.isMultiple(of: parts) else {
      let below = batches.batchSize / parts * parts
      throw TrainingError(
        "a batch of \(batches.batchSize) has no \(parts) equal parts; take "
          + (below > 0 ? "\(below) or \(below + parts)" : "\(batches.batchSize) parts or fewer"))
    }
    let size = batches.batchSize / parts
    ahead = BatchesAhead(batches, parts: (shards?.own ?? 0..<1).map { $0 * size..<($0 + 1) * size })
    // Any rows tell; the order of many takes its time.
    let first = Self.inputs(batches.batch(0, order: Array(0..<size), rows: 0..<size))
    let types = first.types
    compiled =
      if let shards {
        try ShardedStep(
          .supervised(model, loss), method: method, inputs: types, from: start, key: key.split("step"),
          sampleCount: batches.batchSize, stepsPerEpoch: batches.batchesPerEpoch, shards: shards)
      } else {
        try TrainingStep(
          .supervised(model, loss), method: method, inputs: types, from: start, key: key.split("step"),
          sampleCount: batches.batchSize, stepsPerEpoch: batches.batchesPerEpoch)
      }
    atOnce = (compiled as? TrainingStep).flatMap { step in
      let most = UpdatesAtOnce.most(of: step.program, batchBytes: first.leaves.reduce(0) { $0 + $1.byteCount })
      return most > 1 && step.isUniform && batches.augmentation == .none ? (step, most) : nil
    }
    readingTags = ["loss/train"] + compiled.readingTags.dropFirst()
  }

  /// Plain descent with a chain of transformations.
  /// - Throws: as for any method.
  public convenience init(
    model: any Layer, loss: LossFunction, optimizer: any GradientTransformation, batches: BatchSequence,
    key: RandomKey, state: TrainingState? = nil
  ) throws {
    try self.init(
      model: model, loss: loss, method: GradientDescent(optimizer), batches: batches, key: key, state: state)
  }

  /// A descent with this one's model, method, order and randomness on other examples: from the same start, or where a
  /// state says.
  /// - Throws: `DatasetError` where the examples do not fill a batch.
  public func twin(on dataset: Dataset, state: TrainingState? = nil) throws -> Trainer {
    let own = batches
    let others = try BatchSequence(
      dataset, batchSize: own.batchSize, key: own.key, augmentation: own.augmentation,
      normalization: own.normalization, sampling: own.sampling)
    return try Trainer(
      model: model, loss: loss, method: method, batches: others, key: key, state: state, shards: shards?.alone)
  }

  /// The values before the first step.
  ///
  /// - Throws: `DescentError` where the method does not fit the model; `LinearAlgebraError` where an orthogonal start
  ///   is not found.
  public static func initialState(
    _ model: any Layer, _ method: any DescentMethod, _ key: RandomKey
  ) throws -> TrainingState {
    try TrainingState(
      startingFrom: try model.initialParameters(key: key.split("initialization")),
      modelState: try model.initialState(), method: method)
  }

  private static let inputPaths = ["features", "targets"]
  private static func inputs(_ batch: (features: NDArray, targets: NDArray)) -> Tree<NDArray> {
    Tree(sortedPaths: inputPaths, leaves: [batch.features, batch.targets])
  }

  /// All that the descent is now, as a copy.
  public var state: TrainingState { compiled.state }
  /// Updates made.
  public var step: Int { compiled.step }
  /// What a step asks of the problem, in the mean over steps: samples, losses, gradients, Hessian products.
  public var calls: OracleCalls { compiled.calls }
  /// What all steps before one ask of the problem, together.
  package func calls(before end: Int) -> OracleCalls { compiled.calls(before: end) }
  /// The compiled step; where batches have parts, the gradient of a part.
  public var program: Program { compiled.program }

  /// Epoch of the next step, counted from 0.
  public var epoch: Int { step / batches.batchesPerEpoch }

  /// One update.
  ///
  /// - Returns: the readings of this step, in the order of `readingTags`; the loss is the batch's before the update.
  /// - Throws: `TrainingError` naming step and culprit when the loss is not finite.
  public func advance() throws -> [Double] {
    try compiled.advance { Self.inputs(try ahead.batch(step, rows: $0)) }
  }

  /// Updates until so many are made; small ones within few calls.
  ///
  /// - Returns: the mean of each reading over these updates, in the order of `readingTags`; nothing where as many are made already.
  /// - Throws: as for one update, after the one whose loss is not finite.
  public func advance(to end: Int) throws -> [Double] {
    guard end > step else { return [] }
    var sums = [Double](repeating: 0, count: readingTags.count)
    let count = end - step
    while step < end { try advance(atMost: end - step, addingTo: &sums) }
    return sums.map { $0 / Double(count) }
  }

  /// How many updates are made within one call.
  package var updatesAtOnce: Int { atOnce?.most ?? 1 }

  /// One update, or some within one call where they are small.
  func advance(atMost count: Int, addingTo sums: inout [Double]) throws {
    let left = batches.batchesPerEpoch - step % batches.batchesPerEpoch
    let steps = step..<step + min(count, updatesAtOnce, left)
    guard let compiled = atOnce?.step, steps.count > 1 else {
      for (index, reading) in try advance().enumerated() { sums[index] += reading }
      return
    }
    let readings = try compiled.advance(steps: steps.count, Self.inputs(try ahead.batches(steps)))
    for (index, reading) in readings.enumerated() { for value in reading.doubles { sums[index] += value } }
  }
}

/// What makes a trainer's updates: of whole batches, or of their parts.
protocol BatchStep: AnyObject {
  var state: TrainingState { get }
  var step: Int { get }
  var calls: OracleCalls { get }
  func calls(before end: Int) -> OracleCalls
  var program: Program { get }
  var readingTags: [String] { get }
  /// - Parameter rows: the inputs of some rows of the batch.
  func advance(rows: (Range<Int>) throws -> Tree<NDArray>) throws -> [Double]
}

extension TrainingStep: BatchStep {
  func advance(rows: (Range<Int>) throws -> Tree<NDArray>) throws -> [Double] { try advance(rows(0..<sampleCount)) }
}
