/// Bytes between processes: rank 0 is the server, others are workers. Nothing waits.
public protocol Channel: AnyObject {
  /// This process, from 0, the server.
  var rank: Int { get }
  /// Processes, the server among them.
  var size: Int { get }
  /// Takes the bytes over; they arrive whole and in order.
  /// - Throws: `TransportError` where the other side is gone.
  func send(_ bytes: [UInt8], to rank: Int) throws
  /// What has arrived, if anything has.
  /// - Throws: `TransportError` where this process or the library has failed.
  func poll() throws -> (from: Int, bytes: [UInt8])?
  /// Whether all that was sent has left; a long message may need `poll` on this side until it has.
  var hasSentAll: Bool { get }
}

extension Channel {
  public var hasSentAll: Bool { true }
}

/// Where real processes take the time from; tests bring their own.
public protocol WallClock {
  /// Seconds since some moment.
  var now: Double { get }
  /// Waits so long; 0 gives up the processor.
  func sleep(seconds: Double)
}
