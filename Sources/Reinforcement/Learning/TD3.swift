import Descending
import Models

/// Twin delayed deep deterministic policy gradient, with DDPG as a special case, and with the options of robust training.
///
/// Fujimoto, van Hoof, Meger, "Addressing function approximation error in actor-critic methods", 2018: the smaller of two
/// target critics, noise on the target's action, and one policy update for `delay` critic updates. Without the three:
/// Lillicrap et al., "Continuous control with deep reinforcement learning", 2016 (`TD3.ddpg`).
public struct TD3: OffPolicyMethod {
  public static let name = "td3"

  /// Widths of the hidden layers, of policy and critics alike.
  public var hidden = [64, 64]
  public var discount = 0.98
  /// Rate at which targets follow, once a cycle.
  public var polyak = 0.01
  /// A chain with a rate, as text, for the policy.
  public var actorOptimizer = "adam | rate 0.001"
  /// A chain with a rate, for each critic.
  public var criticOptimizer = "adam | rate 0.001"
  /// Whether targets take the smaller of two critics, against values that are too high.
  public var isTwin = true
  /// Critic updates for one update of policy and targets.
  public var delay = 2
  /// Deviation of the target action's noise over half the action's range, and where it is cut.
  public var smoothing = 0.2
  /// Where the target action's noise is cut, over half the action's range.
  public var smoothingLimit = 0.5
  /// Robust training; nothing of it by default.
  public var robust = RobustTraining()

  public init() {}

  /// One critic, no delay, no smoothing.
  public static var ddpg: TD3 {
    var method = TD3()
    (method.isTwin, method.delay, method.smoothing) = (false, 1, 0)
    return method
  }

  public var updatesPerCycle: Int { delay }

  public func validate() throws {
    guard 1...10_000 ~= delay else { throw ControlError("delay must be in 1...10000, not \(delay)") }
    try LearningSize.check(hidden: hidden)
    guard polyak > 0, polyak <= 1, smoothing >= 0, smoothingLimit >= 0, discount > 0, discount <= 1 else {
      throw ControlError("polyak and discount must be in (0, 1], smoothing must not be negative")
    }
    for text in [actorOptimizer, criticOptimizer] {
      guard try Chain(text).makesStep else { throw ControlError("\"\(text)\" makes no step: it needs a rate") }
    }
    try robust.validate()
  }

  private func actor(_ task: ControlTask) -> ActorNetwork {
    ActorNetwork(observations: task.observationCount, hidden: hidden, bounds: task.bounds)
  }

  private var critics: [String] { isTwin ? ["critic1", "critic2"] : ["critic1"] }
  private var isAligned: Bool { robust.alignment.weight > 0 }
  private var hasAdversary: Bool { robust.adversaryShare > 0 }

  private var criticNetworks: LearnedNetwork {
    LearnedNetwork("critics", memory: "criticMemory", target: "targetCritics", optimizer: criticOptimizer)
  }
  private func policyNetwork(_ name: String) -> LearnedNetwork {
    LearnedNetwork(name, memory: name + "Memory", target: "target-" + name, optimizer: actorOptimizer)
  }
  private var policyNetworks: [LearnedNetwork] {
    (hasAdversary ? ["actor", "adversary"] : ["actor"]).map(policyNetwork)
  }

  public func initialState(_ task: ControlTask, key: RandomKey) throws -> Tree<NDArray> {
    var values = Tree<NDArray>()
    for name in critics {
      values = values.merging(try task.critic(hidden).initialParameters(key: key.split(name)).prefixed(name))
    }
    var state = Tree<NDArray>()
    try state.add(criticNetworks, startingAt: values)
    for policy in policyNetworks {
      try state.add(policy, startingAt: try actor(task).initialParameters(key: key.split(policy.name)))
    }
    guard isAligned else { return state }
    // Until an anchor is set, the run's own start.
    return state.merging(state.subtree("actor").prefixed("anchorActor"))
      .merging(values.subtree("critic1").prefixed("anchorCritic"))
  }

  /// A start from the networks of an expert (its run's `state`): fresh memories, the expert as anchor.
  /// - Throws: `ControlError` where the expert's networks have other shapes.
  public func start(from expert: Tree<NDArray>, _ task: ControlTask, key: RandomKey) throws -> Tree<NDArray> {
    var state = try initialState(task, key: key)
    func copy(_ source: String, to target: String) throws {
      for (path, array) in expert.subtree(source) where state[target + "/" + path] != nil {
        guard state[target + "/" + path]!.shape == array.shape else {
          throw ControlError("the expert's \(source)/\(path) is \(array.shape): its networks are not of this method")
        }
        state[target + "/" + path] = array
      }
      guard !expert.subtree(source).isEmpty else { throw ControlError("the expert has no \(source)") }
    }
    try copy("actor", to: "actor")
    try copy("actor", to: "target-actor")
    try copy("critics", to: "critics")
    try copy("critics", to: "targetCritics")
    if isAligned {
      try copy("actor", to: "anchorActor")
      try copy("critics/critic1", to: "anchorCritic")
    }
    return state
  }

  /// The action that is executed: the policy's, or its mixture with the adversary's.
  private func executed(_ own: Tensor, _ other: Tensor?) -> Tensor {
    guard let other else { return own }
    return (1 - robust.adversaryShare) * own + robust.adversaryShare * other
  }

  public func cycle(_ update: inout CycleUpdate, _ task: ControlTask, batches: [TransitionBatch]) throws {
    let (actor, critic) = (actor(task), task.critic(hidden))
    func value(_ name: String, _ s: Tensor, _ a: Tensor) throws -> Tensor {
      try critic.value(s, a, update.network(name))
    }
    func policy(_ name: String, _ s: Tensor) throws -> Tensor { try actor(s, update.network(name)).output }
    let last = batches[batches.count - 1]
    var lastSeen = last.seen

    for (index, batch) in batches.enumerated() {
      let (s, next) = (batch.states, batch.next)
      let uses = 8 * index
      // What the policy sees of both states: as it was in flight, or under an attack of today.
      var (seen, seenNext) = (batch.seen, batch.nextSeen)
      if robust.attackSteps > 0, robust.attackPlace == .batches {
        seen = try attacked(s, update.strength, update.key(uses)) {
          try value("critics/critic1", s, try policy("actor", $0))
        }
        seenNext = try attacked(next, update.strength, update.key(uses + 1)) {
          try value("targetCritics/critic1", next, try policy("target-actor", $0))
        }
      }
      lastSeen = seen
      let (criticState, criticNext) = robust.criticSeesTruth ? (s, next) : (seen, seenNext)

      // The target: r + d min Q'(s', π'(s') + noise).
      var nextAction = try policy("target-actor", seenNext)
      nextAction = smoothed(nextAction, task.bounds, key: update.key(uses + 2))
      nextAction = executed(nextAction, hasAdversary ? try policy("target-adversary", seenNext) : nil)
      let nextValues = try critics.map { try value("targetCritics/" + $0, criticNext, nextAction) }
      let nextValue = nextValues.dropFirst().reduce(nextValues[0]) { min($0, $1) }
      let target = (batch.rewards + batch.discounts * nextValue).stoppingGradient

      let values = try critics.map { try value("critics/" + $0, criticState, batch.actions) }
      var loss = values.dropFirst().reduce((values[0] - target).squared.mean()) { $0 + ($1 - target).squared.mean() }
      update.read("critic/loss", loss)
      update.read("critic/value", values[0].mean())
      if isAligned {
        let alignment = robust.alignment
        let anchorAction = try policy("anchorActor", s)
        let anchorValue = try value("anchorCritic", s, anchorAction).stoppingGradient
        let ownAction = alignment.action == .own ? try policy("actor", seen).stoppingGradient : anchorAction
        let ownValue = try value("critics/critic1", criticState, ownAction)
        let distance =
          alignment.isPairwise
          ? Wasserstein.pairwiseLoss(ownValue, anchorValue, order: alignment.order)
          : Wasserstein.loss(ownValue, anchorValue, order: alignment.order)
        update.read("critic/alignment", distance)
        loss = loss + alignment.weight * distance
      }
      try update.descend(
        criticNetworks, loss, updates: Double(delay) * update.cycles + Double(index), key: uses + 3)
    }

    // The policy climbs the first critic, on the last batch.
    let s = robust.criticSeesTruth ? last.states : lastSeen
    let own = try policy("actor", lastSeen)
    let other = hasAdversary ? try policy("adversary", lastSeen) : nil
    var loss = -(try value("critics/critic1", s, executed(own, other?.stoppingGradient))).mean()
    update.read("actor/loss", loss)
    if robust.smoothness > 0 {
      let bend = try bending(last.states, update.strength, update.key(-3)) { try policy("actor", $0) }
      update.read("actor/bending", bend)
      loss = loss + robust.smoothness * bend
    }
    try update.descend(policyNetwork("actor"), loss, key: -1)

    // An adversary, on the policy as it was, makes the value small.
    if let other {
      let mixed = executed(own.stoppingGradient, other)
      try update.descend(policyNetwork("adversary"), try value("critics/critic1", s, mixed).mean(), key: -2)
    }
    for network in [criticNetworks] + policyNetworks { update.follow(network, rate: polyak) }
  }

  /// A target action under cut noise of its own for each row and number, in units of the bounds, and within them.
  package func smoothed(_ action: Tensor, _ bounds: Box, key: Tensor) -> Tensor {
    guard smoothing > 0 else { return action }
    let noise = smoothing * Tensor.random(.normal, action.shape, key: key)
    let half = action.graph.constant(NDArray(bounds.halfWidth))
    return (action + half * min(max(noise, -smoothingLimit), smoothingLimit)).clamped(to: bounds)
  }

  /// A state as it is seen under the attack of training.
  private func attacked(
    _ s: Tensor, _ strength: Tensor, _ key: Tensor, _ objective: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    s
      + (try ProjectedGradient.minimize(
        from: ProjectedGradient.randomStart(s.shape, epsilon: strength, key: key), epsilon: strength,
        steps: robust.attackSteps, rate: robust.attackRate
      ) { try objective(s + $0) })
  }

  /// The largest change of the policy in the ball, as far as the projected gradient finds it: mean over rows.
  private func bending(
    _ s: Tensor, _ strength: Tensor, _ key: Tensor, _ policy: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    let still = try policy(s)
    let delta = try ProjectedGradient.minimize(
      from: ProjectedGradient.randomStart(s.shape, epsilon: strength, key: key), epsilon: strength,
      steps: max(robust.attackSteps, 1), rate: robust.attackRate
    ) { -((try policy(s + $0)) - still.stoppingGradient).squared.sum([1]) }
    return (try policy(s + delta) - still).squared.sum([1]).mean()
  }

  public var keepsSeen: Bool { robust.attackSteps > 0 && robust.attackPlace == .flights }

  public func seen(
    _ state: Tree<Tensor>, _ task: ControlTask, _ observations: Tensor, strength: Tensor, key: Tensor
  ) throws -> Tensor {
    guard keepsSeen else { return observations }
    let (actor, point) = (actor(task), Parameters(state.subtree("actor")))
    let critic = Parameters(state.subtree("critics").subtree("critic1"))
    return try attacked(observations, strength, key.keyed(1)) {
      try task.critic(hidden).value(observations, try actor($0, point).output, critic)
    }
  }

  public func exploringAction(
    _ state: Tree<Tensor>, _ task: ControlTask, _ observations: Tensor, noise: Tensor, key: Tensor
  ) throws -> Tensor {
    let actor = actor(task)
    let own = try actor(observations, Parameters(state.subtree("actor"))).output
    let half = own.graph.constant(NDArray(task.bounds.halfWidth))
    let noisy = (own + half * noise * Tensor.random(.normal, own.shape, key: key)).clamped(to: task.bounds)
    guard hasAdversary else { return noisy }
    let other = try actor(observations, Parameters(state.subtree("adversary"))).output
    return executed(noisy, other).clamped(to: task.bounds)
  }

  public func action(_ actor: Parameters, _ task: ControlTask, _ observations: Tensor) throws -> Tensor {
    try self.actor(task)(observations, actor).output
  }
}
