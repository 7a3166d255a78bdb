import Compilation
import Models
import Training

/// How much a run acts, keeps and learns.
public struct OffPolicySchedule: Hashable, Sendable, Codable {
  /// Copies of the environment.
  public var environments = 16
  /// Critic updates for each step of all copies.
  public var updatesPerStep = 4.0
  /// Transitions of one critic update.
  public var batch = 128
  /// Transitions that the buffer holds; then the oldest go.
  public var capacity = 100_000
  /// Environment steps before the first update.
  public var warmup = 3_000
  /// Whether they are of random actions; of the exploring policy if not, as where an expert goes on learning.
  public var warmsUpRandomly = true
  /// Exploration falls from `noise` to `lastNoise` over `noiseSteps` environment steps.
  public var noise = 0.3
  /// The level of exploration in the end, over half the action's range.
  public var lastNoise = 0.1
  /// Environment steps over which exploration falls, in a line.
  public var noiseSteps = 64_000
  /// Rewards that one transition adds up.
  public var returnSteps = 1

  public init() {}

  /// - Throws: `ControlError` for a number out of range.
  func validate() throws {
    guard environments >= 1, updatesPerStep >= 0, batch >= 1, capacity >= 1, warmup >= 0, returnSteps >= 1 else {
      throw ControlError(
        "environments, batch, capacity and returnSteps must be at least 1, warmup and updates not negative")
    }
    guard environments <= 100_000 else {
      throw ControlError("schedule.environments must be at most 100000, not \(environments)")
    }
    guard capacity <= 10_000_000 else {
      throw ControlError("schedule.capacity must be at most 10000000, not \(capacity)")
    }
    guard updatesPerStep <= 1e6 else { throw ControlError("updates for each step must be at most a million") }
    guard noise >= 0, lastNoise >= 0, noiseSteps >= 0 else { throw ControlError("noise must not be negative") }
  }

  func noise(at step: Int) -> Double {
    noiseSteps == 0 ? lastNoise : noise + (lastNoise - noise) * min(Double(step) / Double(noiseSteps), 1)
  }
}

/// Learning while acting, from a replay buffer: exact to repeat, to save and to go on with.
///
/// The unit is a step of all copies of the environment with the cycles of updates that it owes. All that is random depends
/// on the key and on counts: two runs of one key are the same bits, as are a run and one that was saved and went on.
public final class OffPolicyTraining<Method: OffPolicyMethod> {
  /// What is learned by.
  public let method: Method
  /// How much it acts and learns.
  public let schedule: OffPolicySchedule
  /// Sizes and bounds of the problem.
  public let task: ControlTask
  /// The copies that it acts in.
  public let copies: EnvironmentCopies
  /// Where batches are drawn from.
  public private(set) var buffer: ReplayBuffer
  /// Strength of attacks from here on, in units of observations.
  public var strength: Double = 0
  /// Steps of all copies so far, and cycles of updates.
  public private(set) var steps = 0
  /// Cycles of updates so far.
  public private(set) var cycles = 0
  /// What the last cycle read: "critic/loss" and others.
  public private(set) var readings: [String: Double] = [:]
  private let key: RandomKey
  private let update: CompiledUpdate
  private let act: Program
  /// Which leaves of the state are networks.
  private let actingPlaces: [Int]

  /// - Parameters:
  ///   - key: decides the episodes, the start of networks, and all noise.
  ///   - state: networks to go on from (as `state`); a fresh start when nil.
  /// - Throws: `ControlError` for settings out of range or an environment that the method cannot act in.
  public init(
    _ method: Method, in environment: any Environment, schedule: OffPolicySchedule = OffPolicySchedule(),
    key: RandomKey, state: Tree<NDArray>? = nil
  ) throws {
    try method.validate()
    try schedule.validate()
    self.method = method
    self.schedule = schedule
    self.key = key
    let task = try ControlTask(environment)
    self.task = task
    copies = try EnvironmentCopies(environment, count: schedule.environments, key: key.split("episodes"))
    let (o, a, b) = (task.observationCount, task.bounds.count, schedule.batch)
    buffer = try ReplayBuffer(
      capacity: schedule.capacity, observationCount: method.keepsSeen ? 2 * o : o, actionCount: a,
      lanes: schedule.environments,
      discount: method.discount, steps: schedule.returnSteps)
    let fresh = try method.initialState(task, key: key.split("networks"))
    let widest = fresh.types.leaves.compactMap(\.shape.dimensions.last).max() ?? 1
    for (name, rows) in [("schedule.environments", schedule.environments), ("schedule.batch", schedule.batch)] {
      try LearningSize.check(rows: rows, name, widest: widest)
    }
    let start = state ?? fresh
    guard start.types == fresh.types else {
      throw ControlError("the networks to go on from are not those of \(Method.name) with these settings")
    }
    let (n, columns) = (method.updatesPerCycle, buffer.columns)
    update = try CompiledUpdate(
      [start],
      inputs: [
        TensorType([n * b, columns.count]), TensorType(.scalar), TensorType(.scalar), TensorType([2], .int32),
      ]
    ) { state, x in
      let batches = (0..<n).map {
        TransitionBatch(x[0].slice($0 * b..<($0 + 1) * b, axis: 0), columns, observations: o)
      }
      var update = CycleUpdate(state[0], cycles: x[1], strength: x[2], key: x[3])
      try method.cycle(&update, task, batches: batches)
      return ([update.state], update.readings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
    // To act takes the networks, not the memories of optimizers.
    let places = start.paths.indices.filter { !start.paths[$0].contains("Memory/") }
    let paths = places.map { start.paths[$0] }
    actingPlaces = places
    act = try Program(
      inputs: places.map { TensorType(of: start.leaves[$0]) } + [
        TensorType([schedule.environments, o]), TensorType(.scalar), TensorType(.scalar), TensorType([2], .int32),
      ]
    ) { _, x in
      let (n, state) = (paths.count, Tree(sortedPaths: paths, leaves: Array(x[..<paths.count])))
      let seen = try method.seen(state, task, x[n], strength: x[n + 2], key: x[n + 3])
      let action = try method.exploringAction(state, task, seen, noise: x[n + 1], key: x[n + 3])
      return method.keepsSeen ? [action, concatenate([x[n], seen], axis: 1)] : [action]
    }
  }

  /// Steps of the environment so far, all copies together.
  public var environmentSteps: Int { steps * schedule.environments }

  /// Critic updates so far.
  public var updates: Int { cycles * method.updatesPerCycle }

  /// All networks and optimizer states.
  public var state: Tree<NDArray> { update.state[0] }

  /// One step of all copies, kept, and the updates that it owes.
  ///
  /// - Throws: `ControlError` where a reading is no finite number: the run has diverged.
  public func advance() throws {
    let key = key.split("actions").split(steps)
    let (chosen, states) = try look(at: copies.observations, key: key)
    let isRandom = schedule.warmsUpRandomly && environmentSteps < schedule.warmup
    let actions =
      try isRandom ? copies.environment.actionSpace.random(count: schedule.environments, key: key) : chosen
    try copies.step(actions)
    // Of the state behind a step, an attack of its own is kept: an episode may end before the policy looks at it.
    let next = method.keepsSeen ? try look(at: copies.next, key: key.split("next")).kept : copies.next
    buffer.add(
      states: states, actions: actions, rewards: copies.rewards, next: next, terminated: copies.terminated,
      truncated: copies.truncated)
    steps += 1
    guard environmentSteps > schedule.warmup, buffer.count > 0 else { return }
    let learningSteps = steps - schedule.warmup / schedule.environments
    let owed = Int(Double(learningSteps) * schedule.updatesPerStep) / method.updatesPerCycle
    while cycles < owed { try learn() }
  }

  /// What the policy does, exploring, and what is kept of the states: these, with what was seen of them where that differs.
  private func look(at observations: NDArray, key: RandomKey) throws -> (actions: NDArray, kept: NDArray) {
    let leaves = state.leaves
    let results = try act.run(
      actingPlaces.map { leaves[$0] } + [
        observations, NDArray(Float(schedule.noise(at: environmentSteps))), NDArray(Float(strength)), key.array,
      ])
    return (results[0], method.keepsSeen ? results[1] : observations)
  }

  /// True states of transitions that are drawn from the buffer, `[count, observations]`.
  func states(_ count: Int, key: RandomKey) -> NDArray {
    let (values, width, o) = (buffer.sample(count, key: key).floats, buffer.columns.count, task.observationCount)
    return NDArray((0..<count).flatMap { values[width * $0..<width * $0 + o] }, shape: [count, o])
  }

  private func learn() throws {
    let key = key.split("cycles").split(cycles)
    let batch = buffer.sample(schedule.batch * method.updatesPerCycle, key: key.split("batch"))
    let values = try update.run([batch, NDArray(Float(cycles)), NDArray(Float(strength)), key.array])
    cycles += 1
    for (name, number) in zip(update.readingTags, values) {
      guard number.isFinite else {
        throw ControlError("\(name) is \(number.text) in cycle \(cycles): a smaller rate may help")
      }
      readings[name] = number
    }
  }

  /// Sets networks, as the anchor of an alignment; the others stay.
  ///
  /// - Throws: `ControlError` for a path or shape that the run does not have.
  public func replace(_ networks: Tree<NDArray>) throws {
    var state = state
    for (path, array) in networks {
      guard let own = state[path], own.shape == array.shape else {
        throw ControlError("there is no network \(path) of shape \(array.shape) to replace")
      }
      state[path] = array
    }
    try restoreNetworks(state)
  }

  /// The policy as it is now, with its first critic.
  ///
  /// - Throws: `ControlError` or `ModelError` where networks do not fit the task.
  public func policy() throws -> NetworkPolicy {
    try NetworkPolicy(
      state.subtree("actor"), critic: state.subtree("critics").subtree("critic1"), method: method, task: task)
  }

  /// All that the run is; restored into a run of the same settings and key, it goes on exactly.
  public var snapshot: Tree<NDArray> {
    Tree(["counts": NDArray([Double(steps), Double(cycles), strength])])
      .merging(state.prefixed("networks")).merging(buffer.snapshot.prefixed("buffer"))
      .merging(copies.snapshot.prefixed("copies"))
  }

  /// Goes on from what another run of the same settings and key was.
  ///
  /// - Throws: `ControlError` where it is another run's, or damaged; this one is then not to be gone on with.
  public func restore(_ snapshot: Tree<NDArray>) throws {
    let counts = try SnapshotReader(snapshot).numbers("counts", [3])
    guard counts[2].isFinite else { throw ControlError("the strength of a saved run is \(counts[2])") }
    (steps, cycles) = (
      try SnapshotReader.count(counts[0], "the number of steps"),
      try SnapshotReader.count(counts[1], "the number of cycles")
    )
    strength = counts[2]
    try restoreNetworks(snapshot.subtree("networks"))
    try buffer.restore(snapshot.subtree("buffer"))
    try copies.restore(snapshot.subtree("copies"))
  }

  private func restoreNetworks(_ state: Tree<NDArray>) throws {
    do { try update.restore([state]) } catch { throw ControlError("networks of a saved run: \(error)") }
  }

  /// Where the time of a cycle goes.
  package func profile(runs: Int) throws -> [Program.ProfileEntry] {
    let key = key.split("profile")
    let batch = buffer.sample(schedule.batch * method.updatesPerCycle, key: key)
    return try update.profile([batch, NDArray(Float(cycles)), NDArray(Float(strength)), key.array], runs: runs)
  }
}
