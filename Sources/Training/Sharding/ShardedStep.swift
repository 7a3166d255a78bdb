/// A training step whose batch is computed in parts: one program for the gradient of a part, one for the update by their mean.
///
/// Losses and running values are means over the parts too. A layer that looks at a whole batch, as batch normalisation, sees a
/// part of it. Each part has a randomness of its own, the update that of the step.
final class ShardedStep: BatchStep {
  let readingTags: [String]
  var calls: OracleCalls { programs.calls }
  func calls(before end: Int) -> OracleCalls { programs.calls(before: end) }
  /// The gradient of a part.
  let program: Program
  private(set) var step: Int
  private let update: Program
  private let programs: OccasionalPrograms
  private let shards: any BatchShards
  private let rowCount: Int
  private let stepsPerEpoch: Int
  private let key: RandomKey
  private let packing: TreePacking
  /// Positions of the gradient's arrays in the order in which they are there.
  private let order: [Int]
  private var parameters: [NDArray]
  private var running: [NDArray]
  private var memory: [NDArray]

  /// - Parameters:
  ///   - inputs: types of a part's.
  ///   - sampleCount: of a whole batch.
  /// - Throws: `TrainingError` for a method that looks at a batch more than once, or parts that are not equal; else as
  ///   `TrainingStep`.
  init(
    _ objective: Objective, method: any DescentMethod, inputs: Tree<TensorType>, from start: TrainingState,
    key: RandomKey, sampleCount: Int, stepsPerEpoch: Int, shards: any BatchShards
  ) throws {
    guard let descent = method as? GradientDescent, objective.follow == nil else {
      throw TrainingError(
        "\(method.description) looks at a batch more than once, and a batch in parts is seen once: give a chain alone")
    }
    guard !descent.transformation.requirements.contains(.curvature) else {
      throw TrainingError(
        "\(method.description) asks for products with the Hessian of a whole batch, and there are parts of it alone")
    }
    guard try method.initialState(for: start.parameters.types).types == start.optimizerState.types else {
      throw TrainingError("the optimizer's state is not that of \(method.description)")
    }
    if let (path, type) = start.modelState.types.first(where: { ![.float32, .float64].contains($1.elementType) }) {
      throw TrainingError(
        "the running value \(path) is of \(type.elementType), which has no mean over parts of a batch")
    }
    (self.shards, self.key, self.stepsPerEpoch) = (shards, key, stepsPerEpoch)
    rowCount = sampleCount / shards.count
    step = start.step
    packing = TreePacking([start.parameters.types, start.modelState.types, start.optimizerState.types])
    (parameters, running, memory) = (start.parameters.leaves, start.modelState.leaves, start.optimizerState.leaves)
    let trace = ShardTrace(objective, descent, sampleCount)
    let (points, states, memories) = (packing.trees[0], packing.trees[1], packing.trees[2])
    let clock: Tree<TensorType> = ["counters": TensorType([3]), "key": TensorType([2], .int32)]
    let asking = TreePacking([points, states, clock, inputs])
    program = try Program(inputs: asking.types) { _, x in try trace.gradient(asking.unpack(x)) }
    order = program.finishingOrder.filter { $0 < points.count }
    let moving = TreePacking([points, memories, clock, points, ["loss": trace.lossType]])
    func recorded(_ occasions: Occasions) throws -> Program {
      try Program(
        inputs: moving.types,
        donating: Dictionary(uniqueKeysWithValues: (0..<points.count + memories.count).map { ($0, $0) })
      ) { _, x in try trace.update(moving.unpack(x), occasions) }
    }
    let all = Occasions()
    update = try recorded(all)
    readingTags = trace.tags
    programs = try OccasionalPrograms(all, update, trace.calls) { (try recorded($0), trace.calls) }
  }

  var state: TrainingState {
    let trees = packing.unpack(parameters + running + memory)
    return TrainingState(parameters: trees[0], modelState: trees[1], optimizerState: trees[2], step: step)
  }

  func advance(rows: (Range<Int>) throws -> Tree<NDArray>) throws -> [Double] {
    let key = key.split(step)
    let mean = try shards.mean(step: step, order: order) { part, isThere in
      let inputs = try rows(part * rowCount..<(part + 1) * rowCount)
      let own = shards.count == 1 ? key : key.split("part").split(part)
      let results = try program.run(parameters + running + clock(own) + inputs.leaves) { position, array in
        if position < parameters.count { isThere(position, array) }
      }
      return ShardResult(
        gradient: Array(results[..<parameters.count]), rest: Array(results[parameters.count...]))
    }
    let loss = mean.rest[0].item
    guard loss.isFinite else { throw TrainingError(divergence(loss)) }
    // The arrays are owned here alone, so that they are updated in place.
    var arguments = parameters + memory + clock(key) + mean.gradient + [mean.rest[0]]
    let counts = (parameters.count, memory.count)
    (parameters, memory) = ([], [])
    let readings = try (programs.program(at: step) ?? update).run(updating: &arguments)
    parameters = Array(arguments[..<counts.0])
    memory = Array(arguments[counts.0..<counts.0 + counts.1])
    running = Array(mean.rest[1..<1 + running.count])
    step += 1
    return [loss] + readings.map(\.item)
  }

  private func clock(_ key: RandomKey) -> [NDArray] {
    let samples = Double(step) * Double(rowCount * shards.count)
    return [
      NDArray([Float(step), Float(samples), Float(Double(step) / Double(stepsPerEpoch))]), key.array,
    ]
  }

  private func divergence(_ loss: Double) -> String {
    let affected = state.parameters.filter { _, array in (0..<array.count).contains { !array[flat: $0].isFinite } }
    let culprit =
      affected.paths.first.map { "\(affected.count) arrays of parameters are not finite, the first is \($0)" }
      ?? "the parameters before this step are too large, or the batch holds such a number"
    return "the loss is \(loss.text) at step \(step + 1): \(culprit); a smaller rate or a clip may help"
  }
}

/// Records both halves of a step, and notes what it reports and asks.
private final class ShardTrace {
  private let objective: Objective
  private let method: GradientDescent
  private let sampleCount: Int
  private(set) var tags: [String] = []
  private(set) var calls = OracleCalls()
  private(set) var lossType = TensorType(.scalar)

  init(_ objective: Objective, _ method: GradientDescent, _ sampleCount: Int) {
    (self.objective, self.method, self.sampleCount) = (objective, method, sampleCount)
  }

  /// - Parameter trees: parameters, running values, clock, inputs.
  /// - Returns: the gradient, the loss, running values.
  func gradient(_ trees: [Tree<Tensor>]) throws -> [Tensor] {
    let (counters, key) = (Counters(clock: trees[2]), trees[2]["key"]!)
    let problem = DescentProblem(counters: counters, key: key, sampleCount: sampleCount) { [objective] point in
      var scope = ObjectiveScope(state: trees[1], counters: counters, key: key)
      let value = try objective.evaluate(point, StepInputs(trees[3]), &scope)
      return (value, scope.state)
    }
    let (loss, gradient) = try problem.gradient(at: Parameters(trees[0]))
    (calls, lossType) = (problem.calls, loss.type)
    return gradient.tree.leaves + [loss] + problem.modelState!.leaves
  }

  /// - Parameter trees: parameters, optimizer state, clock, gradient, loss.
  /// - Returns: parameters and optimizer state after the step, readings.
  func update(_ trees: [Tree<Tensor>], _ occasions: Occasions) throws -> [Tensor] {
    let (point, key) = (Parameters(trees[0]), trees[2]["key"]!)
    var counters = Counters(clock: trees[2])
    counters.occasions = occasions
    let problem = DescentProblem(counters: counters, key: key, sampleCount: sampleCount) { _ in
      throw TrainingError("the parts of a batch are computed already")
    }
    let result = try problem.run(
      method.transformation, on: Updates(trees[3]), trees[1], at: point, loss: trees[4]["loss"]!)
    tags = ["loss"] + result.readings.keys.sorted()
    return point.moved(by: result.step).tree.leaves + result.state.leaves
      + tags.dropFirst().map { result.readings[$0]! }
  }
}
