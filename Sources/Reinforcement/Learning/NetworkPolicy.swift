import Compilation
import Models
import Training

/// A learned policy, with the critic that belongs to it: acts, values, saves and loads.
public final class NetworkPolicy: Policy {
  public let name: String
  /// The sizes and bounds that it was made for.
  public let task: ControlTask
  /// Widths of the hidden layers, read from the critic's weights.
  public let hidden: [Int]
  /// The policy's own weights.
  public let actor: Tree<NDArray>
  /// Weights of the values Q(s, a).
  public let critic: Tree<NDArray>
  /// Records the policy's action.
  let act: (Parameters, Tensor) throws -> Tensor
  private var programs: [Int: Program] = [:]

  init<Method: OffPolicyMethod>(
    _ actor: Tree<NDArray>, critic: Tree<NDArray>, method: Method, task: ControlTask
  ) throws {
    name = Method.name
    self.task = task
    self.actor = actor
    self.critic = critic
    // The critic's first layers say how wide the networks are.
    hidden = Self.hidden(of: critic)
    act = { try method.action($0, task, $1) }
  }

  /// A deterministic policy of tanh outputs: what TD3 and DDPG learn.
  ///
  /// - Throws: `ControlError` or `ModelError` where networks do not fit the task.
  public init(actor: Tree<NDArray>, critic: Tree<NDArray>, task: ControlTask) throws {
    let hidden = Self.hidden(of: critic)
    let network = ActorNetwork(observations: task.observationCount, hidden: hidden, bounds: task.bounds)
    try network.check(actor.types, Tree())
    try task.critic(hidden).check(critic.types, Tree())
    name = TD3.name
    (self.task, self.actor, self.critic, self.hidden) = (task, actor, critic, hidden)
    act = { try network($1, $0).output }
  }

  private static func hidden(of critic: Tree<NDArray>) -> [Int] {
    let weights = critic.filter { path, _ in path.hasSuffix("weight") }
    return (0..<weights.count).compactMap { weights["linear\($0)/weight"]?.shape[-1] }.dropLast()
  }

  public func actions(for observations: NDArray) throws -> NDArray {
    guard observations.shape.rank == 2, observations.shape[1] == task.observationCount else {
      throw ControlError("the policy sees \(task.observationCount) numbers a row, not \(observations.shape)")
    }
    let rows = observations.shape[0]
    let paths = actor.paths
    let act = act
    let program =
      try programs[rows]
      ?? Program(inputs: actor.leaves.map { TensorType(of: $0) } + [TensorType(of: observations)]) { _, x in
        [try act(Parameters(Tree(sortedPaths: paths, leaves: Array(x[..<paths.count]))), x[paths.count])]
      }
    programs[rows] = program
    return try program.run(actor.leaves + [observations])[0]
  }

  /// Values Q(s, a) of rows.
  ///
  /// - Throws: `ShapeError` where rows do not fit the critic.
  public func values(_ states: NDArray, _ actions: NDArray) throws -> [Double] {
    let (paths, task, hidden) = (critic.paths, task, hidden)
    let program = try Program(
      inputs: critic.leaves.map { TensorType(of: $0) } + [TensorType(of: states), TensorType(of: actions)]
    ) { _, x in
      let n = paths.count
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[..<n])))
      return [try task.critic(hidden).value(x[n], x[n + 1], point)]
    }
    return try program.run(critic.leaves + [states, actions])[0].doubles
  }

  /// Writes one safetensors file: "actor/..." and "critic/...", the bounds of actions beside them.
  ///
  /// - Throws: `FileError` where the file cannot be written.
  public func save(to path: String) throws {
    let networks = actor.prefixed("actor").merging(critic.prefixed("critic"))
    let arrays = Dictionary(uniqueKeysWithValues: networks.map { ($0, $1) }).merging([
      "bounds/low": NDArray(task.bounds.low), "bounds/high": NDArray(task.bounds.high),
    ]) { $1 }
    try Safetensors.write(
      arrays, metadata: ["format": "descent-policy-1", "method": name, "checksum": Tree(arrays).digest], to: path)
  }

  /// A policy that was saved, for an environment of its sizes.
  /// - Throws: `FileError` where the file cannot be read, `ControlError` where it holds no policy for the environment.
  public convenience init(contentsOf path: String, for environment: any Environment) throws {
    let contents = try Safetensors.read(path)
    let (all, task) = (Tree(contents.arrays), try ControlTask(environment))
    guard contents.metadata["format"] == "descent-policy-1", contents.metadata["method"] == TD3.name,
      all["bounds/low"]?.floats == task.bounds.low, all["bounds/high"]?.floats == task.bounds.high
    else { throw ControlError("\(path) holds no deterministic policy for \(environment.name)") }
    // Policies of earlier versions have none.
    if let checksum = contents.metadata["checksum"], checksum != all.digest {
      throw ControlError("\(path) is damaged: its checksum is another")
    }
    try self.init(actor: all.subtree("actor"), critic: all.subtree("critic"), task: task)
  }
}
