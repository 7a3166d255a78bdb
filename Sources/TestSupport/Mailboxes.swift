import Distributed
import Foundation

/// Mailboxes between threads that stand for processes.
public final class Mailboxes: @unchecked Sendable {
  public let size: Int
  private var boxes: [[(from: Int, bytes: [UInt8])]]
  /// ThreadSanitizer sees this lock; it does not see `Mutex`, which waits without the C library.
  private let lock = NSLock()

  public init(size: Int) { (self.size, boxes) = (size, (0..<size).map { _ in [] }) }

  func put(_ bytes: [UInt8], from: Int, to: Int) { lock.withLock { boxes[to].append((from, bytes)) } }
  func take(_ rank: Int) -> (from: Int, bytes: [UInt8])? {
    lock.withLock { boxes[rank].isEmpty ? nil : boxes[rank].removeFirst() }
  }
}

/// A thread's end of them; it can die.
public final class MailChannel: Channel {
  public let rank: Int
  public var size: Int { mail.size }
  private let mail: Mailboxes
  /// Messages after which the process is dead.
  private var life: Int
  private let counts: ([UInt8]) -> Bool
  /// A run takes a tenth of a second; one that never ends fails here, and says so as its interruption.
  private let deadline = ContinuousClock.now + .seconds(20)

  /// - Parameters:
  ///   - life: messages of its own after which the process is dead.
  ///   - counts: which messages shorten its life.
  public init(
    _ mail: Mailboxes, rank: Int, life: Int = .max, counts: @escaping ([UInt8]) -> Bool = { _ in true }
  ) {
    (self.mail, self.rank, self.life, self.counts) = (mail, rank, life, counts)
  }

  public func send(_ bytes: [UInt8], to rank: Int) {
    guard life > 0 else { return }
    if counts(bytes) { life -= 1 }
    mail.put(bytes, from: self.rank, to: rank)
  }

  public func poll() throws -> (from: Int, bytes: [UInt8])? {
    if life <= 0 { throw TransportError("dead") }
    if ContinuousClock.now > deadline { throw TransportError("the test's 20 seconds are over") }
    return mail.take(rank)
  }
}

/// The machine's clock.
public struct TestClock: WallClock {
  public init() {}
  public var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
  public func sleep(seconds: Double) { usleep(UInt32(seconds * 1e6)) }
}
