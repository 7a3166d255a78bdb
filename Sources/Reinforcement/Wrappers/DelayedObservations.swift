/// Observations that arrive some steps late; before the first arrives, the first one is shown.
public struct DelayedObservations: Environment {
  /// What is wrapped.
  public let inner: any Environment
  /// In steps, at least 1.
  public let delay: Int

  public init(_ inner: any Environment, steps delay: Int) {
    precondition(delay >= 1, "a delay is at least one step")
    self.inner = inner
    self.delay = delay
  }

  public var name: String { inner.name }
  public var observationSpace: Box { inner.observationSpace }
  public var actionSpace: ActionSpace { inner.actionSpace }
  public var eventNames: [String] { inner.eventNames }
  private var width: Int { inner.observationSpace.count }
  /// The inner state, and the observations on their way, the oldest first.
  public var stateCount: Int { inner.stateCount + delay * width }

  public func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    inner.reset(lane: lane, of: lanes, key: key)
    for slot in 0..<delay {
      for index in 0..<width {
        lanes.component(inner.stateCount + slot * width + index)[lane] = lanes.observations[lane * width + index]
      }
    }
  }

  public func step(_ lanes: Lanes) {
    inner.step(lanes)
    for lane in 0..<lanes.count {
      for index in 0..<width {
        let arrived = lanes.component(inner.stateCount + index)[lane]
        for slot in 1..<max(delay, 1) {
          lanes.component(inner.stateCount + (slot - 1) * width + index)[lane] =
            lanes.component(inner.stateCount + slot * width + index)[lane]
        }
        lanes.component(inner.stateCount + (delay - 1) * width + index)[lane] =
          lanes.observations[lane * width + index]
        lanes.observations[lane * width + index] = arrived
      }
    }
  }
}
