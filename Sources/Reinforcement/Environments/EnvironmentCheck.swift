import Arrays

/// Whether an environment keeps the rules that learning relies on, as the `check_env` of Gymnasium.
///
/// It runs some episodes of random actions and returns a sentence for each rule that is broken; none for a sound one.
public enum EnvironmentCheck {
  /// - Parameters:
  ///   - steps: steps of each of the three copies.
  ///   - needsEnd: whether no episode may be longer than `steps`.
  /// - Throws: `ControlError` where the environment cannot be run at all.
  public static func faults(
    of environment: any Environment, steps: Int = 400, needsEnd: Bool = true, key: RandomKey = RandomKey(seed: 0)
  ) throws -> [String] {
    var faults = staticFaults(environment)
    guard faults.isEmpty else { return faults }
    func note(_ sentence: String) { if !faults.contains(sentence) { faults.append(sentence) } }
    let lanes = 3
    let copies = try EnvironmentCopies(environment, count: lanes, key: key)
    let twin = try EnvironmentCopies(environment, count: lanes, key: key)
    let space = environment.observationSpace
    func checkObservations(_ array: NDArray, _ when: String) {
      for (index, value) in array.floats.enumerated() {
        let number = index % space.count
        if value.isNaN { note("observation \(number) is NaN \(when)") }
        if value < space.low[number] || value > space.high[number] {
          note("observation \(number) leaves its bounds \(space.low[number])...\(space.high[number]) \(when)")
        }
      }
    }
    checkObservations(copies.observations, "after a reset")
    if copies.observations != twin.observations || copies.states != twin.states {
      note("two resets of one key differ: randomness does not come from the key alone")
    }
    var hasEnded = false
    for step in 0..<steps {
      let actions = try environment.actionSpace.random(count: lanes, key: key.split("actions").split(step))
      let before = copies.observations
      try copies.step(actions)
      try twin.step(actions)
      if copies.next != twin.next || copies.rewards != twin.rewards || copies.terminated != twin.terminated
        || copies.truncated != twin.truncated || copies.states != twin.states
      {
        note("the same key and actions lead to different steps: a step is no function of state and action")
      }
      checkObservations(copies.next, "after a step")
      if copies.rewards.floats.contains(where: { !$0.isFinite }) { note("a reward is not finite") }
      if copies.events.floats.contains(where: { !$0.isFinite }) { note("an event is not finite") }
      for lane in 0..<lanes where copies.terminated.bools[lane] && copies.truncated.bools[lane] {
        note("a step is both terminated and truncated: an end that is one has no value to bootstrap from")
      }
      if !copies.finished.isEmpty { hasEnded = true }
      if before.shape != copies.next.shape { note("the shape of observations changes") }
    }
    if needsEnd, !hasEnded { note("no episode ended within \(steps) steps: wrap it in a TimeLimit") }
    try checkLanes(environment, key, note)
    return faults
  }

  private static func staticFaults(_ environment: any Environment) -> [String] {
    var faults: [String] = []
    let space = environment.observationSpace
    if space.count == 0 { faults.append("an observation holds no number") }
    if zip(space.low, space.high).contains(where: { !($0 <= $1) }) {
      faults.append("an observation's bounds are reversed or NaN")
    }
    switch environment.actionSpace {
    case .discrete(let count) where count < 1: faults.append("there is no action to choose")
    case .continuous(let box):
      if box.count == 0 { faults.append("an action holds no number") }
      if !box.isBounded { faults.append("an action has no bounds: random actions and scaled policies need them") }
      if zip(box.low, box.high).contains(where: { !($0 < $1) }) {
        faults.append("an action's bounds are reversed or equal")
      }
    default: break
    }
    if environment.stateCount < 1 { faults.append("a copy has no state") }
    return faults
  }

  /// A lane's episode must not depend on its neighbours, and a reset must set the whole state.
  private static func checkLanes(
    _ environment: any Environment, _ key: RandomKey, _ note: (String) -> Void
  ) throws {
    let many = try EnvironmentCopies(environment, count: 3, key: key)
    let one = try EnvironmentCopies(environment, count: 1, key: key)
    let width = environment.actionSpace.width
    for step in 0..<20 {
      let actions = try environment.actionSpace.random(count: 3, key: key.split("lanes").split(step))
      try many.step(actions)
      try one.step(actions.rows(0..<1))
      guard many.next.rows(0..<1) == one.next, many.rewards.floats[0] == one.rewards.floats[0] else {
        return note("a lane depends on the others, or on how many there are (\(width) numbers an action)")
      }
    }
    // A used lane and a fresh one, reset with one key, must be in one state.
    let used = try EnvironmentCopies(environment, count: 1, key: key.split("other"))
    for step in 0..<5 { try used.step(environment.actionSpace.random(count: 1, key: key.split("use").split(step))) }
    var snapshot = used.snapshot
    snapshot["episodes"] = NDArray([Int32(0)])
    let reset = try EnvironmentCopies(environment, count: 1, key: key)
    let fresh = reset.states
    try reset.restore(snapshot)
    reset.restart()
    if reset.states != fresh { note("a reset leaves something of the episode before: it must set the whole state") }
  }
}

extension EnvironmentCopies {
  /// Begins a new episode in every lane.
  public func restart() {
    sums = Array(repeating: 0, count: sums.count)
    reset(Array(0..<count))
  }
}
