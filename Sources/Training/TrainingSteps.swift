/// A step of several descents at once, as one program: one objective and method, from several starts.
///
/// Each descent has its own parameters, states, randomness and inputs, and does what a `TrainingStep` of its own would do but
/// for rounding. Of small networks a step takes less time so: what it costs besides arithmetic is shared. Where arithmetic
/// takes most of the time, as in products of a hundred rows and columns, there is nothing to gain.
///
/// ```swift
/// let steps = try TrainingSteps(
///   objective, method: method, inputs: ["x": TensorType([16, 2]), "y": TensorType([16, 1])],
///   from: seeds.map { try TrainingState(startingFrom: start($0), method: method) },
///   keys: seeds.map { RandomKey(seed: $0) })
/// for _ in 0..<1000 { try steps.advance(seeds.map(batch)) }
/// ```
public final class TrainingSteps {
  /// How they descend.
  public let method: any DescentMethod
  /// Types of the named inputs of each.
  public let inputTypes: Tree<TensorType>
  /// Updates made.
  public private(set) var step: Int
  /// What an update of each asks of the problem: samples, losses, gradients, Hessian products. Where not all updates are alike, that of
  /// one that does all.
  package let calls: OracleCalls
  /// Whether all updates are alike: none does what is done only every few.
  package let isUniform: Bool
  private let keys: [RandomKey]
  private let update: CompiledUpdate
  private var clock: StepClock
  /// Whether a step draws; small steps feel it when keys are split for nothing.
  private let draws: Bool

  /// - Parameters:
  ///   - inputs: types by name, of one descent.
  ///   - starts: at least one; of the same paths, types and step.
  ///   - keys: one for each start; a key's child of each step's number is that step's randomness.
  ///   - sampleCount, stepsPerEpoch: how samples and epochs are counted for schedules.
  /// - Throws: `ShapeError`, `ModelError`, `DescentError`, `TrainingError` where the parts do not fit.
  public init(
    _ objective: Objective, method: any DescentMethod, inputs: Tree<TensorType>, from starts: [TrainingState],
    keys: [RandomKey], sampleCount: Int = 1, stepsPerEpoch: Int = 1
  ) throws {
    guard let begin = starts.first, keys.count == starts.count else {
      throw TrainingError(
        "\(starts.count) starts and \(keys.count) keys: there must be at least one, and as many of both")
    }
    let types = begin.trees.map(\.types)
    for start in starts where start.trees.map(\.types) != types || start.step != begin.step {
      throw TrainingError("the starts differ in paths, types or step")
    }
    guard try method.initialState(for: types[0]).types == types[2] else {
      throw TrainingError("the optimizer's state is not that of \(method.description)")
    }
    (self.method, inputTypes, self.keys) = (method, inputs, keys)
    step = begin.step
    let stacked = types.indices.map { tree in
      Tree(
        sortedPaths: types[tree].paths,
        leaves: (0..<types[tree].count).map { leaf in NDArray(stacking: starts.map { $0.trees[tree].leaves[leaf] }) })
    }
    let count = starts.count
    func all(_ type: TensorType) -> TensorType { TensorType(Shape([count] + type.shape.dimensions), type.elementType) }
    let trace = StepTrace(objective, method, sampleCount)
    let state = TreePacking(types)
    func compiled(_ occasions: Occasions?) throws -> CompiledUpdate {
      try CompiledUpdate(
        stacked, inputs: [TensorType([3]), all(TensorType([2], .int32))] + inputs.leaves.map(all)
      ) { trees, x in
        var tags: [String] = []
        let results = try vectorized(over: trees.flatMap(\.leaves) + x.dropFirst()) { own in
          let (after, readings) = try trace.results(
            state.unpack(own), clock: ["counters": x[0], "key": own[state.count]],
            inputs: Tree(sortedPaths: inputs.paths, leaves: Array(own.dropFirst(state.count + 1))), occasions: occasions
          )
          tags = readings.map(\.tag)
          return after.flatMap(\.leaves) + readings.map { $0.value.reshaped(to: .scalar) }
        }
        return (state.unpack(results), Array(zip(tags, results.dropFirst(state.count))))
      }
    }
    // Where nothing asks which update it is, one program is that of all.
    let occasions = Occasions()
    let first = try compiled(occasions)
    isUniform = occasions.periods.isEmpty
    calls = trace.calls
    update = isUniform ? first : try compiled(nil)
    clock = StepClock(sampleCount: sampleCount, stepsPerEpoch: stepsPerEpoch, descents: count)
    draws = update.program.reads(argument: state.count + 1)
  }

  /// Arguments are parameters, running values and optimizer state, all donated; counters and keys; the inputs. All but the
  /// counters have the descents along their first axis.
  public var program: Program { update.program }
  /// Tags of what each step reports, as those of a `TrainingStep`.
  public var readingTags: [String] { update.readingTags }

  /// Parameters, running values and optimizer state, with the descents along a first axis.
  package var stacked: [Tree<NDArray>] { update.state }

  /// Where each descent is.
  public var states: [TrainingState] {
    let trees = update.state
    return keys.indices.map { index in
      let own = trees.map { $0.map { $0.part(index) } }
      return TrainingState(parameters: own[0], modelState: own[1], optimizerState: own[2], step: step)
    }
  }

  /// One update of each.
  ///
  /// - Parameters:
  ///   - inputs: of each descent; none where they have none.
  ///   - checksLoss: whether a loss that is not finite is an error.
  /// - Returns: in the order of `readingTags` the readings of all descents.
  /// - Throws: `TrainingError` where inputs are missing, unknown or of another type, or naming step and descent where a loss
  ///   is not finite.
  @discardableResult
  public func advance(_ inputs: [Tree<NDArray>] = [], checksLoss: Bool = true) throws -> [[Double]] {
    guard inputs.count == keys.count || (inputs.isEmpty && inputTypes.isEmpty) else {
      throw TrainingError("\(keys.count) descents need inputs of their own, and there are \(inputs.count)")
    }
    for own in inputs { try TrainingStep.check(own, inputTypes) }
    let stacked = (0..<inputTypes.count).map { leaf in NDArray(stacking: inputs.map { $0.leaves[leaf] }) }
    let readings = try update.readings(
      counters: clock.counters(step), key: draws ? clock.key(keys, step) : clock.noKey, stacked
    ).map(\.doubles)
    step += 1
    if checksLoss, let index = readings[0].firstIndex(where: { !$0.isFinite }) {
      throw divergence(index, readings[0][index])
    }
    return readings
  }

  /// Several updates of each within one call, which do what as many calls do.
  ///
  /// - Parameters:
  ///   - count: of updates, 1 to 1,000,000; what they report takes memory.
  ///   - inputs: of all updates and descents: each with a first axis of `count` and a second one of descents before its type's own.
  ///   - checksLoss: whether a loss that is not finite is an error, which ends the updates; else they end where no loss is finite.
  /// - Returns: the readings in the order of `readingTags`, each [updates made, descents].
  /// - Throws: as `advance`, and then without the readings before; `TrainingError` where there are too many updates or none.
  @discardableResult
  public func advance(
    steps count: Int, _ inputs: Tree<NDArray> = Tree(), checksLoss: Bool = true
  ) throws -> [NDArray] {
    try UpdatesAtOnce.check(count)
    let descents = keys.count
    try TrainingStep.check(
      inputs, inputTypes.map { TensorType(Shape([count, descents] + $0.shape.dimensions), $0.elementType) })
    func isFinite(_ readings: [NDArray], _ update: Int, _ index: Int) -> Bool {
      readings[0][flat: update * descents + index].isFinite
    }
    let (readings, done) = try update.readings(
      counters: clock.counters(step..<step + count),
      key: draws ? clock.key(keys, step..<step + count) : clock.noKey, inputs.leaves, times: count
    ) { done, readings in
      checksLoss
        ? (0..<descents).allSatisfy { isFinite(readings, done - 1, $0) }
        : (0..<descents).contains { isFinite(readings, done - 1, $0) }
    }
    step += done
    if checksLoss, let index = (0..<descents).first(where: { !isFinite(readings, done - 1, $0) }) {
      throw divergence(index, readings[0][flat: (done - 1) * descents + index])
    }
    return readings.map { done < count ? $0.rows(0..<done) : $0 }
  }

  /// How many updates are worth a call: one where they take long.
  package var updatesAtOnce: Int { UpdatesAtOnce.most(of: program, batchBytes: 0) }

  /// The mean time of each kernel call of an update of all, without inputs; the state stays.
  /// - Throws: as `advance`.
  package func profile(runs: Int) throws -> [Program.ProfileEntry] {
    try update.profile([clock.counters(step), clock.key(keys, step)], runs: runs)
  }

  private func divergence(_ index: Int, _ loss: Double) -> TrainingError {
    TrainingError("the loss of descent \(index) is \(loss.text) at step \(step); a smaller rate or a clip may help")
  }
}
