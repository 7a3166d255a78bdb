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
    guard !hidden.isEmpty, hidden.allSatisfy({ $0 >= 1 }), polyak > 0, polyak <= 1, discount > 0, discount <= 1,
      firstTemperature > 0
    else { throw ControlError("widths must be at least 1, polyak and discount in (0, 1], the temperature positive") }
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

  public func initialState(_ task: ControlTask, key: RandomKey) throws -> Tree<NDArray> {
    var values = Tree<NDArray>()
    for name in critics {
      values = values.merging(try task.critic(hidden).initialParameters(key: key.split(name)).prefixed(name))
    }
    let policy = try actor(task).initialParameters(key: key.split("actor"))
    let temperature = Tree(["log": NDArray(Float(Foundation.log(firstTemperature)))])
    return policy.prefixed("actor").merging(values.prefixed("critics")).merging(values.prefixed("targetCritics"))
      .merging(temperature.prefixed("temperature"))
      .merging(try Chain(actorOptimizer).initialState(for: policy.types).prefixed("actorMemory"))
      .merging(try Chain(criticOptimizer).initialState(for: values.types).prefixed("criticMemory"))
      .merging(try Chain(temperatureOptimizer).initialState(for: temperature.types).prefixed("temperatureMemory"))
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

  public func cycle(
    _ state: Tree<Tensor>, _ task: ControlTask, batches: [TransitionBatch], in context: CycleContext
  ) throws -> (state: Tree<Tensor>, readings: [String: Tensor]) {
    let batch = batches[0]
    func part(_ name: String) -> Parameters { Parameters(state.subtree(name)) }
    func values(_ point: Parameters, _ s: Tensor, _ a: Tensor) throws -> [Tensor] {
      try critics.map { try task.critic(hidden).value(s, a, Parameters(point.tree.subtree($0))) }
    }
    let logTemperature = part("temperature")
    let temperature = exp(logTemperature["log"]!).stoppingGradient

    // Critics: r + d (min Q'(s', a') - temperature log π(a'|s')).
    let next = try draw(part("actor"), task, batch.next, key: context.key(0))
    let nextValues = try values(part("targetCritics"), batch.next, next.action)
    let target =
      (batch.rewards + batch.discounts * (min(nextValues[0], nextValues[1]) - temperature * next.logDensity))
      .stoppingGradient
    let criticPoint = part("critics")
    let now = try values(criticPoint, batch.states, batch.actions)
    let criticLoss = (now[0] - target).squared.mean() + (now[1] - target).squared.mean()
    let critic = try descend(
      Chain(criticOptimizer), criticPoint, state.subtree("criticMemory"), loss: criticLoss, updates: context.cycles,
      key: context.key(1))

    // Actor: temperature log π - min Q, through the drawn action.
    let actorPoint = part("actor")
    let drawn = try draw(actorPoint, task, batch.states, key: context.key(2))
    let drawnValues = try values(critic.parameters, batch.states, drawn.action)
    let actorLoss = (temperature * drawn.logDensity - min(drawnValues[0], drawnValues[1])).mean()
    let actorStep = try descend(
      Chain(actorOptimizer), actorPoint, state.subtree("actorMemory"), loss: actorLoss, updates: context.cycles,
      key: context.key(3))

    // Temperature: falls while the entropy is above its target.
    let excess = (-drawn.logDensity - entropyPerAction * Double(task.bounds.count)).mean().stoppingGradient
    let temperatureStep = try descend(
      Chain(temperatureOptimizer), logTemperature, state.subtree("temperatureMemory"),
      loss: logTemperature["log"]! * excess, updates: context.cycles, key: context.key(4))

    let result = actorStep.parameters.tree.prefixed("actor").merging(actorStep.memory.prefixed("actorMemory"))
      .merging(critic.parameters.tree.prefixed("critics")).merging(critic.memory.prefixed("criticMemory"))
      .merging(following(part("targetCritics"), critic.parameters, rate: polyak).tree.prefixed("targetCritics"))
      .merging(temperatureStep.parameters.tree.prefixed("temperature"))
      .merging(temperatureStep.memory.prefixed("temperatureMemory"))
    return (
      result,
      [
        "critic/loss": criticLoss, "critic/value": now[0].mean(), "actor/loss": actorLoss,
        "actor/entropy": -drawn.logDensity.mean(), "actor/temperature": temperature,
      ]
    )
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
