import Compilation
import Descending
import Training

/// Learning by PPO: some steps of all copies, then epochs on them. Exact to repeat, to save and to go on with.
public final class PPOTraining {
  /// What is learned by.
  public let method: PPO
  /// The copies that it acts in.
  public let copies: EnvironmentCopies
  /// Rollouts so far, each with its epochs of updates.
  public private(set) var rollouts = 0
  public private(set) var readings: [String: Double] = [:]
  /// Episodes that ended in the last rollout.
  public private(set) var finished: [EnvironmentCopies.Episode] = []
  private var moments: RunningMoments
  private let key: RandomKey
  private let space: ActionSpace
  private let step: TrainingStep
  private let act: Program
  private let value: Program

  /// - Throws: `ControlError` for settings out of range.
  public init(_ method: PPO, in environment: any Environment, key: RandomKey) throws {
    try method.validate()
    self.method = method
    self.key = key
    space = environment.actionSpace
    copies = try EnvironmentCopies(environment, count: method.environments, key: key.split("episodes"))
    let (width, space) = (environment.observationSpace.count, space)
    moments = RunningMoments(width: width)
    let networks = try method.initialParameters(width, space, key: key.split("networks"))
    let descent = GradientDescent(try Chain(method.optimizer))
    let m = method.minibatch
    step = try TrainingStep(
      method.objective(space), method: descent,
      inputs: [
        "observations": TensorType([m, width]), "actions": TensorType([m, space.width]),
        "logDensities": TensorType([m]), "advantages": TensorType([m]), "targets": TensorType([m]),
      ],
      from: try TrainingState(startingFrom: networks, method: descent), key: key.split("updates"), sampleCount: m,
      stepsPerEpoch: method.environments * method.horizon / m)
    let (paths, types) = (networks.paths, networks.leaves.map { TensorType(of: $0) })
    func point(_ x: [Tensor]) -> Parameters { Parameters(Tree(sortedPaths: paths, leaves: Array(x[..<paths.count]))) }
    act = try Program(inputs: types + [TensorType([method.environments, width]), TensorType([2], .int32)]) { _, x in
      let n = paths.count
      let action = try method.draw(point(x), x[n], space, key: x[n + 1])
      return [action, try method.logDensity(point(x), x[n], action, space).0]
    }
    value = try Program(inputs: types + [TensorType([method.environments, width])]) { _, x in
      [try method.value(point(x), x[paths.count])]
    }
  }

  public var environmentSteps: Int { rollouts * method.horizon * method.environments }
  /// All networks and optimizer states.
  public var state: Tree<NDArray> {
    let state = step.state
    return state.parameters.prefixed("networks").merging(state.optimizerState.prefixed("memory"))
  }

  private func scaled(_ observations: NDArray) -> NDArray {
    method.normalizesObservations ? moments.scaled(observations) : observations
  }

  /// One rollout and its epochs.
  ///
  /// - Throws: `ControlError` where a reading is no finite number: the run has diverged.
  public func advance() throws {
    let (lanes, horizon) = (method.environments, method.horizon)
    let width = copies.environment.observationSpace.count
    let rolloutKey = key.split("rollouts").split(rollouts)
    let networks = step.state.parameters.leaves
    var observations: [Float] = []
    var actions: [Float] = []
    var densities: [Float] = []
    var rewards: [Float] = []
    var values: [Float] = []
    var nextValues: [Float] = []
    var terminated: [Bool] = []
    var ended: [Bool] = []
    var raw: [NDArray] = []
    finished.removeAll()
    for time in 0..<horizon {
      if method.normalizesObservations { raw.append(copies.observations) }
      // One scale for the whole rollout: that of the moments before it.
      let seen = scaled(copies.observations)
      let drawn = try act.run(networks + [seen, rolloutKey.split(time).array])
      values += try value.run(networks + [seen])[0].floats
      observations += seen.floats
      actions += drawn[0].floats
      densities += drawn[1].floats
      try copies.step(drawn[0])
      nextValues += try value.run(networks + [scaled(copies.next)])[0].floats
      rewards += copies.rewards.floats
      let (ends, cuts) = (copies.terminated.bools, copies.truncated.bools)
      terminated += ends
      ended += zip(ends, cuts).map { $0 || $1 }
      finished += copies.finished
    }
    for rows in raw { moments.add(rows) }
    let advantages = GeneralizedAdvantage.advantages(
      rewards: rewards, values: values, nextValues: nextValues, terminated: terminated, ended: ended, lanes: lanes,
      discount: Float(method.discount), lambda: Float(method.lambda))
    let rows = lanes * horizon
    let data: Tree<NDArray> = [
      "observations": NDArray(observations, shape: [rows, width]),
      "actions": NDArray(actions, shape: [rows, space.width]), "logDensities": NDArray(densities),
      "advantages": NDArray(advantages), "targets": NDArray(zip(advantages, values).map { $0 + $1 }),
    ]
    for epoch in 0..<method.epochs {
      let order = rolloutKey.split("order").split(epoch).permutation(rows)
      for start in stride(from: 0, to: rows, by: method.minibatch) {
        let places = Array(order[start..<start + method.minibatch])
        let results = try step.advance(data.map { $0.rows(at: places) }, checksLoss: false)
        for (name, result) in zip(step.readingTags, results) {
          guard result.isFinite else { throw ControlError("\(name) is \(result) in update \(step.step)") }
          readings[name] = result
        }
      }
    }
    rollouts += 1
  }

  /// The likeliest actions of the policy as it is now.
  public func policy() -> PPOPolicy {
    PPOPolicy(
      networks: step.state.parameters, method: method, space: space,
      moments: method.normalizesObservations ? moments : nil)
  }

  public var snapshot: Tree<NDArray> {
    Tree(["counts": NDArray([Double(rollouts), Double(step.step)])]).merging(state.prefixed("networks"))
      .merging(moments.tree.prefixed("moments")).merging(copies.snapshot.prefixed("copies"))
  }

  /// Goes on from what another run of the same settings and key was.
  ///
  /// - Throws: `ControlError` where it is another run's, or damaged; this one is then not to be gone on with.
  public func restore(_ snapshot: Tree<NDArray>) throws {
    let counts = try SnapshotReader(snapshot).numbers("counts", [2])
    let moments = try RunningMoments(snapshot.subtree("moments"), width: moments.mean.count)
    let networks = snapshot.subtree("networks")
    let state = TrainingState(
      parameters: networks.subtree("networks"), optimizerState: networks.subtree("memory"),
      step: try SnapshotReader.count(counts[1], "the number of updates"))
    do { try step.restore(state) } catch { throw ControlError("networks of a saved run: \(error)") }
    (rollouts, self.moments) = (try SnapshotReader.count(counts[0], "the number of rollouts"), moments)
    try copies.restore(snapshot.subtree("copies"))
  }
}

/// What PPO learned: the likeliest action.
public final class PPOPolicy: Policy {
  public let name = PPO.name
  /// Weights of the policy and of the value.
  public let networks: Tree<NDArray>
  private let method: PPO
  private let space: ActionSpace
  private let moments: RunningMoments?
  private var programs: [Shape: Program] = [:]

  init(networks: Tree<NDArray>, method: PPO, space: ActionSpace, moments: RunningMoments?) {
    (self.networks, self.method, self.space, self.moments) = (networks, method, space, moments)
  }

  public func actions(for observations: NDArray) throws -> NDArray {
    let (paths, method, space) = (networks.paths, method, space)
    let program =
      try programs[observations.shape]
      ?? Program(inputs: networks.leaves.map { TensorType(of: $0) } + [TensorType(of: observations)]) { _, x in
        let n = paths.count
        return [try method.action(Parameters(Tree(sortedPaths: paths, leaves: Array(x[..<n]))), x[n], space)]
      }
    programs[observations.shape] = program
    return try program.run(networks.leaves + [moments?.scaled(observations) ?? observations])[0]
  }
}
