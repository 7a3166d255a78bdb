import Distributed
import Foundation
import RunLogs

/// Any other rank of an MPI run: does the tasks that rank 0 hands out, and sends it what they record.
///
/// Tasks run on a thread of their own, so that this one can say all the while that the process lives.
final class RankFollower {
  private let channel: any Channel
  private let clock: any WallClock
  private let patience: Double
  private let outbox = Outbox()
  private var isWorking = false
  private var heardAt = 0.0
  private var spokeAt = 0.0

  init(_ channel: any Channel, clock: any WallClock, patience: Double) {
    (self.channel, self.clock, self.patience) = (channel, clock, patience)
  }

  /// Where tasks record.
  var sink: any RunSink { outbox }

  /// Says why this rank cannot take part, and waits for the end.
  func excuse(_ reason: String) throws {
    try channel.send(RankMessage.failure(task: "", reason).bytes, to: 0)
    while true {
      if let (_, bytes) = try channel.poll(), case .end? = RankMessage(bytes) { return }
      clock.sleep(seconds: 1e-3)
    }
  }

  /// Says hello and waits for as long as rank 0 needs to open its data.
  ///
  /// - Returns: the run's folder; nil where there is nothing to do.
  func join(_ visitor: RankMessage.Visitor) throws -> String? {
    try channel.send(RankMessage.hello(visitor).bytes, to: 0)
    while true {
      guard let (_, bytes) = try channel.poll() else {
        clock.sleep(seconds: 1e-3)
        continue
      }
      switch RankMessage(bytes) {
      case .welcome(let folder):
        (heardAt, spokeAt) = (clock.now, clock.now)
        return folder
      case .end: return nil
      case .alive: continue
      default: throw RankError("rank 0 speaks another language; do all ranks run the same version?")
      }
    }
  }

  /// Does what is ordered until there is nothing more; events of the task leave as they are recorded.
  func work(_ body: @escaping @Sendable (_ task: String, _ results: [RunEvent]) throws -> Void) throws {
    while true {
      for message in outbox.take() {
        try channel.send(message.bytes, to: 0)
        spokeAt = clock.now
        if message.endsTask { isWorking = false }
      }
      if clock.now - spokeAt > patience / 8 {
        try channel.send(RankMessage.alive.bytes, to: 0)
        spokeAt = clock.now
      }
      guard let (_, bytes) = try channel.poll() else {
        guard clock.now - heardAt < patience else {
          throw RankError("rank 0 has been silent for \(String(format: "%g", patience)) seconds")
        }
        clock.sleep(seconds: 1e-3)
        continue
      }
      heardAt = clock.now
      switch RankMessage(bytes) {
      case .order(let task, let results) where !isWorking:
        isWorking = true
        begin(task, results, body)
      case .together(let task, let results) where !isWorking:
        guard try join(task, results, body) else { return }
      case .alive: continue
      case .end: return
      default: throw RankError("rank 0 speaks another language; do all ranks run the same version?")
      }
    }
  }

  /// Does a task together with all ranks, on this thread, as it speaks for itself; rank 0 records.
  ///
  /// - Returns: whether there may be more to do.
  private func join(
    _ task: String, _ results: [RunEvent], _ body: (String, [RunEvent]) throws -> Void
  ) throws -> Bool {
    try channel.send(RankMessage.joined.bytes, to: 0)
    // When all have joined, what belongs to the task may be said.
    heardAt = clock.now
    while true {
      if let (_, bytes) = try channel.poll() {
        switch RankMessage(bytes) {
        case .begin: break
        case .end: return false
        default: continue
        }
        break
      }
      guard clock.now - heardAt < 2 * patience else { throw RankError("rank 0 has not begun \(task)") }
      clock.sleep(seconds: 1e-4)
    }
    do { try body(task, results) } catch {
      try channel.send(RankMessage.failure(task: task, "\(error)").bytes, to: 0)
    }
    _ = outbox.take()
    try channel.send(RankMessage.left.bytes, to: 0)
    (heardAt, spokeAt) = (clock.now, clock.now)
    return true
  }

  private func begin(
    _ task: String, _ results: [RunEvent], _ body: @escaping @Sendable (String, [RunEvent]) throws -> Void
  ) {
    let outbox = outbox
    let thread = Thread {
      do {
        try body(task, results)
        outbox.add(.done(task: task))
      } catch {
        outbox.add(.failure(task: task, "\(error)"))
      }
    }
    thread.stackSize = 8 << 20  // as a main thread has
    thread.start()
  }
}

/// What a task has to say, until the thread that speaks takes it.
private final class Outbox: RunSink, @unchecked Sendable {
  private let lock = NSLock()
  private var messages: [RankMessage] = []

  func add(_ message: RankMessage) { lock.withLock { messages.append(message) } }
  func take() -> [RankMessage] {
    lock.withLock {
      defer { messages = [] }
      return messages
    }
  }
  func record(_ event: RunEvent) { add(.event(event)) }
  func flush() {}
}

extension RankMessage {
  fileprivate var endsTask: Bool {
    switch self {
    case .done, .failure: true
    default: false
    }
  }
}
