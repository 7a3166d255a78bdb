import Arrays
import Parameters

/// The last transitions of many copies, a ring; with n-step returns where asked for.
///
/// A transition is (s, a, r, d, s'): the discount d is γ^m behind m rewards, and 0 behind an end that is one. A truncated
/// episode keeps its discount: its last state has a value.
public struct ReplayBuffer: Sendable {
  /// Transitions that it holds; then the oldest go.
  public let capacity: Int
  /// γ of one step.
  public let discount: Float
  /// Rewards that one transition adds up, at most.
  public let steps: Int
  /// `[capacity, observations]`
  public private(set) var states: NDArray
  /// `[capacity, actions]`
  public private(set) var actions: NDArray
  /// `[capacity]`, each the discounted sum of up to `steps` rewards.
  public private(set) var rewards: NDArray
  /// `[capacity]`: γ^m behind m rewards, 0 behind an end that is one.
  public private(set) var discounts: NDArray
  /// `[capacity, observations]`
  public private(set) var nextStates: NDArray
  /// Transitions ever added.
  public private(set) var added = 0
  /// Transitions of fewer than `steps` rewards that wait, of each lane, the oldest first.
  private var pending: [[Pending]]

  private struct Pending: Sendable {
    var state: [Float]
    var action: [Float]
    var reward: Float
    var discount: Float
  }

  /// - Throws: `ControlError` where a number is out of range.
  public init(capacity: Int, observationCount: Int, actionCount: Int, lanes: Int, discount: Double, steps: Int = 1)
    throws
  {
    guard capacity >= 1, steps >= 1, discount > 0, discount <= 1 else {
      throw ControlError(
        "a replay buffer needs a capacity (\(capacity)) and steps (\(steps)) of at least 1, a discount (\(discount)) in (0, 1]"
      )
    }
    self.capacity = capacity
    self.discount = Float(discount)
    self.steps = steps
    states = .zeros([capacity, observationCount])
    actions = .zeros([capacity, actionCount])
    rewards = .zeros([capacity])
    discounts = .zeros([capacity])
    nextStates = .zeros([capacity, observationCount])
    pending = Array(repeating: [], count: lanes)
  }

  /// Transitions that can be drawn.
  public var count: Int { min(added, capacity) }

  /// One step of all lanes: rows of equal number, one a lane.
  ///
  /// - Parameter next: what the step led to, before any reset.
  public mutating func add(
    states: NDArray, actions: NDArray, rewards: NDArray, next: NDArray, terminated: NDArray, truncated: NDArray
  ) {
    let lanes = pending.count
    precondition(states.shape[0] == lanes && rewards.count == lanes, "one row for each of \(lanes) lanes")
    func row(_ array: NDArray, _ lane: Int) -> [Float] {
      let width = array.shape[1]
      return array.withUnsafeElements(of: Float.self) { Array($0[lane * width..<(lane + 1) * width]) }
    }
    if steps == 1 {
      // The common case, without a detour.
      let (r, ends) = (pointer(rewards), terminated.storage.pointer.assumingMemoryBound(to: Bool.self))
      for lane in 0..<lanes {
        insert(
          pointer(states) + lane * states.shape[1], pointer(actions) + lane * actions.shape[1], r[lane],
          ends[lane] ? 0 : discount, pointer(next) + lane * next.shape[1])
      }
      withExtendedLifetime((states, actions, rewards, next, terminated)) {}
      return
    }
    let (r, ends, cuts) = (rewards.floats, terminated.bools, truncated.bools)
    for lane in 0..<lanes {
      for index in pending[lane].indices {
        pending[lane][index].reward += pending[lane][index].discount * r[lane]
        pending[lane][index].discount *= discount
      }
      pending[lane].append(
        Pending(state: row(states, lane), action: row(actions, lane), reward: r[lane], discount: discount))
      let last = row(next, lane)
      let isEnd = ends[lane] || cuts[lane]
      while let first = pending[lane].first, isEnd || pending[lane].count == steps {
        insert(first.state, first.action, first.reward, ends[lane] ? 0 : first.discount, last)
        pending[lane].removeFirst()
      }
    }
  }

  private func pointer(_ array: NDArray) -> UnsafeMutablePointer<Float> {
    array.storage.pointer.assumingMemoryBound(to: Float.self)
  }

  private mutating func insert(
    _ state: UnsafePointer<Float>, _ action: UnsafePointer<Float>, _ reward: Float, _ discount: Float,
    _ next: UnsafePointer<Float>
  ) {
    states.makeUnique()
    actions.makeUnique()
    rewards.makeUnique()
    discounts.makeUnique()
    nextStates.makeUnique()
    let place = added % capacity
    let (o, a) = (states.shape[1], actions.shape[1])
    (pointer(states) + place * o).update(from: state, count: o)
    (pointer(actions) + place * a).update(from: action, count: a)
    pointer(rewards)[place] = reward
    pointer(discounts)[place] = discount
    (pointer(nextStates) + place * o).update(from: next, count: o)
    added += 1
  }

  /// Transitions drawn with replacement: states, actions, rewards, discounts, next states.
  public func sample(_ count: Int, key: RandomKey) -> [NDArray] {
    precondition(self.count > 0, "nothing can be drawn from an empty buffer")
    let places = key.integers(count: count, below: self.count)
    return [states, actions, rewards, discounts, nextStates].map { $0.rows(at: places) }
  }

  /// All that is in it.
  public var snapshot: Tree<NDArray> {
    let width = states.shape[1] + actions.shape[1] + 2
    let waiting = pending.flatMap { $0.flatMap { $0.state + $0.action + [$0.reward, $0.discount] } }
    return Tree([
      "states": states.rows(0..<count), "actions": actions.rows(0..<count), "rewards": rewards.rows(0..<count),
      "discounts": discounts.rows(0..<count), "nextStates": nextStates.rows(0..<count),
      // A count of transitions may pass what a float or an int32 holds: two words.
      "added": NDArray([Int32(added >> 24), Int32(added & 0xFF_FFFF)]),
      "pendingCounts": NDArray(pending.map { Int32($0.count) }),
      "pending": NDArray(waiting, shape: [waiting.count / width, width]),
    ])
  }

  /// Takes what another buffer of these sizes held.
  ///
  /// - Throws: `ControlError` where it is another buffer's, or damaged.
  public mutating func restore(_ snapshot: Tree<NDArray>) throws {
    let saved = SnapshotReader(snapshot)
    let (o, a) = (states.shape[1], actions.shape[1])
    let words = try saved.array("added", [2], .int32).integers.map { Int($0) }
    guard words[0] >= 0, (0...0xFF_FFFF).contains(words[1]) else {
      throw ControlError("a saved buffer holds no count of transitions")
    }
    let total = words[0] << 24 | words[1]
    let filled = min(total, capacity)
    let parts: [(WritableKeyPath<ReplayBuffer, NDArray>, NDArray)] = [
      (\.states, try saved.array("states", [filled, o])), (\.actions, try saved.array("actions", [filled, a])),
      (\.rewards, try saved.array("rewards", [filled])), (\.discounts, try saved.array("discounts", [filled])),
      (\.nextStates, try saved.array("nextStates", [filled, o])),
    ]
    let counts = try saved.array("pendingCounts", [pending.count], .int32).integers.map { Int($0) }
    let waiting = try saved.array("pending", [nil, o + a + 2])
    guard counts.allSatisfy({ (0..<steps).contains($0) }), counts.reduce(0, +) == waiting.shape[0]
    else { throw ControlError("a saved buffer counts \(counts) transitions that wait, and holds \(waiting.shape[0])") }
    added = total
    for (target, array) in parts {
      self[keyPath: target].makeUnique()
      self[keyPath: target].storage.pointer.copyMemory(from: array.storage.pointer, byteCount: array.byteCount)
    }
    var rows = waiting.floats[...]
    pending = counts.map { count in
      (0..<count).map { _ in
        let row = Array(rows.prefix(o + a + 2))
        rows = rows.dropFirst(o + a + 2)
        return Pending(
          state: Array(row[..<o]), action: Array(row[o..<o + a]), reward: row[o + a], discount: row[o + a + 1])
      }
    }
  }
}
