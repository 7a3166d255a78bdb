import Arrays
import Distributed
import Foundation
import Reports

/// What is descended by on real processes.
public enum RealMethod: String, Sendable, CaseIterable {
  /// Whole vectors both ways.
  case synchronous = "synchronous SGD"
  /// An eighth of the coordinates to the server.
  case qsgd = "Batch QSGD"
  /// Coordinates of the change dealt out among workers.
  case marina = "MARINA-P, PermK"
  /// Steps by whichever gradients arrive first.
  case rennala = "Rennala"

  /// Whether its point does not depend on the order in which messages arrive.
  var isOrdered: Bool { self != .rennala }
  /// In names of claims.
  var identifier: String {
    switch self {
    case .synchronous: "synchronous"
    case .qsgd: "qsgd"
    case .marina: "marina"
    case .rennala: "rennala"
    }
  }

  /// - Parameter workers: n.
  func method(_ workers: Int, dimension: Int) -> any DistributedMethod {
    switch self {
    case .synchronous: BatchDescent(batch: 2)
    case .qsgd: BatchDescent(batch: 2, uplink: RandK(max(1, dimension / 8)))
    case .marina: MarinaP(batch: 2, downlink: PermK(workers: workers), chance: 1 / Double(workers))
    case .rennala: Rennala(batch: 2 * workers)
    }
  }
}

// The same nodes on the ranks of mpirun: computing padded to h, links slowed down to τ, by the wall clock.
extension DistributedLimitsExperiment {
  /// Where the run has real workers.
  package var realArms: [DistributedLimitsArm] {
    configuration.real.workers > 0 ? RealMethod.allCases.map { .real($0) } : []
  }

  private func setting(_ real: RealMethod, _ key: RandomKey) -> (DescentTask, any DistributedMethod, Goal) {
    let c = configuration.real
    let n = max(1, c.workers)
    let cluster = Cluster(
      workers: n, gradientSeconds: c.gradientSeconds, downlinkSeconds: c.downlinkSeconds,
      uplinkSeconds: c.uplinkSeconds)
    // Rounds end it: both clocks count the same work.
    let goal = Goal(accuracy: 1e-30, rounds: c.rounds)
    let objective = TridiagonalQuadratic(dimension: c.dimension, variance: 1)
    let method = real.method(n, dimension: c.dimension)
    let accuracy = 1e-2
    let task = DescentTask(
      objective: objective, cluster: cluster,
      stepSize: method.stepSize(for: objective, on: cluster, accuracy: accuracy), accuracy: accuracy, key: key)
    return (task, method, goal)
  }

  func simulated(_ real: RealMethod, _ key: RandomKey) throws -> DescentRecord {
    let (task, method, goal) = setting(real, key)
    return try DistributedDescent.run(method, task, over: SimulatedTransport(task.cluster), goal: goal)!
  }

  /// This rank's side of a descent; what was measured is known on rank 0.
  func descend(_ real: RealMethod, _ place: JointPlace?, _ key: RandomKey) throws -> [Measure: Double] {
    let workers = configuration.real.workers
    guard let place, place.channel.size == workers + 1 else {
      throw SettingsError(
        "descents on \(workers) real workers need \(workers + 1) ranks: mpirun -n \(workers + 1) \(ProgramName.text) run"
      )
    }
    let (task, method, goal) = setting(real, key)
    let lateness = place.channel.rank == 0 ? self.lateness(place.clock) : 0
    let transport = try ProcessTransport(
      place.channel, task.cluster, clock: place.clock,
      name: "\(ProcessInfo.processInfo.hostName), process \(ProcessInfo.processInfo.processIdentifier)",
      purpose: "\(real.rawValue) \(key.bits)")
    guard let record = try DistributedDescent.run(method, task, over: transport, goal: goal) else { return [:] }
    if let interruption = record.interruption { throw TransportError(interruption) }
    let virtual = try simulated(real, key)
    return [
      .isReal: 1, .wallSeconds: record.seconds, .virtualSeconds: virtual.seconds,
      .clockRatio: record.seconds / virtual.seconds, .hasSameBits: record.point == virtual.point ? 1 : 0,
      .rounds: Double(record.rounds), .waitLateness: lateness,
    ]
  }

  /// A machine that is busy with other things keeps nobody's time: the mean of ten waits of h.
  private func lateness(_ clock: any WallClock) -> Double {
    let (h, count) = (configuration.real.gradientSeconds, 10)
    let start = clock.now
    for _ in 0..<count { clock.sleep(seconds: h) }
    return (clock.now - start) / (Double(count) * h) - 1
  }

  // MARK: Claims

  /// Claims about descents on real processes, where these were asked for.
  var real: [Test] {
    guard !realArms.isEmpty else { return [] }
    let margin = configuration.real.margin
    return RealMethod.allCases.map { method in
      let arm = DistributedLimitsArm.real(method)
      let isReal = Premise(
        "share of descents on real processes, \(method.rawValue)", .atLeast(1),
        "\(method.rawValue) ran on the ranks of mpirun (run --real).", .measure(.isReal, of: arm))
      let keepsTime = Premise(
        "share of h by which a wait of h is late, \(method.rawValue)", .atMost(margin / 4),
        "The machine was free enough to keep time beside \(method.rawValue).", .measure(.waitLateness, of: arm))
      let bits = Premise(
        "share of descents with the virtual one's bits, \(method.rawValue)", .atLeast(1),
        "\(method.rawValue) ended at the same point on both clocks, to the last bit.", .measure(.hasSameBits, of: arm))
      return Test.equal(
        "real/\(method.identifier)",
        "On real processes \(method.rawValue) takes as long as on the virtual clock, within "
          + "\(Report.number(100 * margin)) %.", .measure(.clockRatio, of: arm), to: 1, within: margin,
        source: "ours: the simulator against the wall clock, with padded computing and links slowed down"
      ).requiring([isReal, keepsTime] + (method.isOrdered ? [bits] : []))
    }
  }

  // MARK: Report

  func realTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let rows = try realArms.filter { !findings.finished($0).isEmpty }.map { arm in
      let columns = try [Measure.wallSeconds, .virtualSeconds, .clockRatio].map {
        Report.spread(try findings.values($0, of: arm))
      }
      let bits = try findings.values(.hasSameBits, of: arm)
      return ["\(arm)"] + columns + ["\(bits.count { $0 == 1 }) of \(bits.count)"]
    }
    return .table(
      header: ["method", "seconds, wall clock", "virtual clock", "ratio, 95 %", "the same bits"], rows: rows)
  }
}
