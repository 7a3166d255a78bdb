import Arrays
import Parameters

/// The columns of a transition's parts, which lie in one row.
public struct TransitionColumns: Hashable, Sendable {
  /// What was seen, or what was true with what was seen behind it.
  public let states: Range<Int>
  /// As they were executed.
  public let actions: Range<Int>
  /// Sums of up to `steps` discounted rewards.
  public let rewards: Range<Int>
  /// γ^m behind m rewards, 0 behind an end that is one.
  public let discounts: Range<Int>
  /// The next states.
  public let next: Range<Int>
  /// Numbers of a row.
  public var count: Int { next.upperBound }

  init(observations o: Int, actions a: Int) {
    (states, actions, rewards, discounts) = (0..<o, o..<o + a, o + a..<o + a + 1, o + a + 1..<o + a + 2)
    next = o + a + 2..<2 * o + a + 2
  }
}

/// The last transitions of many copies, a ring; with n-step returns where asked for.
///
/// A transition is (s, a, r, d, s'): the discount d is γ^m behind m rewards, and 0 behind an end that is one. A truncated
/// episode keeps its discount: its last state has a value. Each is one row of memory, so that drawing it reads one place.
public struct ReplayBuffer: Sendable {
  /// Transitions that it holds; then the oldest go.
  public let capacity: Int
  /// γ of one step.
  public let discount: Float
  /// Rewards that one transition adds up, at most.
  public let steps: Int
  /// Where the parts of a row lie.
  public let columns: TransitionColumns
  /// `[capacity, columns]`
  public private(set) var rows: NDArray
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
    columns = TransitionColumns(observations: observationCount, actions: actionCount)
    rows = .zeros([capacity, columns.count])
    pending = Array(repeating: [], count: lanes)
  }

  /// Transitions that can be drawn.
  public var count: Int { min(added, capacity) }

  /// `[count, observations]`, copied, as the others; the transition added last is at `(added - 1) % capacity`.
  public var states: NDArray { part(columns.states) }
  /// `[count, actions]`
  public var actions: NDArray { part(columns.actions) }
  /// `[count]`
  public var rewards: NDArray { part(columns.rewards).reshaped(to: [count]) }
  /// `[count]`
  public var discounts: NDArray { part(columns.discounts).reshaped(to: [count]) }
  /// `[count, observations]`
  public var nextStates: NDArray { part(columns.next) }

  private func part(_ columns: Range<Int>) -> NDArray {
    var result = NDArray.zeros([count, columns.count])
    result.withUnsafeMutableElements(of: Float.self) { target in
      rows.withUnsafeElements(of: Float.self) { source in
        for row in 0..<count {
          for (index, column) in columns.enumerated() {
            target[row * columns.count + index] = source[row * self.columns.count + column]
          }
        }
      }
    }
    return result
  }

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
    rows.makeUnique()
    let row = pointer(rows) + added % capacity * columns.count
    row.update(from: state, count: columns.states.count)
    (row + columns.actions.lowerBound).update(from: action, count: columns.actions.count)
    row[columns.rewards.lowerBound] = reward
    row[columns.discounts.lowerBound] = discount
    (row + columns.next.lowerBound).update(from: next, count: columns.next.count)
    added += 1
  }

  /// Transitions drawn with replacement: `[count, columns]`.
  public func sample(_ count: Int, key: RandomKey) -> NDArray {
    precondition(self.count > 0, "nothing can be drawn from an empty buffer")
    return rows.rows(at: key.integers(count: count, below: self.count))
  }

  /// All that is in it.
  public var snapshot: Tree<NDArray> {
    let width = columns.next.lowerBound
    let waiting = pending.flatMap { $0.flatMap { $0.state + $0.action + [$0.reward, $0.discount] } }
    return Tree([
      "states": states, "actions": actions, "rewards": rewards, "discounts": discounts, "nextStates": nextStates,
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
    let (o, a) = (columns.states.count, columns.actions.count)
    let words = try saved.array("added", [2], .int32).integers.map { Int($0) }
    guard words[0] >= 0, (0...0xFF_FFFF).contains(words[1]) else {
      throw ControlError("a saved buffer holds no count of transitions")
    }
    let total = words[0] << 24 | words[1]
    let filled = min(total, capacity)
    let parts = [
      (columns.states, try saved.array("states", [filled, o])),
      (columns.actions, try saved.array("actions", [filled, a])),
      (columns.rewards, try saved.array("rewards", [filled])),
      (columns.discounts, try saved.array("discounts", [filled])),
      (columns.next, try saved.array("nextStates", [filled, o])),
    ]
    let counts = try saved.array("pendingCounts", [pending.count], .int32).integers.map { Int($0) }
    let waiting = try saved.array("pending", [nil, o + a + 2])
    guard counts.allSatisfy({ (0..<steps).contains($0) }), counts.reduce(0, +) == waiting.shape[0]
    else { throw ControlError("a saved buffer counts \(counts) transitions that wait, and holds \(waiting.shape[0])") }
    added = total
    rows.makeUnique()
    for (place, array) in parts {
      for row in 0..<filled {
        (pointer(rows) + row * columns.count + place.lowerBound)
          .update(from: pointer(array) + row * place.count, count: place.count)
      }
    }
    var rest = waiting.floats[...]
    pending = counts.map { count in
      (0..<count).map { _ in
        let row = Array(rest.prefix(o + a + 2))
        rest = rest.dropFirst(o + a + 2)
        return Pending(
          state: Array(row[..<o]), action: Array(row[o..<o + a]), reward: row[o + a], discount: row[o + a + 1])
      }
    }
  }
}
