import Descending
import Foundation
import Models

/// Soft actor-critic: a random policy that is paid for its entropy, with a temperature that keeps the entropy at a target.
///
/// Haarnoja et al., "Soft actor-critic algorithms and applications", 2018. Entropies are those of actions scaled to -1...1.
public struct SAC: OffPolicyMethod {
  public static let name = "sac"

  /// Widths of the hidden layers, of policy and critics alike.
  public var hidden = [64, 64]
  public var discount = 0.98
  /// Rate at which target critics follow, once a cycle.
  public var polyak = 0.01
  /// A chain with a rate, as text, for the policy.
  public var actorOptimizer = "adam | rate 0.001"
  /// A chain with a rate, for each critic.
  public var criticOptimizer = "adam | rate 0.001"
  /// A chain with a rate, for the logarithm of the temperature.
  public var temperatureOptimizer = "adam | rate 0.001"
  /// α at the start: the price of entropy, in units of reward.
  public var firstTemperature = 0.2
  /// The entropy that is held, of one number of an action; -1 is the paper's choice.
  public var entropyPerAction = -1.0

  public init() {}

  public var updatesPerCycle: Int { 1 }

  public func validate() throws {
    try LearningSize.check(hidden: hidden)
    guard polyak > 0, polyak <= 1, discount > 0, discount <= 1, firstTemperature > 0 else {
      throw ControlError("polyak and discount must be in (0, 1], the temperature positive")
    }
    for text in [actorOptimizer, criticOptimizer, temperatureOptimizer] {
      guard try Chain(text).makesStep else { throw ControlError("\"\(text)\" makes no step: it needs a rate") }
    }
  }

  private func actor(_ task: ControlTask) -> MLP { MLP([task.observationCount] + hidden + [2 * task.bounds.count]) }
  private let critics = ["critic1", "critic2"]

  private enum CodingKeys: CodingKey {
    case hidden, discount, polyak, actorOptimizer, criticOptimizer, temperatureOptimizer, firstTemperature
    case entropyPerAction
  }

  private var actorNetwork: LearnedNetwork {
    LearnedNetwork("actor", memory: "actorMemory", optimizer: actorOptimizer)
  }
  private var criticNetworks: LearnedNetwork {
    LearnedNetwork("critics", memory: "criticMemory", target: "targetCritics", optimizer: criticOptimizer)
  }
  private var logTemperature: LearnedNetwork {
    LearnedNetwork("temperature", memory: "temperatureMemory", optimizer: temperatureOptimizer)
  }

  public func initialState(_ task: ControlTask, key: RandomKey) throws -> Tree<NDArray> {
    var values = Tree<NDArray>()
    for name in critics {
      values = values.merging(try task.critic(hidden).initialParameters(key: key.split(name)).prefixed(name))
    }
    var state = Tree<NDArray>()
    try state.add(criticNetworks, startingAt: values)
    try state.add(actorNetwork, startingAt: try actor(task).initialParameters(key: key.split("actor")))
    try state.add(logTemperature, startingAt: ["log": NDArray(Float(Foundation.log(firstTemperature)))])
    return state
  }

  /// A drawn action, and the logarithm of its density, `[rows]`.
  private func draw(
    _ parameters: Parameters, _ task: ControlTask, _ s: Tensor, key: Tensor
  ) throws -> (action: Tensor, logDensity: Tensor) {
    let heads = try actor(task)(s, parameters).output
    let n = task.bounds.count
    let mean = heads.slice(0..<n, axis: 1)
    let logDeviation = min(max(heads.slice(n..<2 * n, axis: 1), -5), 2)
    let noise = Tensor.random(.normal, mean.shape, key: key)
    let raw = mean + exp(logDeviation) * noise
    // log(1 - tanh²u) = 2 (log 2 - u - softplus(-2u)), without cancellation.
    let slope = 2 * (Foundation.log(2) - raw - softplus(-2 * raw))
    let density = -0.5 * noise.squared - logDeviation - 0.5 * Foundation.log(2 * Double.pi) - slope
    return (scaled(tanh(raw), task), density.sum([1]))
  }

  private func scaled(_ unit: Tensor, _ task: ControlTask) -> Tensor {
    unit.graph.constant(NDArray(task.bounds.center)) + unit.graph.constant(NDArray(task.bounds.halfWidth)) * unit
  }

  public func cycle(_ update: inout CycleUpdate, _ task: ControlTask, batches: [TransitionBatch]) throws {
    let batch = batches[0]
    func values(_ network: String, _ s: Tensor, _ a: Tensor) throws -> [Tensor] {
      try critics.map { try task.critic(hidden).value(s, a, update.network(network + "/" + $0)) }
    }
    let temperature = exp(update.network("temperature")["log"]!).stoppingGradient

    // Critics: r + d (min Q'(s', a') - temperature log π(a'|s')).
    let next = try draw(update.network("actor"), task, batch.next, key: update.key(0))
    let nextValues = try values("targetCritics", batch.next, next.action)
    let target =
      (batch.rewards + batch.discounts * (min(nextValues[0], nextValues[1]) - temperature * next.logDensity))
      .stoppingGradient
    let now = try values("critics", batch.states, batch.actions)
    let criticLoss = (now[0] - target).squared.mean() + (now[1] - target).squared.mean()
    try update.descend(criticNetworks, criticLoss, key: 1)

    // Actor: temperature log π - min Q, through the drawn action.
    let drawn = try draw(update.network("actor"), task, batch.states, key: update.key(2))
    let drawnValues = try values("critics", batch.states, drawn.action)
    let actorLoss = (temperature * drawn.logDensity - min(drawnValues[0], drawnValues[1])).mean()
    try update.descend(actorNetwork, actorLoss, key: 3)

    // Temperature: falls while the entropy is above its target.
    let excess = (-drawn.logDensity - entropyPerAction * Double(task.bounds.count)).mean().stoppingGradient
    try update.descend(logTemperature, update.network("temperature")["log"]! * excess, key: 4)

    update.follow(criticNetworks, rate: polyak)
    update.read("critic/loss", criticLoss)
    update.read("critic/value", now[0].mean())
    update.read("actor/loss", actorLoss)
    update.read("actor/entropy", -drawn.logDensity.mean())
    update.read("actor/temperature", temperature)
  }

  /// Drawn from the policy: exploration has a level of its own, and `noise` none to set.
  ///
  /// - Throws: `ShapeError` where observations do not fit.
  public func exploringAction(
    _ state: Tree<Tensor>, _ task: ControlTask, _ observations: Tensor, noise: Tensor, key: Tensor
  ) throws -> Tensor {
    try draw(Parameters(state.subtree("actor")), task, observations, key: key).action.clamped(to: task.bounds)
  }

  /// The middle of the policy.
  ///
  /// - Throws: `ShapeError` where observations do not fit.
  public func action(_ actor: Parameters, _ task: ControlTask, _ observations: Tensor) throws -> Tensor {
    let heads = try self.actor(task)(observations, actor).output
    return scaled(tanh(heads.slice(0..<task.bounds.count, axis: 1)), task).clamped(to: task.bounds)
  }
}
