import Descending
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

  /// One cycle of updates.
  ///
  /// - Parameter batches: `updatesPerCycle` of them.
  /// - Throws: `ShapeError` or `DescentError` where networks, batches and optimizers do not fit.
  func cycle(
    _ state: Tree<Tensor>, _ task: ControlTask, batches: [TransitionBatch], in context: CycleContext
  ) throws -> (state: Tree<Tensor>, readings: [String: Tensor])

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
  ///   - parts: states, actions, rewards, discounts, next states.
  ///   - observations: numbers of a true state; in wider rows what was seen stands behind it.
  init(_ parts: [Tensor], observations: Int) {
    func split(_ rows: Tensor) -> (Tensor, Tensor) {
      let width = rows.shape[1]
      guard width > observations else { return (rows, rows) }
      return (rows.slice(0..<observations, axis: 1), rows.slice(observations..<width, axis: 1))
    }
    (states, seen) = split(parts[0])
    (actions, rewards, discounts) = (parts[1], parts[2], parts[3])
    (next, nextSeen) = split(parts[4])
  }
}

/// What surrounds a cycle.
public struct CycleContext {
  /// Cycles made before this one, a float32 scalar.
  public let cycles: Tensor
  /// Strength of attacks.
  public let strength: Tensor
  private let key: Tensor

  init(cycles: Tensor, strength: Tensor, key: Tensor) {
    self.cycles = cycles
    self.strength = strength
    self.key = key
  }

  /// A key for one use, told apart by its number.
  func key(_ use: Int) -> Tensor { key.keyed(use) }
}

extension Tensor {
  /// A key of 2 x int32 moved on by a number: another stream.
  func keyed(_ use: Int) -> Tensor {
    self + graph.constant(NDArray([Int32(0), Int32(truncatingIfNeeded: 0x9E37 &* (use + 1))]))
  }
}

/// One descent of a loss along a chain.
func descend(
  _ chain: Chain, _ point: Parameters, _ memory: Tree<Tensor>, loss: Tensor, updates: Tensor, key: Tensor
) throws -> (parameters: Parameters, memory: Tree<Tensor>) {
  var context = UpdateContext(
    counters: Counters(updates: updates, samples: updates, epochs: updates.filled(with: 0)), parameters: point,
    loss: loss, key: key)
  let result = try context.run(chain, gradients(of: loss, withRespectTo: point), memory)
  return (point.moved(by: result.updates), result.state)
}
