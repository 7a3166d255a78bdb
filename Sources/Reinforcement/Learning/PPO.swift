import Compilation
import Descending
import Foundation
import Models
import Training

/// Proximal policy optimization, for continuous actions and for choices.
///
/// Schulman et al., "Proximal policy optimization algorithms", 2017: some steps of all copies, then epochs of minibatches
/// on a clipped ratio, a value's squared error and an entropy bonus; advantages by `GeneralizedAdvantage`.
public struct PPO: Hashable, Sendable, Codable {
  /// As files and commands call it.
  public static let name = "ppo"

  /// Widths of the hidden layers, of policy and value alike.
  public var hidden = [64, 64]
  /// γ, the worth of a reward one step later, in (0, 1].
  public var discount = 0.99
  /// λ of the generalised advantage, in 0...1: 0 trusts the values, 1 the returns.
  public var lambda = 0.95
  /// ε: beyond 1 ± ε a ratio of probabilities earns no more.
  public var clip = 0.2
  /// Weight of the value's squared error in the loss.
  public var valueWeight = 0.5
  /// Weight of the entropy, which the loss rewards; 0 as in the paper's continuous problems.
  public var entropyWeight = 0.0
  /// A chain with a rate, as text.
  public var optimizer = "clip 0.5 | adam | rate 0.0003"
  /// Copies that act at the same time.
  public var environments = 8
  /// Steps of each copy before an update.
  public var horizon = 128
  /// Passes over the steps of a rollout.
  public var epochs = 10
  /// Steps of one update; it divides `environments` times `horizon`.
  public var minibatch = 64
  /// Whether observations are scaled by their running moments.
  public var normalizesObservations = false

  public init() {}

  func validate() throws {
    try LearningSize.check(hidden: hidden)
    for (name, rows) in [("environments", environments), ("minibatch", minibatch)] {
      try LearningSize.check(rows: rows, name, widest: hidden.max()!)
    }
    guard Double(environments) * Double(horizon) <= 1e7 else {
      throw ControlError("a rollout of \(environments) x \(horizon) steps is too long: at most 10000000 in all")
    }
    guard environments >= 1, horizon >= 1, epochs >= 1, minibatch >= 2, environments * horizon % minibatch == 0 else {
      throw ControlError(
        "environments, horizon and epochs must be at least 1, and minibatches of \(minibatch) fill \(environments) x \(horizon) steps"
      )
    }
    guard discount > 0, discount <= 1, (0...1).contains(lambda), clip > 0, try Chain(optimizer).makesStep else {
      throw ControlError("discount must be in (0, 1], lambda in 0...1, clip positive, and the optimizer have a rate")
    }
  }

  // MARK: The policy's distribution

  private func heads(_ space: ActionSpace) -> Int {
    switch space {
    case .continuous(let box): box.count
    case .discrete(let count): count
    }
  }

  private func network(_ observations: Int, _ outputs: Int) -> MLP {
    MLP([observations] + hidden + [outputs], activation: .tanh)
  }

  func initialParameters(_ observations: Int, _ space: ActionSpace, key: RandomKey) throws -> Tree<NDArray> {
    var policy = try network(observations, heads(space)).initialParameters(key: key.split("policy"))
    // A nearly even start: the last layer small.
    for path in policy.paths where path.hasPrefix("linear\(hidden.count)/") {
      policy[path] = NDArray(policy[path]!.floats.map { 0.01 * $0 }, shape: policy[path]!.shape)
    }
    let value = try network(observations, 1).initialParameters(key: key.split("value"))
    var result = policy.prefixed("policy").merging(value.prefixed("value"))
    if case .continuous(let box) = space { result["logDeviation"] = .zeros([box.count]) }
    return result
  }

  private func output(_ point: Parameters, _ observations: Tensor, _ space: ActionSpace) throws -> Tensor {
    try network(observations.shape[1], heads(space))(observations, Parameters(point.tree.subtree("policy"))).output
  }

  func value(_ point: Parameters, _ observations: Tensor) throws -> Tensor {
    try network(observations.shape[1], 1)(observations, Parameters(point.tree.subtree("value"))).output
      .reshaped(to: [observations.shape[0]])
  }

  /// Logarithm of the density (or probability) of actions as they were drawn, `[rows]`, and the entropy, `[rows]`.
  func logDensity(
    _ point: Parameters, _ observations: Tensor, _ actions: Tensor, _ space: ActionSpace
  ) throws -> (Tensor, entropy: Tensor) {
    let output = try output(point, observations, space)
    switch space {
    case .discrete(let count):
      let all = logSoftmax(output)
      let chosen = actions.reshaped(to: [output.shape[0]]).cast(to: .int32).oneHot(count: count)
      return ((all * chosen).sum([1]), -(exp(all) * all).sum([1]))
    case .continuous(let box):
      let logDeviation = point["logDeviation"]!
      let mean = scaled(output, box)
      let half = output.graph.constant(NDArray(box.halfWidth))
      let z = (actions - mean) / (half * exp(logDeviation))
      let constant = 0.5 * Foundation.log(2 * Double.pi)
      let density = (-0.5 * z.squared - logDeviation - constant).sum([1])
      let entropy = (logDeviation + (0.5 + constant)).sum().broadcast(to: [output.shape[0]])
      return (density, entropy)
    }
  }

  private func scaled(_ output: Tensor, _ box: Box) -> Tensor {
    output.graph.constant(NDArray(box.center)) + output.graph.constant(NDArray(box.halfWidth)) * output
  }

  /// A drawn action `[rows, width]`: of a continuous space as drawn, before the environment's bounds.
  func draw(_ point: Parameters, _ observations: Tensor, _ space: ActionSpace, key: Tensor) throws -> Tensor {
    let output = try output(point, observations, space)
    switch space {
    case .discrete:
      // The largest of logits plus Gumbel noise is a draw; uniform numbers may be 0, their logarithm may not.
      let u = max(Tensor.random(.uniform, output.shape, key: key), 1e-20)
      return (output - log(max(-log(u), 1e-20))).argumentOfMaximum().cast(to: .float32).reshaped(to: [
        output.shape[0], 1,
      ])
    case .continuous(let box):
      let half = output.graph.constant(NDArray(box.halfWidth))
      return scaled(output, box) + half * exp(point["logDeviation"]!) * Tensor.random(.normal, output.shape, key: key)
    }
  }

  /// The likeliest action, within bounds.
  func action(_ point: Parameters, _ observations: Tensor, _ space: ActionSpace) throws -> Tensor {
    let output = try output(point, observations, space)
    switch space {
    case .discrete: return output.argumentOfMaximum().cast(to: .float32).reshaped(to: [output.shape[0], 1])
    case .continuous(let box): return scaled(output, box).clamped(to: box)
    }
  }

  // MARK: What it descends

  /// The clipped ratio, the value's squared error and the entropy of a minibatch, whose parts are inputs by name.
  func objective(_ space: ActionSpace) -> Objective {
    Objective { point, inputs, _ in
      let observations = try inputs["observations"]
      let (density, entropy) = try logDensity(point, observations, try inputs["actions"], space)
      let (drawn, advantages) = (try inputs["logDensities"], try inputs["advantages"])
      let ratio = exp(density - drawn)
      let centered = advantages - advantages.mean()
      let advantage = (centered / (sqrt(centered.squared.mean()) + 1e-8)).stoppingGradient
      let policyLoss = -min(ratio * advantage, min(max(ratio, 1 - clip), 1 + clip) * advantage).mean()
      let valueLoss = (try value(point, observations) - (try inputs["targets"])).squared.mean()
      let loss = policyLoss + valueWeight * valueLoss - entropyWeight * entropy.mean()
      return ObjectiveValue(
        loss,
        readings: [
          "policy/loss": policyLoss, "policy/entropy": entropy.mean(), "value/loss": valueLoss,
          "policy/shift": (drawn - density).mean(),
        ])
    }
  }
}
