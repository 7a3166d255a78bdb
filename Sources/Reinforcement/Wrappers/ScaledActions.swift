/// Actions in -1...1 for an environment with bounds of its own.
public struct ScaledActions: Environment {
  /// What is wrapped.
  public let inner: any Environment
  private let center: [Float]
  private let half: [Float]

  /// - Throws: `ControlError` where the actions are choices or have no bounds.
  public init(_ inner: any Environment) throws {
    guard case .continuous(let box) = inner.actionSpace, box.isBounded else {
      throw ControlError("\(inner.name) has no bounded continuous actions to scale")
    }
    self.inner = inner
    center = box.center
    half = box.halfWidth
  }

  public var name: String { inner.name }
  public var observationSpace: Box { inner.observationSpace }
  public var actionSpace: ActionSpace { .continuous(Box(count: center.count, from: -1, to: 1)) }
  public var eventNames: [String] { inner.eventNames }
  /// The inner state, and room for the scaled actions.
  public var stateCount: Int { inner.stateCount + center.count }

  public func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    inner.reset(lane: lane, of: lanes, key: key)
    for index in center.indices { lanes.component(inner.stateCount)[lane * center.count + index] = 0 }
  }

  public func step(_ lanes: Lanes) {
    let scaled = lanes.component(inner.stateCount)
    for index in 0..<lanes.count * center.count {
      let column = index % center.count
      scaled[index] = center[column] + half[column] * min(max(lanes.actions[index], -1), 1)
    }
    inner.step(lanes.withActions(scaled))
  }
}
