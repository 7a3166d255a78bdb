/// Cuts episodes after a number of steps. An episode that ends by itself in the last step is not truncated.
public struct TimeLimit: Environment {
  /// What is wrapped.
  public let inner: any Environment
  /// The length at which episodes are cut, at least 1.
  public let steps: Int

  public init(_ inner: any Environment, steps: Int) {
    precondition(steps >= 1, "an episode has at least one step")
    self.inner = inner
    self.steps = steps
  }

  public var name: String { inner.name }
  public var observationSpace: Box { inner.observationSpace }
  public var actionSpace: ActionSpace { inner.actionSpace }
  public var eventNames: [String] { inner.eventNames }
  public var stateCount: Int { inner.stateCount + 1 }

  public func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    inner.reset(lane: lane, of: lanes, key: key)
    lanes.component(inner.stateCount)[lane] = 0
  }

  public func step(_ lanes: Lanes) {
    inner.step(lanes)
    let elapsed = lanes.component(inner.stateCount)
    for lane in 0..<lanes.count {
      elapsed[lane] += 1
      if elapsed[lane] >= Float(steps), !lanes.terminated[lane] { lanes.truncated[lane] = true }
    }
  }
}
