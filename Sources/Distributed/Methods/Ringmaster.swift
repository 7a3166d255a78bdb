import Arrays
import Theory

/// Asynchronous SGD that drops gradients whose point is too many steps old.
///
/// Source: Maranjyan, Tyurin, Richtárik, "Ringmaster ASGD", ICML 2025, without stopping workers.
public struct Ringmaster: DistributedMethod {
  /// R: a gradient counts where fewer steps were taken since its point was sent.
  public var threshold: Int
  public var name: String { "Ringmaster ASGD, threshold \(threshold)" }

  public init(threshold: Int) {
    precondition(threshold > 0, "A threshold is positive.")
    self.threshold = threshold
  }

  /// With the paper's threshold, ⌈max{1, σ²/ε}⌉.
  public init(for objective: any StochasticObjective, accuracy: Double) {
    self.init(threshold: Int(max(1, objective.variance / accuracy).rounded(.up)))
  }

  /// min{1/(2 R L), ε/(4 L σ²)}.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let byDelay = 1 / (2 * Double(threshold) * objective.smoothness)
    guard objective.variance > 0 else { return byDelay }
    return min(byDelay, accuracy / (4 * objective.smoothness * objective.variance))
  }

  public func server(_ task: DescentTask) -> any Server { RingmasterServer(task, threshold: threshold) }
  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    indices.map { BatchWorker($0, task, batch: 1, uplink: Identity()) }
  }
}

private final class RingmasterServer: Server {
  private(set) var point: [Double]
  private(set) var rounds = 0
  private let task: DescentTask
  private let threshold: Int

  init(_ task: DescentTask, threshold: Int) {
    (self.task, self.threshold, point) = (task, threshold, task.objective.start)
  }

  func handle(_ event: Event, _ actions: inout [Action]) {
    guard case .message(let message, let worker) = event else {
      actions.broadcast(Message(.point, round: 0, packet: Packet(point)), workers: task.workers)
      return
    }
    if rounds - message.round < threshold {
      message.packet.add(to: &point, times: -task.stepSize)
      rounds += 1
    }
    actions.send(Message(.point, round: rounds, packet: Packet(point)), to: worker)
  }
}
