@_exported import Compilation
@_exported import Datasets
@_exported import Descending
@_exported import Models

/// A descent cannot go on.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// All that a descent is: saved, it goes on exactly.
public struct TrainingState: Sendable, Equatable {
  public var parameters: Tree<NDArray>
  /// Running values of the model.
  public var modelState: Tree<NDArray>
  public var optimizerState: Tree<NDArray>
  /// Updates made.
  public var step: Int
}

/// Descends: one compiled program a step, on batches that depend on key and step only.
///
/// The whole step - forward, backward, transformations, readings - is one program; parameters and states are updated
/// in place.
public final class Trainer {
  public let model: any Layer
  public let loss: LossFunction
  public let method: any DescentMethod
  public let batches: BatchSequence

  /// Tags of what each step reports, in the order of `Program`'s last results.
  public let readingTags: [String]
  /// What each step asks of the problem: samples, losses, gradients, Hessian products.
  public let calls: OracleCalls
  public let program: Program
  private let key: RandomKey
  private var arrays: [NDArray]
  private let counts: (parameters: Int, modelState: Int, optimizerState: Int)
  private let paths: (parameters: [String], modelState: [String], optimizerState: [String])
  public private(set) var step: Int
  private var order: (epoch: Int, indices: [Int]) = (-1, [])

  /// - Parameters:
  ///   - key: decides initial values (its child "initialization"), and randomness within steps.
  ///   - state: where to go on; a fresh start when nil.
  /// - Throws: `ShapeError`, `ModelError`, `DescentError` where the parts do not fit.
  public init(
    model: any Layer, loss: LossFunction, method: any DescentMethod, batches: BatchSequence,
    key: RandomKey, state: TrainingState? = nil
  ) throws {
    self.model = model
    self.loss = loss
    self.method = method
    self.batches = batches
    self.key = key
    let start = try state ?? Self.initialState(model, method, key)
    try model.check(start.parameters.types, start.modelState.types)
    guard try method.initialState(for: start.parameters.types).types == start.optimizerState.types else {
      throw TrainingError("the optimizer's state is not that of \(method.description)")
    }
    counts = (start.parameters.count, start.modelState.count, start.optimizerState.count)
    paths = (start.parameters.paths, start.modelState.paths, start.optimizerState.paths)
    arrays = start.parameters.leaves + start.modelState.leaves + start.optimizerState.leaves
    step = start.step
    let example = batches.batch(0, order: batches.order(epoch: 0))
    let stateTypes = arrays.map { TensorType(of: $0) }
    let n = stateTypes.count
    let types =
      stateTypes + [
        TensorType([3]), TensorType([2], .int32), TensorType(of: example.features), TensorType(of: example.targets),
      ]
    var tags: [String] = []
    var calls = OracleCalls()
    let (counts, paths) = (counts, paths)
    program = try Program(inputs: types, donating: Dictionary(uniqueKeysWithValues: (0..<n).map { ($0, $0) })) { _, x in
      let point = Parameters(Tree(sortedPaths: paths.parameters, leaves: Array(x[0..<counts.parameters])))
      let running = Tree(
        sortedPaths: paths.modelState, leaves: Array(x[counts.parameters..<counts.parameters + counts.modelState]))
      let memory = Tree(sortedPaths: paths.optimizerState, leaves: Array(x[counts.parameters + counts.modelState..<n]))
      let key = x[n + 1]
      let problem = DescentProblem(
        counters: Counters(updates: x[n].part(0), samples: x[n].part(1), epochs: x[n].part(2)), key: key,
        sampleCount: batches.batchSize
      ) { point in
        let (output, newRunning) = try model(x[n + 2], point, state: running, mode: .training, key: key)
        return (loss(output, x[n + 3]), newRunning)
      }
      let step = try method.step(from: point, state: memory, on: problem)
      tags = step.readings.keys.sorted()
      calls = problem.calls
      guard let newRunning = problem.modelState else { throw DescentError("\(method.description) asks for no loss") }
      return step.parameters.tree.leaves + newRunning.leaves + step.state.leaves
        + [step.loss] + tags.map { step.readings[$0]!.cast(to: .float32) }
    }
    readingTags = ["loss/train"] + tags
    self.calls = calls
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
    return try Trainer(model: model, loss: loss, method: method, batches: others, key: key, state: state)
  }

  /// The values before the first step.
  public static func initialState(
    _ model: any Layer, _ method: any DescentMethod, _ key: RandomKey
  ) throws -> TrainingState {
    let parameters = try model.initialParameters(key: key.split("initialization"))
    return TrainingState(
      parameters: parameters, modelState: try model.initialState(),
      optimizerState: try method.initialState(for: parameters.types), step: 0)
  }

  public var state: TrainingState {
    let (p, m) = (counts.parameters, counts.modelState)
    return TrainingState(
      parameters: Tree(sortedPaths: paths.parameters, leaves: Array(arrays[0..<p])),
      modelState: Tree(sortedPaths: paths.modelState, leaves: Array(arrays[p..<p + m])),
      optimizerState: Tree(sortedPaths: paths.optimizerState, leaves: Array(arrays[p + m..<arrays.count])), step: step)
  }

  /// Epoch of the next step, counted from 0.
  public var epoch: Int { step / batches.batchesPerEpoch }

  /// One update.
  ///
  /// - Returns: the readings of this step, in the order of `readingTags`; the loss is the batch's before the update.
  /// - Throws: `TrainingError` naming step and culprit when the loss is not finite.
  public func advance() throws -> [Double] {
    if order.epoch != epoch { order = (epoch, batches.order(epoch: epoch)) }
    let batch = batches.batch(step, order: order.indices)
    let samples = Double(step) * Double(batches.batchSize)
    let counters = NDArray([Float(step), Float(samples), Float(Double(step) / Double(batches.batchesPerEpoch))])
    var arguments = arrays
    arguments.append(contentsOf: [counters, key.split("step").split(step).array, batch.features, batch.targets])
    // The only references are now those of the arguments, so that donated arrays are updated in place.
    arrays.removeAll(keepingCapacity: true)
    let results: [NDArray]
    do { results = try program.run(updating: &arguments) } catch {
      arrays = Array(arguments.prefix(arguments.count - 4))
      throw error
    }
    arrays.append(contentsOf: arguments.prefix(arguments.count - 4))
    step += 1
    let readings = results.map(\.item)
    guard readings[0].isFinite else { throw TrainingError(divergence(batch.features, readings)) }
    return readings
  }

  private func divergence(_ features: NDArray, _ readings: [Double]) -> String {
    var culprit = "the parameters before this step are too large"
    if let bad = (0..<features.count).first(where: { !features[flat: $0].isFinite }) {
      culprit =
        "the batch holds \(features[flat: bad]) in its sample \(bad / max(features.count / features.shape[0], 1))"
    } else {
      let affected = state.parameters.filter { _, array in (0..<array.count).contains { !array[flat: $0].isFinite } }
      if let first = affected.paths.first {
        culprit = "\(affected.count) of \(counts.parameters) parameters are not finite, the first is \(first)"
      }
    }
    let others = zip(readingTags, readings).dropFirst().map { "\($0) \($1)" }.joined(separator: ", ")
    return "the loss is \(readings[0]) at step \(step): \(culprit)" + (others.isEmpty ? "" : " (\(others))")
      + "; a smaller rate or a clip may help"
  }
}
