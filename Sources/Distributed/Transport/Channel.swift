/// Bytes between processes: rank 0 is the server, others are workers. Nothing waits.
public protocol Channel: AnyObject {
  var rank: Int { get }
  var size: Int { get }
  /// Takes the bytes over; they arrive whole and in order.
  func send(_ bytes: [UInt8], to rank: Int) throws
  /// What has arrived, if anything has.
  func poll() throws -> (from: Int, bytes: [UInt8])?
}

/// Where real processes take the time from; tests bring their own.
public protocol WallClock {
  /// Seconds since some moment.
  var now: Double { get }
  func sleep(seconds: Double)
}
