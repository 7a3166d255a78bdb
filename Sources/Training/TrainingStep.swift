/// One step of a descent, compiled: evaluation, derivatives, method and readings are one program, which updates
/// parameters and states in place.
///
/// Everything that descends runs this step: supervised training, control, language models, meta-learning. They differ in
/// objective and inputs.
/// ```swift
/// let method = try DescentMethodKind.parse("adam | rate 0.001")
/// let step = try TrainingStep(
///   objective, method: method, inputs: ["observations": TensorType([32, 4]), "actions": TensorType([32], .int32)],
///   from: try TrainingState(startingFrom: parameters, method: method), key: RandomKey(seed: 1))
/// let readings = try step.advance(["observations": observations, "actions": actions])
/// ```
public final class TrainingStep {
  /// How it descends.
  public let method: any DescentMethod
  /// Types of the named inputs.
  public let inputTypes: Tree<TensorType>
  /// Samples of one step, which advance the sample counter.
  public let sampleCount: Int
  /// Steps of one epoch, which advance the epoch counter.
  public let stepsPerEpoch: Int
  /// What a step asks of the problem, in the mean over steps: samples, losses, gradients, Hessian products.
  public var calls: OracleCalls { programs.calls }
  /// What all steps before one ask of the problem, together.
  package func calls(before end: Int) -> OracleCalls { programs.calls(before: end) }
  /// Whether all steps are alike: none does what is done only every few.
  package var isUniform: Bool { programs.isUniform }
  /// Updates made.
  public private(set) var step: Int
  private var key: RandomKey
  private let update: CompiledUpdate
  private let programs: OccasionalPrograms
  private var ownClock: StepClock
  /// Whether a step draws; small steps feel it when keys are split for nothing.
  private let draws: Bool

  /// - Parameters:
  ///   - inputs: types by name; names are sorted like paths.
  ///   - key: its child of each step's number is that step's randomness.
  ///   - sampleCount, stepsPerEpoch: how samples and epochs are counted for schedules.
  /// - Throws: `ShapeError`, `ModelError`, `DescentError`, `TrainingError` where the parts do not fit.
  public init(
    _ objective: Objective, method: any DescentMethod, inputs: Tree<TensorType>, from start: TrainingState,
    key: RandomKey, sampleCount: Int = 1, stepsPerEpoch: Int = 1
  ) throws {
    guard !start.parameters.isEmpty else {
      throw TrainingError("there are no parameters: there is nothing to descend on")
    }
    guard try method.initialState(for: start.parameters.types).types == start.optimizerState.types else {
      throw TrainingError("the optimizer's state is not that of \(method.description)")
    }
    self.method = method
    inputTypes = inputs
    self.sampleCount = sampleCount
    self.stepsPerEpoch = stepsPerEpoch
    self.key = key
    step = start.step
    let others = TreePacking([StepClock.types, inputs])
    let trace = StepTrace(objective, method, sampleCount)
    func tracing(_ occasions: Occasions) -> CompiledUpdate.Trace {
      { state, x in
        let others = others.unpack(x)
        return try trace.results(state, clock: others[0], inputs: others[1], occasions: occasions)
      }
    }
    let all = Occasions()
    let compiled = try CompiledUpdate(start.trees, inputs: others.types, tracing(all))
    update = compiled
    programs = try OccasionalPrograms(all, compiled.program, trace.calls) {
      (try compiled.alternative(tracing($0)), trace.calls)
    }
    ownClock = StepClock(sampleCount: sampleCount, stepsPerEpoch: stepsPerEpoch)
    let keyPosition = start.trees.reduce(1) { $0 + $1.count }
    draws = !programs.isUniform || compiled.program.reads(argument: keyPosition)
  }

  /// Arguments are parameters, running values and optimizer state, all donated; counters and key; the inputs. Of steps that are not
  /// alike, the one that does all.
  public var program: Program { update.program }
  /// Tags of what each step reports: first "loss", the method's at the point where the step began; then, sorted, the
  /// readings of method and objective, and "loss/NAME" of each loss where there are several.
  public var readingTags: [String] { update.readingTags }

  /// Where the descent is.
  public var state: TrainingState {
    let trees = update.state
    return TrainingState(parameters: trees[0], modelState: trees[1], optimizerState: trees[2], step: step)
  }

  /// Goes on from another state of the same types, with another stream of randomness where one is given.
  /// - Throws: `TrainingError` where the types differ.
  public func restore(_ state: TrainingState, key: RandomKey? = nil) throws {
    try update.restore(state.trees)
    step = state.step
    if let key { self.key = key }
  }

  /// One update.
  ///
  /// - Parameter checksLoss: whether a loss that is not finite is an error.
  /// - Returns: the readings in the order of `readingTags`.
  /// - Throws: `TrainingError` where inputs are missing, unknown or of another type, or naming step and culprit where the
  ///   loss is not finite.
  @discardableResult
  public func advance(_ inputs: Tree<NDArray> = Tree(), checksLoss: Bool = true) throws -> [Double] {
    try Self.check(inputs, inputTypes)
    let readings = try update.readings(
      counters: ownClock.counters(step), key: draws ? ownClock.key([key], step) : ownClock.noKey, inputs.leaves,
      by: programs.isUniform ? nil : programs.program(at: step)
    ).map(\.item)
    step += 1
    if checksLoss, !readings[0].isFinite { throw TrainingError(divergence(inputs, readings)) }
    return readings
  }

  /// Several updates within one call, which do what as many calls do: small steps feel what a call costs.
  ///
  /// - Parameters:
  ///   - count: of updates, 1 to 1,000,000; what they report takes memory.
  ///   - inputs: of all updates, each with a first axis of `count` before its type's own.
  ///   - checksLoss: whether a loss that is not finite is an error. It ends the updates in any case.
  /// - Returns: the readings in the order of `readingTags`, each [updates made].
  /// - Throws: as `advance`, and then without the readings before; `TrainingError` where there are too many updates or none.
  @discardableResult
  public func advance(
    steps count: Int, _ inputs: Tree<NDArray> = Tree(), checksLoss: Bool = true
  ) throws -> [NDArray] {
    try UpdatesAtOnce.check(count)
    try Self.check(inputs, inputTypes.map { TensorType(Shape([count] + $0.shape.dimensions), $0.elementType) })
    guard programs.isUniform else { return try advanceOneByOne(count, inputs, checksLoss) }
    let (readings, done) = try update.readings(
      counters: ownClock.counters(step..<step + count),
      key: draws ? ownClock.key([key], step..<step + count) : ownClock.noKey, inputs.leaves, times: count
    ) { done, readings in readings[0][flat: done - 1].isFinite }
    step += done
    let last = readings.map { $0[flat: done - 1] }
    if checksLoss, !last[0].isFinite { throw TrainingError(divergence(inputs.map { $0.part(done - 1) }, last)) }
    return readings.map { (done < count ? $0.rows(0..<done) : $0).reshaped(to: [done]) }
  }

  /// Of updates that are not alike.
  private func advanceOneByOne(_ count: Int, _ inputs: Tree<NDArray>, _ checksLoss: Bool) throws -> [NDArray] {
    var single: [[Double]] = []
    for update in 0..<count where single.last?[0].isFinite ?? true {
      single.append(try advance(inputs.map { $0.part(update) }, checksLoss: checksLoss))
    }
    let types = update.program.outputTypes.suffix(readingTags.count).map(\.elementType)
    return zip(readingTags.indices, types).map { tag, type in NDArray(single.map { $0[tag] }).converted(to: type) }
  }

  /// How many updates are worth a call: one where they take long or are not alike.
  package var updatesAtOnce: Int { isUniform ? UpdatesAtOnce.most(of: program, batchBytes: 0) : 1 }

  /// The mean time of each kernel call; the state stays.
  /// - Throws: as `advance`.
  public func profile(_ inputs: Tree<NDArray>, runs: Int) throws -> [Program.ProfileEntry] {
    try Self.check(inputs, inputTypes)
    return try update.profile(clock + inputs.leaves, runs: runs)
  }

  /// A program on the same arguments that changes nothing: it looks at the objective before a step.
  ///
  /// - Parameter results: of the point where the step will begin, and the objective there.
  package static func look(
    _ objective: Objective, inputs: Tree<TensorType>, at start: TrainingState,
    _ results: (Parameters, ObjectiveValue) throws -> [Tensor]
  ) throws -> Program {
    let arguments = TreePacking(start.trees.map(\.types) + [StepClock.types, inputs])
    return try Program(inputs: arguments.types) { _, x in
      let trees = arguments.unpack(x)
      let point = Parameters(trees[0])
      var scope = ObjectiveScope(
        state: trees[1], counters: Counters(clock: trees[3]), key: trees[3]["key"]!)
      return try results(point, try objective.evaluate(point, StepInputs(trees[4]), &scope))
    }
  }

  /// The results of such a program where the descent is.
  /// - Throws: as `advance`.
  package func run(_ look: Program, _ inputs: Tree<NDArray>, of types: Tree<TensorType>) throws -> [NDArray] {
    try Self.check(inputs, types)
    return try update.look(look, clock + inputs.leaves)
  }

  private var clock: [NDArray] {
    var clock = StepClock(sampleCount: sampleCount, stepsPerEpoch: stepsPerEpoch)
    return [clock.counters(step), clock.key([key], step)]
  }

  static func check(_ inputs: Tree<NDArray>, _ inputTypes: Tree<TensorType>) throws {
    // Nearly always all is well: small steps feel it when names are looked up.
    if inputs.isEmpty, inputTypes.isEmpty { return }
    if inputs.paths == inputTypes.paths,
      zip(inputs.leaves, inputTypes.leaves).allSatisfy({ $0.elementType == $1.elementType && $0.shape == $1.shape })
    {
      return
    }
    if let unknown = inputs.paths.first(where: { inputTypes[$0] == nil }) {
      throw TrainingError("the step has no input \(unknown); \(NearestName.hint(unknown, among: inputTypes.paths))")
    }
    for (name, type) in inputTypes {
      guard let given = inputs[name] else { throw TrainingError("the step needs the input \(name)") }
      guard TensorType(of: given) == type else {
        throw TrainingError("the input \(name) must be \(type) and is \(TensorType(of: given))")
      }
    }
  }

  private func divergence(_ inputs: Tree<NDArray>, _ readings: [Double]) -> String {
    let largest = state.parameters.leaves.flatMap(\.doubles).reduce(0) { max($0, abs($1)) }
    var culprit = "the parameters are finite, the largest \(String(format: "%.4g", largest))"
    var isOfLoss = true
    func first(_ array: NDArray) -> Int? { (0..<array.count).first { !array[flat: $0].isFinite } }
    let affected = state.parameters.filter { first($1) != nil }
    if let path = affected.paths.first {
      isOfLoss = false
      culprit =
        "\(affected.count) of \(state.parameters.count) arrays of parameters are not finite, the first is \(path)"
    }
    for (name, array) in inputs {
      guard let position = first(array) else { continue }
      let row = position / max(array.count / max(array.shape.rank == 0 ? 1 : array.shape[0], 1), 1)
      isOfLoss = false
      culprit = "the batch holds \(array[flat: position].text) in its sample \(row) of \(name)"
      break
    }
    let others = zip(readingTags, readings).dropFirst().map { "\($0) \($1.text)" }.joined(separator: ", ")
    return "the loss is \(readings[0].text) at step \(step): \(culprit)" + (others.isEmpty ? "" : " (\(others))")
      + (step > 1
        ? "; a smaller rate or a clip may help"
        : isOfLoss ? "; no step was made yet: the loss itself is not finite there" : "")
  }
}
