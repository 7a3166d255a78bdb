import Arrays

/// Bounds of each number of an observation, or of a continuous action; infinite where there is none.
public struct Box: Hashable, Sendable {
  /// Lower bounds, one a number; -infinity for none.
  public let low: [Float]
  /// Upper bounds, one a number; infinity for none.
  public let high: [Float]

  /// - Precondition: as many lower bounds as upper ones.
  public init(low: [Float], high: [Float]) {
    precondition(low.count == high.count, "\(low.count) lower bounds and \(high.count) upper ones")
    self.low = low
    self.high = high
  }

  /// The same bounds for each of `count` numbers.
  public init(count: Int, from low: Float = -.infinity, to high: Float = .infinity) {
    self.init(low: Array(repeating: low, count: count), high: Array(repeating: high, count: count))
  }

  /// How many numbers there are.
  public var count: Int { low.count }
  /// Whether every number has a lower and an upper bound.
  public var isBounded: Bool { (low + high).allSatisfy(\.isFinite) }
  /// Middle of each interval.
  public var center: [Float] { zip(low, high).map { ($0 + $1) / 2 } }
  /// Half the width of each interval.
  public var halfWidth: [Float] { zip(low, high).map { ($1 - $0) / 2 } }
}

/// What an agent may do: numbers within bounds, or one of several choices, given as the float of its index.
public enum ActionSpace: Hashable, Sendable {
  case continuous(Box)
  case discrete(Int)

  /// Floats that one action takes.
  public var width: Int {
    switch self {
    case .continuous(let box): box.count
    case .discrete: 1
    }
  }

  /// An action for each copy, uniform in the space: [count, width]. The warm-up of off-policy methods.
  /// - Throws: `ControlError` where a bound is infinite.
  public func random(count: Int, key: RandomKey) throws -> NDArray {
    switch self {
    case .discrete(let choices):
      return NDArray(key.integers(count: count, below: choices).map { Float($0) }, shape: [count, 1])
    case .continuous(let box):
      guard box.isBounded else { throw ControlError("an action without bounds cannot be drawn uniformly") }
      let values = key.uniform(count: count * box.count).enumerated().map { index, u in
        let (low, high) = (box.low[index % box.count], box.high[index % box.count])
        return min(max(low + (high - low) * Float(u), low), high)
      }
      return NDArray(values, shape: [count, box.count])
    }
  }
}

/// A problem of control cannot be set up or cannot go on.
public struct ControlError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}
