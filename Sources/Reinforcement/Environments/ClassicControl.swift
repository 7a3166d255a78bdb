import Foundation

/// A pendulum to be swung up and held by a bounded torque; nothing ends an episode but a `TimeLimit` of 200 steps.
///
/// Equations and constants as Gymnasium's Pendulum-v1: reward -(angle² + 0.1 speed² + 0.001 torque²) before the step.
public struct Pendulum: SimpleEnvironment {
  public init() {}
  public let name = "pendulum"
  public let observationSpace = Box(low: [-1, -1, -8], high: [1, 1, 8])
  public let actionSpace = ActionSpace.continuous(Box(count: 1, from: -2, to: 2))

  public func initialState(key: RandomKey) -> [Float] {
    let u = key.uniform(count: 2)
    return [Float(.pi * (2 * u[0] - 1)), Float(2 * u[1] - 1)]
  }

  public func observation(of state: [Float]) -> [Float] { [cos(state[0]), sin(state[0]), state[1]] }

  public func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
    let torque = min(max(action[0], -2), 2)
    let angle = state[0] - 2 * .pi * ((state[0] + .pi) / (2 * .pi)).rounded(.down)
    let cost = angle * angle + 0.1 * state[1] * state[1] + 0.001 * torque * torque
    state[1] = min(max(state[1] + (15 * sin(state[0]) + 3 * torque) * 0.05, -8), 8)
    state[0] += state[1] * 0.05
    return StepOutcome(reward: -cost)
  }
}

/// A pole on a cart, held up by pushes to the left or to the right (Barto, Sutton, Anderson 1983; Gymnasium's CartPole-v1).
public struct CartPole: SimpleEnvironment {
  public init() {}
  public let name = "cartpole"
  public let observationSpace = Box(count: 4)
  public let actionSpace = ActionSpace.discrete(2)

  public func initialState(key: RandomKey) -> [Float] { key.uniform(count: 4).map { Float(0.1 * $0 - 0.05) } }
  public func observation(of state: [Float]) -> [Float] { state }

  public func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
    let force: Float = action[0] >= 0.5 ? 10 : -10
    let (sine, cosine) = (sin(state[2]), cos(state[2]))
    // Masses 1 (cart) and 0.1 (pole), half length 0.5.
    let push = (force + 0.05 * state[3] * state[3] * sine) / 1.1
    let turn = (9.8 * sine - cosine * push) / (0.5 * (4 / 3 - 0.1 * cosine * cosine / 1.1))
    let acceleration = push - 0.05 * turn * cosine / 1.1
    state[0] += 0.02 * state[1]
    state[1] += 0.02 * acceleration
    state[2] += 0.02 * state[3]
    state[3] += 0.02 * turn
    let hasFallen = abs(state[0]) > 2.4 || abs(state[2]) > 12 * 2 * .pi / 360
    return StepOutcome(reward: 1, isTerminal: hasFallen)
  }
}

/// A car in a valley, too weak to drive straight up (Moore 1990; Gymnasium's MountainCarContinuous-v0).
public struct MountainCarContinuous: SimpleEnvironment {
  public init() {}
  public let name = "mountaincar"
  public let observationSpace = Box(low: [-1.2, -0.07], high: [0.6, 0.07])
  public let actionSpace = ActionSpace.continuous(Box(count: 1, from: -1, to: 1))
  public let eventNames = ["arrival"]

  public func initialState(key: RandomKey) -> [Float] { [Float(-0.6 + 0.2 * key.uniform(count: 1)[0]), 0] }
  public func observation(of state: [Float]) -> [Float] { state }

  public func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
    let force = min(max(action[0], -1), 1)
    state[1] = min(max(state[1] + 0.0015 * force - 0.0025 * cos(3 * state[0]), -0.07), 0.07)
    state[0] = min(max(state[0] + state[1], -1.2), 0.6)
    if state[0] == -1.2, state[1] < 0 { state[1] = 0 }
    let hasArrived = state[0] >= 0.45
    return StepOutcome(
      reward: (hasArrived ? 100 : 0) - 0.1 * force * force, isTerminal: hasArrived, events: [hasArrived ? 1 : 0])
  }
}

/// The smallest task: say the number that is shown. Reward -(action - observation)², an episode is one step.
public struct IdentityTask: SimpleEnvironment {
  public init() {}
  public let name = "identity"
  public let observationSpace = Box(count: 1, from: -1, to: 1)
  public let actionSpace = ActionSpace.continuous(Box(count: 1, from: -1, to: 1))

  public func initialState(key: RandomKey) -> [Float] { [Float(2 * key.uniform(count: 1)[0] - 1)] }
  public func observation(of state: [Float]) -> [Float] { state }

  public func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
    let error = action[0] - state[0]
    return StepOutcome(reward: -error * error, isTerminal: true)
  }
}
