import Distributed
import Foundation

/// This process among ranks that work on one thing together: messages by sender, signs of life, names of those that are lost.
///
/// The work is done on a thread of its own, so that this one can say all the while that the process lives; only this one speaks.
final class RankLink: @unchecked Sendable {
  // Jobs and their outcome are handed over under the condition; all else is used by the thread that speaks.
  private let channel: any Channel
  private let clock: any WallClock
  private let patience: Double
  private let condition = NSCondition()
  private var jobs: [() -> Void] = []
  private var isOver = false
  /// Why nothing more can be done together.
  private var failure: RankError?
  private var arrived: [[[UInt8]]]
  private var heardAt: [Double]
  private var spokeAt = 0.0
  private var names: [String]
  private var hasSaidGoodbye = false
  /// Whether rank 0 has said goodbye.
  private var hasEnded = false

  init(_ channel: any Channel, clock: any WallClock, patience: Double) {
    (self.channel, self.clock, self.patience) = (channel, clock, patience)
    arrived = (0..<channel.size).map { _ in [] }
    heardAt = (0..<channel.size).map { _ in clock.now }
    names = (0..<channel.size).map { "rank \($0)" }
  }

  var rank: Int { channel.rank }
  var size: Int { channel.size }
  /// Whether a rank was lost: the others cannot end together with it.
  private(set) var hasLost = false

  // MARK: Two threads

  /// Does the work on a thread of its own and speaks for it until it ends.
  ///
  /// - Throws: what the work throws.
  func serve<Result>(_ work: @escaping () throws -> Result) throws -> Result {
    var outcome: Swift.Result<Result, any Error>?
    let box = Unchecked { [self] in
      let found = Swift.Result { try work() }
      condition.withLock {
        outcome = found
        isOver = true
        condition.signal()
      }
    }
    let thread = Thread { box.body() }
    thread.stackSize = 8 << 20  // as a main thread has
    thread.start()
    while true {
      condition.lock()
      if jobs.isEmpty, !isOver { _ = condition.wait(until: Date(timeIntervalSinceNow: patience / 8)) }
      let (next, ends) = (jobs.isEmpty ? nil : jobs.removeFirst(), isOver)
      condition.unlock()
      if let next {
        next()
      } else if ends {
        return try outcome!.get()
      } else if failure == nil {
        // The work hears of it when it wants to speak.
        do { try breathe() } catch { failure = Self.wrapped(error) }
      }
    }
  }

  /// Speaks for the work, which waits.
  ///
  /// - Throws: `RankError` where another rank is lost or cannot go on.
  func call<Result>(_ body: @escaping () throws -> Result) throws -> Result { try start(body)() }

  /// Speaks for the work, which goes on, after what was started before.
  ///
  /// - Returns: waits for it, once. It throws `RankError` where another rank is lost or cannot go on.
  func start<Result>(_ body: @escaping () throws -> Result) -> () throws -> Result {
    let promise = Promise<Result>()
    condition.withLock {
      jobs.append { [self] in
        promise.outcome = Swift.Result {
          if let failure { throw failure }
          do { return try body() } catch {
            failure = Self.wrapped(error)
            throw failure!
          }
        }
        promise.done.signal()
      }
      condition.signal()
    }
    return {
      promise.done.wait()
      return try promise.outcome!.get()
    }
  }

  /// What one thread writes and another reads after it.
  private final class Promise<Result> {
    var outcome: Swift.Result<Result, any Error>?
    let done = DispatchSemaphore(value: 0)
  }

  private static func wrapped(_ error: any Error) -> RankError { error as? RankError ?? RankError("\(error)") }

  // MARK: Messages

  /// Who a rank says that it is.
  func name(_ rank: Int, _ name: String) { names[rank] = "rank \(rank) (\(name))" }
  func name(of rank: Int) -> String { names[rank] }

  func send(_ message: RankMessage, to rank: Int) throws { try send(message.bytes, to: rank) }

  /// - Parameter bytes: a message's, or numbers behind a 0.
  func send(_ bytes: [UInt8], to rank: Int) throws { try channel.send(bytes, to: rank) }

  /// The next message of a rank, but for signs of life.
  ///
  /// - Throws: `RankError` where a rank is lost, or says why it cannot go on; `RankError.ended`.
  func receive(from rank: Int) throws -> [UInt8] {
    var looks = 0
    while true {
      if !arrived[rank].isEmpty { return arrived[rank].removeFirst() }
      if hasEnded { throw RankError.ended }
      if try take() { continue }
      looks += 1
      if looks.isMultiple(of: 64) { try breathe() }
      // The others share the cores.
      clock.sleep(seconds: looks < 2000 ? 1e-5 : 1e-3)
    }
  }

  /// - Throws: as `receive`; `RankError` where it is no message of this kind.
  func receiveMessage(from rank: Int) throws -> RankMessage {
    guard let message = RankMessage(try receive(from: rank)) else {
      throw RankError("\(names[rank]) speaks another language; do all ranks run the same version?")
    }
    return message
  }

  /// Waits until what was sent has left: a long message needs this side.
  func flush() throws {
    var looks = 0
    while !channel.hasSentAll {
      if try take() { continue }
      looks += 1
      if looks.isMultiple(of: 64) { try breathe() }
      clock.sleep(seconds: 1e-5)
    }
  }

  /// Tells the others that there is nothing more to do.
  func sayGoodbye() {
    guard !hasSaidGoodbye else { return }
    hasSaidGoodbye = true
    for other in others { try? channel.send(RankMessage.end.bytes, to: other) }
  }

  /// Of those that this one watches: the first all, all the first.
  private var others: [Int] { rank == 0 ? Array(1..<max(size, 1)) : [0] }

  /// Takes in one message; whether there was one.
  private func take() throws -> Bool {
    guard let (sender, bytes) = try channel.poll() else { return false }
    heardAt[sender] = clock.now
    switch bytes.first == 0 ? nil : RankMessage(bytes) {
    case .alive: break
    case .failure(_, let reason):
      throw RankError("\(names[sender]) cannot take part: \(reason)")
    case .end: hasEnded = true
    default: arrived[sender].append(bytes)
    }
    return true
  }

  /// Says that this process lives, and misses those that do not.
  private func breathe() throws {
    // Those that have ended are not missed.
    guard !hasSaidGoodbye, !hasEnded else { return }
    while try take() {}
    let now = clock.now
    if now - spokeAt > patience / 8 {
      for other in others { try channel.send(RankMessage.alive.bytes, to: other) }
      spokeAt = now
    }
    if let lost = others.first(where: { now - heardAt[$0] > patience }) {
      hasLost = true
      throw RankError(
        "\(names[lost]) has been silent for \(String(format: "%g", patience)) seconds and is counted as lost")
    }
  }
}

/// Hands a closure to a thread that its maker waits for.
private struct Unchecked: @unchecked Sendable {
  let body: () -> Void
}
