import Arrays
import Theory

/// Shadowheart SGD: in a round of about t* seconds worker i computes b_i = ⌊t*/h_i⌋ gradients and sends m_i = ⌊t*/τ_i⌋
/// compressions of their sum; the server weighs workers by what their packets are worth.
///
/// Source: Tyurin, Pozzi, Ilin, Richtárik, NeurIPS 2024, arXiv 2402.04785, Algorithm 1. Weights w_i = 1/(b_i ω + ω S + m_i S). Our
/// choice: where the m_i packets are as many coordinates as the vector has, the vector goes as it is.
public struct Shadowheart: DistributedMethod {
  /// K of the RandK compressor.
  public var kept: Int
  public var name: String { "Shadowheart, rand-\(kept)" }

  public init(kept: Int = 1) {
    precondition(kept > 0, "RandK keeps a coordinate.")
    self.kept = kept
  }

  /// 1/(2 L): estimates are as good as the gradient is long, ε.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double { 1 / (2 * objective.smoothness) }

  public func server(_ task: DescentTask) -> any Server { ShadowheartServer(plan(task), task) }
  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    let plan = plan(task)
    return indices.map { ShadowheartWorker(plan[$0 - 1], kept: kept, $0, task) }
  }

  /// What a worker does in a round.
  struct Share: Hashable {
    /// b_i; 0 where the worker does not take part.
    var gradients: Int
    /// m_i.
    var packets: Int
    /// Whether the vector goes as it is.
    var isWhole: Bool
    /// w_i.
    var weight: Double
  }

  /// t*, in seconds.
  public func equilibriumTime(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let k = min(kept, objective.dimension)
    return UnequalWorkers.equilibriumTime(
      gradientSeconds: cluster.gradientSeconds, packetSeconds: cluster.uplinkSeconds.map { $0 * Double(k) },
      variance: Double(objective.dimension) / Double(k) - 1, samples: objective.variance / accuracy)
  }

  func plan(_ task: DescentTask) -> [Share] {
    let d = task.objective.dimension
    let (k, samples) = (min(kept, d), task.objective.variance / task.accuracy)
    let seconds = equilibriumTime(for: task.objective, on: task.cluster, accuracy: task.accuracy)
    // Rounding must not cost a worker the gradient or packet that just fits.
    func fitting(_ cost: Double, atMost limit: Int) -> Int {
      cost > 0 ? Int(min((seconds / cost * (1 + 1e-9)).rounded(.down), Double(limit))) : limit
    }
    return task.cluster.gradientSeconds.indices.map { i in
      let most = Int(max(1, samples).rounded(.up))
      let gradients = fitting(task.cluster.gradientSeconds[i], atMost: most)
      let packets = fitting(task.cluster.uplinkSeconds[i] * Double(k), atMost: (d + k - 1) / k)
      guard gradients > 0, packets > 0 else { return Share(gradients: 0, packets: 0, isWhole: false, weight: 0) }
      let isWhole = packets * k >= d
      let omega = isWhole ? 0 : Double(d) / Double(k) - 1
      let m = isWhole ? 1 : packets
      let spread = Double(gradients) * omega + omega * samples + Double(m) * samples
      // Exact estimates of whole vectors have no spread; all such workers count the same.
      return Share(gradients: gradients, packets: m, isWhole: isWhole, weight: 1 / max(spread, 1e-9))
    }
  }
}

private final class ShadowheartServer: Server {
  private(set) var point: [Double]
  private(set) var rounds = 0
  private let plan: [Shadowheart.Share]
  private let task: DescentTask
  private let total: Double
  private var packets: [[Packet]]
  private var missing = 0

  init(_ plan: [Shadowheart.Share], _ task: DescentTask) {
    (self.plan, self.task, point) = (plan, task, task.objective.start)
    total = plan.reduce(0) { $0 + $1.weight * Double($1.packets * $1.gradients) }
    packets = plan.map { _ in [] }
  }

  func handle(_ event: Event, _ actions: inout [Action]) {
    if case .message(let message, let worker) = event {
      packets[worker - 1].append(message.packet)
      missing -= 1
      guard missing == 0 else { return }
      for (index, share) in plan.enumerated() {
        for packet in packets[index] { packet.add(to: &point, times: -task.stepSize * share.weight / total) }
        packets[index] = []
      }
      rounds += 1
    }
    let message = Message(.point, round: rounds, packet: Packet(point))
    for (index, share) in plan.enumerated() where share.gradients > 0 { actions.send(message, to: index + 1) }
    missing = plan.reduce(0) { $0 + $1.packets }
  }
}

private final class ShadowheartWorker: Node {
  private let share: Shadowheart.Share
  private let kept: Int
  private let index: Int
  private let task: DescentTask
  private let samples: RandomKey
  private var point: [Double] = []
  private var round = 0

  init(_ share: Shadowheart.Share, kept: Int, _ index: Int, _ task: DescentTask) {
    (self.share, self.kept, self.index, self.task) = (share, kept, index, task)
    samples = task.samples(index)
  }

  func handle(_ event: Event, _ actions: inout [Action]) throws {
    switch event {
    case .message(let message, _):
      (point, round) = (message.packet.values, message.round)
      actions.append(.compute(gradients: share.gradients))
    case .computed:
      let compressor: any Compressor = share.isWhole ? Identity() : RandK(kept)
      let (key, count) = (task.compression(round), Double(share.gradients))
      for ordinal in 0..<share.packets {
        // Each packet is of the same sum of gradients.
        let packet = try compressor.compress(
          dimension: point.count, worker: index - 1, key: key.split(ordinal)
        ) { positions in
          try task.objective.stochasticGradient(
            at: point, batch: share.gradients, key: samples.split(round), positions: positions
          ).map { $0 * count }
        }
        actions.send(Message(.gradient, round: round, count: ordinal == 0 ? share.gradients : 0, packet: packet), to: 0)
      }
    case .started, .sent: break
    }
  }
}
