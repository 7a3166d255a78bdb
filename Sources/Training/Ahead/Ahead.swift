import Foundation

/// A value that is made once: by another thread before it is needed, or by whoever needs it first.
///
/// What nobody has begun when it is needed is made on the spot, so that nobody waits for a thread that has not come. What is
/// given up before it is begun is never made; what is begun ends by itself.
package final class Ahead<Value: Sendable>: @unchecked Sendable {
  // The state changes under the condition; who sets it to `begun` calls `make`.
  private enum State {
    case open, begun
    case made(Result<Value, any Error>)
  }

  private let condition = NSCondition()
  private var state = State.open
  private let make: @Sendable () throws -> Value

  /// - Parameters:
  ///   - beside: whether another thread is to make it from now on.
  ///   - make: gives the same whenever it is called, and by whom.
  package init(beside: Bool, _ make: @escaping @Sendable () throws -> Value) {
    self.make = make
    if beside { DispatchQueue.global().async { [weak self] in self?.begin() } }
  }

  /// The value; where another thread is making it, this one waits.
  ///
  /// - Throws: what making it threw, whenever it is asked for.
  package var value: Value {
    get throws {
      begin()
      condition.lock()
      defer { condition.unlock() }
      while true {
        if case .made(let result) = state { return try result.get() }
        condition.wait()
      }
    }
  }

  /// Whether it need not be waited for, be it a value or an error.
  package var isMade: Bool {
    condition.withLock { if case .made = state { true } else { false } }
  }

  private func begin() {
    let isMine: Bool = condition.withLock {
      guard case .open = state else { return false }
      state = .begun
      return true
    }
    guard isMine else { return }
    let result = Result { try make() }
    condition.withLock {
      state = .made(result)
      condition.broadcast()
    }
  }
}
