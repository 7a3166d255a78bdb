import Distributed
import Foundation

/// The machine's clock that only goes forward.
public struct MonotonicClock: WallClock {
  public init() {}
  public var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
  public func sleep(seconds: Double) { usleep(UInt32(max(0, seconds) * 1e6)) }
}
