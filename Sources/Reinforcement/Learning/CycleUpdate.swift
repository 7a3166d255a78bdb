import Descending
import Models

/// A network that learns, or several that descend one loss together: where its parts lie in the state of a run.
public struct LearnedNetwork: Sendable {
  /// Of its weights.
  public let name: String
  /// Of what its optimizer remembers.
  public let memory: String
  /// Of the target that follows it; nil where nothing does.
  public let target: String?
  /// A chain with a rate, as text.
  public let optimizer: String

  public init(_ name: String, memory: String, target: String? = nil, optimizer: String) {
    (self.name, self.memory, self.target, self.optimizer) = (name, memory, target, optimizer)
  }
}

extension Tree where Leaf == NDArray {
  /// Adds the start of a network, of its target and of its optimizer.
  ///
  /// - Throws: `DescentError` for an optimizer that cannot be read or does not fit.
  public mutating func add(_ network: LearnedNetwork, startingAt weights: Tree<NDArray>) throws {
    let memory = try Chain(network.optimizer).initialState(for: weights.types)
    self = merging(weights.prefixed(network.name)).merging(memory.prefixed(network.memory))
    if let target = network.target { self = merging(weights.prefixed(target)) }
  }
}

/// One cycle of updates while it is recorded: networks descend losses one after the other, and targets follow.
///
/// A network is always read as it is at that line: once it has descended, where it ended.
public struct CycleUpdate {
  /// Cycles made before this one, a float32 scalar.
  public let cycles: Tensor
  /// Strength of attacks, a float32 scalar.
  public let strength: Tensor
  private(set) var state: Tree<Tensor>
  private(set) var readings: [String: Tensor] = [:]
  private let key: Tensor

  init(_ state: Tree<Tensor>, cycles: Tensor, strength: Tensor, key: Tensor) {
    (self.state, self.cycles, self.strength, self.key) = (state, cycles, strength, key)
  }

  /// A key for one use, told apart by its number.
  public func key(_ use: Int) -> Tensor { key.keyed(use) }

  /// The weights under a name, or under a path as "critics/critic1".
  public func network(_ name: String) -> Parameters { Parameters(state.subtree(name)) }

  /// Moves a network against the gradient of a loss, along its optimizer's chain.
  ///
  /// - Parameters:
  ///   - updates: made by this optimizer before; the cycles when nil.
  ///   - use: of the key that the optimizer may draw with.
  /// - Throws: `DescentError` where optimizer and network do not fit.
  public mutating func descend(
    _ network: LearnedNetwork, _ loss: Tensor, updates: Tensor? = nil, key use: Int
  ) throws {
    let (point, updates) = (self.network(network.name), updates ?? cycles)
    var context = UpdateContext(
      counters: Counters(updates: updates, samples: updates, epochs: updates.filled(with: 0)), parameters: point,
      loss: loss, key: key(use))
    let result = try context.run(
      Chain(network.optimizer), gradients(of: loss, withRespectTo: point), state.subtree(network.memory))
    set(network.name, point.moved(by: result.updates).tree)
    set(network.memory, result.state)
  }

  /// The target of a network follows: target + rate (network - target).
  public mutating func follow(_ network: LearnedNetwork, rate: Double) {
    guard let target = network.target else { preconditionFailure("\(network.name) has no target") }
    set(target, state.subtree(target).zipped(with: state.subtree(network.name)) { $0 + rate * ($1 - $0) })
  }

  /// Notes a scalar to report.
  public mutating func read(_ tag: String, _ value: Tensor) { readings[tag] = value }

  private mutating func set(_ name: String, _ tree: Tree<Tensor>) {
    for (path, leaf) in tree { state[name + "/" + path] = leaf }
  }
}

extension Tensor {
  /// A key of 2 x int32 moved on by a number: another stream.
  func keyed(_ use: Int) -> Tensor {
    self + graph.constant(NDArray([Int32(0), Int32(truncatingIfNeeded: 0x9E37 &* (use + 1))]))
  }
}
