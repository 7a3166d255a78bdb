import CMPI
import Distributed

/// Bytes between the ranks of an MPI run. One a process.
///
/// Everything here throws a sentence where the build has no MPI: it takes the package trait `MPI`.
public final class MPIChannel: Channel {
  public let rank: Int
  public let size: Int

  /// Starts MPI, or joins what is started.
  /// - Throws: `DistributedError` where the build or the machine has no MPI.
  public init() throws {
    guard cmpi_start() else { throw DistributedError(String(cString: cmpi_error())) }
    (rank, size) = (Int(cmpi_rank()), Int(cmpi_size()))
  }

  /// Whether this build has MPI.
  public static var isBuilt: Bool { cmpi_is_built() }
  /// The library and its version, in one line.
  public static var version: String {
    String(cString: cmpi_version()).split(separator: ",").first.map(String.init) ?? "unknown"
  }

  public func send(_ bytes: [UInt8], to rank: Int) throws {
    let isSent = bytes.withUnsafeBytes { cmpi_send($0.baseAddress, $0.count, Int32(rank)) }
    guard isSent else { throw TransportError("nothing can be sent to rank \(rank): \(String(cString: cmpi_error()))") }
  }

  public func poll() throws -> (from: Int, bytes: [UInt8])? {
    var (from, count) = (Int32(0), -1)
    guard cmpi_probe(&from, &count) else {
      throw TransportError("nothing can be received: \(String(cString: cmpi_error()))")
    }
    guard count >= 0 else { return nil }
    var isReceived = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      isReceived = cmpi_receive(buffer.baseAddress, count, from)
      written = isReceived ? count : 0
    }
    guard isReceived else {
      throw TransportError("nothing can be received from rank \(from): \(String(cString: cmpi_error()))")
    }
    return (Int(from), bytes)
  }

  public var hasSentAll: Bool { cmpi_pending() == 0 }

  /// Ends together with the other ranks.
  public func finish() { cmpi_finish() }

  /// Ends all ranks, where one is lost and cannot end with the others.
  public func abort(code: Int32) { cmpi_abort(code) }
}
