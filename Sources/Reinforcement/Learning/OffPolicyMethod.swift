import Models

/// A method that learns from a replay buffer: what its state is, how it acts, and one cycle of updates, all traced.
public protocol OffPolicyMethod: Sendable, Codable {
  /// As files and commands call it.
  static var name: String { get }
  /// Critic updates of one cycle, each with a batch of its own.
  var updatesPerCycle: Int { get }
  /// γ, the worth of a reward one step later, in (0, 1].
  var discount: Double { get }
  /// - Throws: `ControlError` for a setting out of range.
  func validate() throws

  /// All networks and optimizer states. The policy's own lie under "actor", the values' under "critic1".
  ///
  /// - Throws: `DescentError` for an optimizer that cannot be read or does not fit.
  func initialState(_ task: ControlTask, key: RandomKey) throws -> Tree<NDArray>

  /// Records one cycle of updates.
  ///
  /// - Parameter batches: `updatesPerCycle` of them.
  /// - Throws: `ShapeError` or `DescentError` where networks, batches and optimizers do not fit.
  func cycle(_ update: inout CycleUpdate, _ task: ControlTask, batches: [TransitionBatch]) throws

  /// Whether what the policy saw in flight is kept beside what was true.
  var keepsSeen: Bool { get }

  /// What the policy sees of true states in flight, `[rows, observations]`; the states where it sees the truth.
  ///
  /// - Throws: `ShapeError` where observations do not fit.
  func seen(
    _ state: Tree<Tensor>, _ task: ControlTask, _ observations: Tensor, strength: Tensor, key: Tensor
  ) throws -> Tensor

  /// What is done while learning: within bounds, as it is executed and kept. `noise` is the level of exploration, a scalar.
  ///
  /// - Throws: `ShapeError` where observations do not fit.
  func exploringAction(
    _ state: Tree<Tensor>, _ task: ControlTask, _ observations: Tensor, noise: Tensor, key: Tensor
  ) throws -> Tensor

  /// What the policy does.
  ///
  /// - Throws: `ShapeError` where observations do not fit.
  func action(_ actor: Parameters, _ task: ControlTask, _ observations: Tensor) throws -> Tensor
}

extension OffPolicyMethod {
  public var keepsSeen: Bool { false }
  public func seen(
    _ state: Tree<Tensor>, _ task: ControlTask, _ observations: Tensor, strength: Tensor, key: Tensor
  ) throws -> Tensor { observations }
}

/// Sizes of a continuous problem.
public struct ControlTask: Hashable, Sendable {
  /// Numbers of an observation.
  public let observationCount: Int
  /// Of the actions, all finite.
  public let bounds: Box

  /// - Throws: `ControlError` where actions are choices or have no bounds.
  public init(_ environment: any Environment) throws {
    guard case .continuous(let box) = environment.actionSpace, box.isBounded else {
      throw ControlError("\(environment.name) has no bounded continuous actions; PPO takes choices")
    }
    observationCount = environment.observationSpace.count
    bounds = box
  }

  func critic(_ hidden: [Int]) -> CriticNetwork {
    CriticNetwork(inputs: observationCount + bounds.count, hidden: hidden)
  }
}

/// Transitions in the graph: `[rows, ...]`.
public struct TransitionBatch {
  /// `[rows, observations]`
  public let states: Tensor
  /// `[rows, actions]`, as they were executed.
  public let actions: Tensor
  /// `[rows]`, sums of several discounted rewards where returns have more than one step.
  public let rewards: Tensor
  /// `[rows]`: the factor of the next state's value; 0 where the episode ended by itself.
  public let discounts: Tensor
  /// `[rows, observations]`
  public let next: Tensor
  /// What the policy saw of `states` when it acted; the same where it sees the truth.
  public let seen: Tensor
  /// What it would have seen of `next`.
  public let nextSeen: Tensor

  /// - Parameters:
  ///   - rows: of a replay buffer, `[rows, columns]`.
  ///   - observations: numbers of a true state; where states are wider, what was seen stands behind it.
  init(_ rows: Tensor, _ columns: TransitionColumns, observations: Int) {
    func part(_ range: Range<Int>) -> Tensor { rows.slice(range, axis: 1) }
    func split(_ range: Range<Int>) -> (Tensor, Tensor) {
      let truth = part(range.prefix(observations))
      return (truth, range.count > observations ? part(range.dropFirst(observations)) : truth)
    }
    func numbers(_ range: Range<Int>) -> Tensor { part(range).reshaped(to: [rows.shape[0]]) }
    (states, seen) = split(columns.states)
    (next, nextSeen) = split(columns.next)
    (actions, rewards, discounts) = (part(columns.actions), numbers(columns.rewards), numbers(columns.discounts))
  }
}
