@_exported import Arrays
@_exported import Compilation
@_exported import Datasets
@_exported import Descending
@_exported import Models
@_exported import Parameters

/// A problem of control for any number of copies at once: pure rules over plain memory.
///
/// An environment holds no copy's state. The memory of all copies belongs to `EnvironmentCopies`, so that a copy can be
/// saved, cloned and paired without the environment's help, and so that no environment can overwrite the last
/// observation of an episode: it never resets by itself. `EnvironmentCheck` says whether a new one keeps the rules. For an
/// environment written for one copy at a time see `SimpleEnvironment`.
public protocol Environment: Sendable {
  /// As commands and reports call it.
  var name: String { get }
  /// How many numbers an observation has, and their bounds.
  var observationSpace: Box { get }
  /// What an agent may do.
  var actionSpace: ActionSpace { get }
  /// Floats that the state of one copy takes.
  var stateCount: Int { get }
  /// What a step counts besides the reward: each number is summed over an episode.
  var eventNames: [String] { get }

  /// Starts an episode in one lane: its whole state, and its observation, are functions of the key.
  func reset(lane: Int, of lanes: Lanes, key: RandomKey)

  /// One step of every lane: reads state and actions; writes state, observations, rewards, ends and events.
  ///
  /// `terminated` means that nothing comes after (no value to bootstrap from); `truncated`, that the episode was cut.
  func step(_ lanes: Lanes)
}

extension Environment {
  public var eventNames: [String] { [] }
}

/// The memory of all copies of an environment, one lane a copy.
///
/// States are stored by component, `[stateCount, count]`, for loops over lanes; all else by lane.
public struct Lanes {
  /// Copies.
  public let count: Int
  /// `[stateCount, count]`
  public let state: UnsafeMutablePointer<Float>
  /// `[count, action width]`
  public let actions: UnsafePointer<Float>
  /// `[count, observation width]`
  public let observations: UnsafeMutablePointer<Float>
  /// `[count]`, of the last step.
  public let rewards: UnsafeMutablePointer<Float>
  /// `[count]`: whether the problem itself ended the episode; the next state then has no value.
  public let terminated: UnsafeMutablePointer<Bool>
  /// `[count]`: whether something else cut the episode, as a limit of time; the next state keeps its value.
  public let truncated: UnsafeMutablePointer<Bool>
  /// `[count, events]`
  public let events: UnsafeMutablePointer<Float>

  /// One component of the state, of all lanes.
  public func component(_ index: Int) -> UnsafeMutablePointer<Float> { state + index * count }

  /// The same lanes with other actions: what wrappers that change actions hand on.
  func withActions(_ actions: UnsafePointer<Float>) -> Lanes {
    Lanes(
      count: count, state: state, actions: actions, observations: observations, rewards: rewards,
      terminated: terminated, truncated: truncated, events: events)
  }
}

/// A problem of control written for one copy: rules over the floats of its state.
///
/// ```swift
/// struct Corridor: SimpleEnvironment {
///   let name = "corridor", observationSpace = Box(count: 1), actionSpace = ActionSpace.discrete(2)
///   func initialState(key: RandomKey) -> [Float] { [0] }
///   func observation(of state: [Float]) -> [Float] { state }
///   func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
///     state[0] += action[0] == 1 ? 1 : -1
///     return StepOutcome(reward: -1, isTerminal: state[0] == 5)
///   }
/// }
/// let environment = TimeLimit(Copies(Corridor()), steps: 100)
/// ```
public protocol SimpleEnvironment: Sendable {
  /// As commands and reports call it.
  var name: String { get }
  /// How many numbers an observation has, and their bounds.
  var observationSpace: Box { get }
  /// What an agent may do.
  var actionSpace: ActionSpace { get }
  /// What a step counts besides the reward; none by default.
  var eventNames: [String] { get }
  /// Always of one length.
  func initialState(key: RandomKey) -> [Float]
  /// What an agent sees of a state: as many numbers as the space has.
  func observation(of state: [Float]) -> [Float]
  /// Changes the state by an action, whose numbers are within bounds or the index of a choice.
  func step(_ state: inout [Float], action: [Float]) -> StepOutcome
}

extension SimpleEnvironment {
  public var eventNames: [String] { [] }
}

/// What a step gives besides the next state.
public struct StepOutcome: Sendable {
  /// What the step earned.
  public var reward: Float
  /// Whether the problem itself ended the episode; the next state then has no value.
  public var isTerminal: Bool
  /// Whether something else cut the episode; the next state keeps its value.
  public var isTruncated: Bool
  /// One number for each of the environment's `eventNames`.
  public var events: [Float]

  public init(reward: Float, isTerminal: Bool = false, isTruncated: Bool = false, events: [Float] = []) {
    self.reward = reward
    self.isTerminal = isTerminal
    self.isTruncated = isTruncated
    self.events = events
  }
}

/// Any number of copies of an environment that was written for one.
public struct Copies<Single: SimpleEnvironment>: Environment {
  /// The rules of one copy.
  public let single: Single
  public let stateCount: Int
  private let observationCount: Int

  public init(_ single: Single) {
    self.single = single
    let example = single.initialState(key: RandomKey(seed: 0))
    stateCount = example.count
    observationCount = single.observationSpace.count
  }

  public var name: String { single.name }
  public var observationSpace: Box { single.observationSpace }
  public var actionSpace: ActionSpace { single.actionSpace }
  public var eventNames: [String] { single.eventNames }

  public func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    write(single.initialState(key: key), lane, lanes)
  }

  private func write(_ state: [Float], _ lane: Int, _ lanes: Lanes) {
    precondition(
      state.count == stateCount, "\(name): a state of \(state.count) numbers, where the first had \(stateCount)")
    for (index, value) in state.enumerated() { lanes.component(index)[lane] = value }
    // An observation of another length is a fault that the check names; memory is kept safe here.
    let observation = single.observation(of: state)
    for index in 0..<observationCount {
      lanes.observations[lane * observationCount + index] = index < observation.count ? observation[index] : .nan
    }
  }

  public func step(_ lanes: Lanes) {
    let (width, events) = (actionSpace.width, eventNames.count)
    var state = [Float](repeating: 0, count: stateCount)
    var action = [Float](repeating: 0, count: width)
    for lane in 0..<lanes.count {
      for index in 0..<stateCount { state[index] = lanes.component(index)[lane] }
      for index in 0..<width { action[index] = lanes.actions[lane * width + index] }
      let outcome = single.step(&state, action: action)
      write(state, lane, lanes)
      lanes.rewards[lane] = outcome.reward
      lanes.terminated[lane] = outcome.isTerminal
      lanes.truncated[lane] = outcome.isTruncated
      for index in 0..<events {
        lanes.events[lane * events + index] = index < outcome.events.count ? outcome.events[index] : .nan
      }
    }
  }
}
