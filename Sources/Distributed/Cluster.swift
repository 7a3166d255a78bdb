@_exported import Preconditions

/// Workers around a server: how long each needs for a gradient, and for a coordinate on its links.
public struct Cluster: Hashable, Sendable, Codable {
  /// h_i, seconds for one stochastic gradient.
  public var gradientSeconds: [Double]
  /// τ_s of each worker, seconds a coordinate from the server.
  public var downlinkSeconds: [Double]
  /// τ_w of each worker, seconds a coordinate to the server.
  public var uplinkSeconds: [Double]

  /// Workers.
  public var count: Int { gradientSeconds.count }

  public init(gradientSeconds: [Double], downlinkSeconds: [Double], uplinkSeconds: [Double]) {
    precondition(
      !gradientSeconds.isEmpty && gradientSeconds.count == downlinkSeconds.count
        && gradientSeconds.count == uplinkSeconds.count, "Each worker has a speed and two links.")
    precondition(
      (gradientSeconds + downlinkSeconds + uplinkSeconds).allSatisfy { $0 >= 0 && $0.isFinite },
      "Seconds are not negative.")
    self.gradientSeconds = gradientSeconds
    self.downlinkSeconds = downlinkSeconds
    self.uplinkSeconds = uplinkSeconds
  }

  /// n equal workers.
  public init(
    workers: Int, gradientSeconds: Double = 1, downlinkSeconds: Double = 0, uplinkSeconds: Double = 0
  ) {
    precondition(workers > 0, "A cluster has a worker.")
    func all(_ value: Double) -> [Double] { [Double](repeating: value, count: workers) }
    self.init(
      gradientSeconds: all(gradientSeconds), downlinkSeconds: all(downlinkSeconds), uplinkSeconds: all(uplinkSeconds))
  }

  /// The fastest worker alone, who needs no links.
  public var soloist: Cluster { Cluster(workers: 1, gradientSeconds: gradientSeconds.min()!) }
}
