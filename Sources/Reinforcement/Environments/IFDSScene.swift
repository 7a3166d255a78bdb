import Foundation

/// A path through a fluid that flows around obstacles (interfered fluid dynamical system): the action bends the flow.
///
/// Start near (0, 2, 5), goal (10, 10, 5.5), reached at 0.2; one moving obstacle of radius 1.5; at most 500 steps. The action,
/// three numbers in 0.1...3, are the repulsion, the swirl and the angle of the swirl. Observation, nine numbers: the way to the
/// obstacle's surface, the way to the goal, the obstacle's velocity. Here constants avoid every conflict, since the
/// field sees the obstacle by itself: claims about attacked observations are decided in `DeconflictionScene`.
/// `spoofing` biases the position in the field too. The obstacle's courses are our choice: eight circles and lines
/// through the middle of the way, chosen by the episode's key.
public struct IFDSScene: SimpleEnvironment {
  /// A constant bias of the position that field and policy see.
  public var spoofing: SIMD3<Float>

  public init(spoofing: SIMD3<Float> = .zero) { self.spoofing = spoofing }

  public let name = "ifds"
  public let observationSpace = Box(count: 9)
  public let actionSpace = ActionSpace.continuous(Box(count: 3, from: 0.1, to: 3))
  public let eventNames = ["conflicts", "arrival", "path"]

  private static let goal = SIMD3<Float>(10, 10, 5.5)
  private static let radius: Float = 1.5
  private static let dt: Float = 0.1

  // State: position, start, course of the obstacle, phase, steps, whether inside.
  public func initialState(key: RandomKey) -> [Float] {
    let u = key.uniform(count: 5).map { Float($0) }
    let start = [3 * u[0], 2 + 3 * u[1], 5 + 3 * u[2]]
    return start + start + [Float(Int(8 * u[3])), 2 * .pi * u[4], 0, 0]
  }

  private func obstacle(_ state: [Float]) -> (center: SIMD3<Float>, velocity: SIMD3<Float>) {
    let (pattern, phase) = (Int(state[6]), state[7])
    let time = state[8] * Self.dt
    let middle = SIMD3<Float>(5.5, 6.5, 5.5)
    let rate: Float = pattern % 2 == 0 ? 0.4 : -0.4
    let angle = rate * time + phase
    let (sine, cosine) = (sin(angle), cos(angle))
    let reach: Float = 2
    switch pattern / 2 {
    case 0: return (middle + reach * SIMD3(cosine, sine, 0), reach * rate * SIMD3(-sine, cosine, 0))
    case 1: return (middle + reach * SIMD3(cosine, 0, sine), reach * rate * SIMD3(-sine, 0, cosine))
    case 2: return (middle + reach * SIMD3(0, cosine, sine), reach * rate * SIMD3(0, -sine, cosine))
    default:
      let line = Memory.unit(SIMD3(1, -1, 0.2))
      return (middle + reach * cosine * line, -reach * rate * sine * line)
    }
  }

  public func observation(of state: [Float]) -> [Float] {
    let seen = SIMD3(state[0], state[1], state[2]) + spoofing
    let (center, velocity) = obstacle(state)
    let way = center - seen
    let distance = max(Memory.length(way), 1e-6)
    let (surface, goal) = (way * ((distance - Self.radius) / distance), Self.goal - seen)
    return [surface.x, surface.y, surface.z, goal.x, goal.y, goal.z, velocity.x, velocity.y, velocity.z]
  }

  /// The flow's velocity at a place.
  private func flow(_ x: SIMD3<Float>, _ center: SIMD3<Float>, _ v: SIMD3<Float>, _ action: [Float]) -> SIMD3<Float> {
    let goalDistance = max(Memory.length(Self.goal - x), 1e-6)
    let u = (Self.goal - x) / goalDistance
    let r = x - center
    let distance = max(Memory.length(r), 1e-6)
    let ratio = max(distance * distance / (Self.radius * Self.radius), 1e-3)
    let n = 2 * r / (Self.radius * Self.radius)
    // Inside of the obstacle the distance to its surface would change the exponent's sign: it stays positive.
    let weight = exp(1 - 1 / (goalDistance * max(distance - Self.radius, 1e-3)))
    let (rho, sigma, theta) = (max(action[0] * weight, 1e-3), max(action[1] * weight, 1e-3), action[2])
    let relative = u - exp(-ratio / 8) * v
    let square = max(Memory.dot(n, n), 1e-9)
    let repulsion = -n * (Memory.dot(n, relative) / (pow(ratio, 1 / rho) * square))
    var t1 = SIMD3(n.y, -n.x, 0)
    var t2 = SIMD3(n.x * n.z, n.y * n.z, -n.x * n.x - n.y * n.y)
    if Memory.dot(t1, t1) < 1e-9 { (t1, t2) = (SIMD3(1, 0, 0), SIMD3(0, 1, 0)) }
    let t = cos(theta) * Memory.unit(t1) + sin(theta) * Memory.unit(t2)
    let swirl = t * (Memory.dot(n, relative) / (pow(ratio, 1 / sigma) * square.squareRoot()))
    let sum = relative + repulsion + swirl + exp(-ratio / 8) * v
    let speed = Memory.length(sum)
    return speed > 5 ? sum * (5 / speed) : sum
  }

  public func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
    let bounded = action.map { min(max($0, 0.1), 3) }
    let before = SIMD3(state[0], state[1], state[2])
    let (center, velocity) = obstacle(state)
    let x = before + Self.dt * flow(before + spoofing, center, velocity, bounded)
    (state[0], state[1], state[2]) = (x.x, x.y, x.z)
    state[8] += 1
    let moved = obstacle(state).center
    let distance = Memory.length(x - moved)
    let toGoal = Memory.length(Self.goal - x)
    let whole = Memory.length(Self.goal - SIMD3(state[3], state[4], state[5]))
    let isInside = distance <= Self.radius
    let conflict: Float = isInside && state[9] == 0 ? 1 : 0
    state[9] = isInside ? 1 : 0
    let hasArrived = toGoal < 0.2
    var reward: Float
    if isInside {
      reward = (distance - Self.radius) / Self.radius - 1
    } else {
      reward = -toGoal / whole
      let margin = Self.radius + 0.4
      if distance < margin { reward += (distance - margin) / margin - 0.3 }
      if hasArrived { reward += 3 }
    }
    return StepOutcome(
      reward: reward, isTerminal: hasArrived, isTruncated: !hasArrived && state[8] >= 500,
      events: [conflict, hasArrived ? 1 : 0, Memory.length(x - before)])
  }
}
