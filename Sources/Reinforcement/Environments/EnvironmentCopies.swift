import Arrays
import Parameters

/// N copies of an environment that run on: whoever ends an episode starts the next one.
///
/// `next` keeps the last observation of an episode; `observations`, on which the next action is chosen, holds the first
/// of the new one. Episode e of lane i is a function of `key.split(i).split(e)`: two runs of one key meet the same episodes,
/// whatever their policies do.
public final class EnvironmentCopies {
  /// The rules of every copy.
  public let environment: any Environment
  /// Copies.
  public let count: Int
  private let key: RandomKey

  /// What the next actions are chosen on, `[count, width]`.
  public private(set) var observations: NDArray
  /// What the last step led to, `[count, width]`.
  public private(set) var next: NDArray
  /// Of the last step, `[count]`.
  public private(set) var rewards: NDArray
  /// Whether the last step ended an episode by the problem's own rules, `[count]` bools.
  public private(set) var terminated: NDArray
  /// Whether the last step cut an episode, as a limit of time does, `[count]` bools.
  public private(set) var truncated: NDArray
  /// Events of the last step, `[count, events]`.
  public private(set) var events: NDArray
  private var state: NDArray
  /// Episodes that each lane has begun.
  public private(set) var episodes: [Int]
  /// Half of what a snapshot's numbers hold: no run that goes on from there comes to their end.
  private static let mostEpisodes = 1 << 30
  /// Return, length and events of the running episodes, `[count, 2 + events]`.
  var sums: [Double]
  /// What ended in the last step.
  public private(set) var finished: [Episode] = []

  /// An episode from start to end.
  public struct Episode: Sendable, Equatable {
    /// Which copy ran it.
    public var lane: Int
    /// The sum of its rewards, without a discount.
    public var total: Double
    /// Its steps.
    public var length: Int
    /// Sums of the environment's events.
    public var events: [Double]
    /// Whether it ended by the problem's own rules, and was not cut.
    public var isTerminated: Bool
  }

  /// Copies at the start of their first episodes.
  ///
  /// - Throws: `ControlError` for fewer than one copy.
  public init(_ environment: any Environment, count: Int, key: RandomKey) throws {
    guard count >= 1 else { throw ControlError("an environment runs in at least one copy, not in \(count)") }
    self.environment = environment
    self.count = count
    self.key = key
    let width = environment.observationSpace.count
    observations = .zeros([count, width])
    next = .zeros([count, width])
    rewards = .zeros([count])
    terminated = .zeros([count], .bool)
    truncated = .zeros([count], .bool)
    events = .zeros([count, environment.eventNames.count])
    state = .zeros([environment.stateCount, count])
    episodes = Array(repeating: 0, count: count)
    sums = Array(repeating: 0, count: count * (environment.eventNames.count + 2))
    reset(Array(0..<count))
  }

  /// One step of all copies.
  ///
  /// - Parameter actions: `[count, action width]`.
  /// - Throws: `ControlError` where the actions have another shape.
  public func step(_ actions: NDArray) throws {
    guard actions.shape == [count, environment.actionSpace.width], actions.elementType == .float32 else {
      throw ControlError(
        "\(environment.name) takes actions [\(count), \(environment.actionSpace.width)] and was given \(actions.shape)")
    }
    withLanes(actions, writingTo: \.next) { environment.step($0) }
    finished.removeAll(keepingCapacity: true)
    // Copied, not shared: each keeps its memory.
    observations.makeUnique()
    observations.storage.pointer.copyMemory(from: next.storage.pointer, byteCount: next.byteCount)
    let (r, e) = (rewards.storage.pointer.assumingMemoryBound(to: Float.self), environment.eventNames.count)
    let counted = events.storage.pointer.assumingMemoryBound(to: Float.self)
    let ends = terminated.storage.pointer.assumingMemoryBound(to: Bool.self)
    let cuts = truncated.storage.pointer.assumingMemoryBound(to: Bool.self)
    var ended: [Int] = []
    for lane in 0..<count {
      let own = lane * (e + 2)
      sums[own] += Double(r[lane])
      sums[own + 1] += 1
      for event in 0..<e { sums[own + 2 + event] += Double(counted[lane * e + event]) }
      guard ends[lane] || cuts[lane] else { continue }
      ended.append(lane)
      finished.append(
        Episode(
          lane: lane, total: sums[own], length: Int(sums[own + 1]), events: Array(sums[own + 2..<own + 2 + e]),
          isTerminated: ends[lane]))
      for index in own..<own + 2 + e { sums[index] = 0 }
    }
    if !ended.isEmpty { reset(ended) }
  }

  func reset(_ lanes: [Int]) {
    let actions = NDArray.zeros([count, environment.actionSpace.width])
    withLanes(actions, writingTo: \.observations) { memory in
      for lane in lanes { environment.reset(lane: lane, of: memory, key: key.split(lane).split(episodes[lane])) }
    }
    for lane in lanes { episodes[lane] += 1 }
  }

  private func withLanes(
    _ actions: NDArray, writingTo target: ReferenceWritableKeyPath<EnvironmentCopies, NDArray>, _ body: (Lanes) -> Void
  ) {
    self[keyPath: target].makeUnique()
    rewards.makeUnique()
    terminated.makeUnique()
    truncated.makeUnique()
    events.makeUnique()
    state.makeUnique()
    body(
      Lanes(
        count: count, state: state.storage.pointer.assumingMemoryBound(to: Float.self),
        actions: UnsafePointer(actions.storage.pointer.assumingMemoryBound(to: Float.self)),
        observations: self[keyPath: target].storage.pointer.assumingMemoryBound(to: Float.self),
        rewards: rewards.storage.pointer.assumingMemoryBound(to: Float.self),
        terminated: terminated.storage.pointer.assumingMemoryBound(to: Bool.self),
        truncated: truncated.storage.pointer.assumingMemoryBound(to: Bool.self),
        events: events.storage.pointer.assumingMemoryBound(to: Float.self)))
    withExtendedLifetime(actions) {}
  }

  /// The state of each copy by component, `[stateCount, count]`.
  public var states: NDArray { state }

  /// All that the copies are: restored, they go on exactly.
  public var snapshot: Tree<NDArray> {
    Tree([
      "observations": observations, "state": state, "episodes": NDArray(episodes.map { Int32($0) }),
      "sums": NDArray(sums, shape: [count, environment.eventNames.count + 2]),
    ])
  }

  /// Goes on from what other copies of the same environment, number and key were.
  ///
  /// - Throws: `ControlError` where it is of others, or damaged.
  public func restore(_ snapshot: Tree<NDArray>) throws {
    let saved = SnapshotReader(snapshot)
    let observations = try saved.array("observations", self.observations.shape.dimensions)
    let state = try saved.array("state", self.state.shape.dimensions)
    let episodes = try saved.array("episodes", [count], .int32).integers.map { Int($0) }
    guard episodes.allSatisfy({ (0...Self.mostEpisodes).contains($0) }) else {
      throw ControlError("episodes of a saved run must be counts from 0 to \(Self.mostEpisodes)")
    }
    let width = environment.eventNames.count + 2
    let sums = try saved.numbers("sums", [count, width])
    for lane in 0..<count {
      guard try SnapshotReader.count(sums[lane * width + 1], "the length of an episode") < 1 << 52 else {
        throw ControlError("the length of an episode of a saved run is beyond what can be counted")
      }
    }
    (self.observations, self.state, self.episodes, self.sums) = (observations, state, episodes, sums)
  }
}
