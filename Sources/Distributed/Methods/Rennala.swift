import Arrays
import Theory

/// Rennala SGD: workers compute gradients at the newest point without pause, and the server steps as soon as it has a batch
/// of them, from whomever they come; those of older points are dropped.
///
/// Source: Tyurin and Richtárik, NeurIPS 2023. A gradient under way is finished before the next point is taken; a worker whose
/// link is busy adds up what it computes meanwhile (the paper has no links).
public struct Rennala: DistributedMethod {
  /// Gradients of a step.
  public var batch: Int
  public var name: String { "Rennala, batch \(batch)" }

  public init(batch: Int) {
    precondition(batch > 0, "A batch has a gradient.")
    self.batch = batch
  }

  /// With the paper's batch, ⌈max{1, σ²/ε}⌉.
  public init(for objective: any StochasticObjective, accuracy: Double) {
    self.init(batch: Int(max(1, objective.variance / accuracy).rounded(.up)))
  }

  /// min{1/L, ε B/(2 L σ²)}.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let setting = objective.setting(cluster.soloist, accuracy: accuracy)
    return NoisyDescent(setting: setting, variance: 0, batch: batch).stepSize
  }

  public func server(_ task: DescentTask) -> any Server { RennalaServer(task, batch: batch) }
  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    indices.map { RennalaWorker($0, task) }
  }
}

private final class RennalaServer: Server {
  private(set) var point: [Double]
  private(set) var rounds = 0
  private let task: DescentTask
  private let batch: Int
  private var sum: [Double]
  private var count = 0

  init(_ task: DescentTask, batch: Int) {
    (self.task, self.batch, point) = (task, batch, task.objective.start)
    sum = [Double](repeating: 0, count: point.count)
  }

  func handle(_ event: Event, _ actions: inout [Action]) {
    if case .message(let message, _) = event {
      guard message.round == rounds else { return }
      message.packet.add(to: &sum)
      count += message.count
      guard count >= batch else { return }
      for i in point.indices {
        point[i] -= task.stepSize / Double(count) * sum[i]
        sum[i] = 0
      }
      count = 0
      rounds += 1
    }
    actions.broadcast(Message(.point, round: rounds, packet: Packet(point)), workers: task.workers)
  }
}

private final class RennalaWorker: Node {
  private let task: DescentTask
  private let samples: RandomKey
  private var point: [Double] = []
  private var round = 0
  private var job: (point: [Double], round: Int)?
  private var ordinal = 0
  private var sum: [Double]?
  private var count = 0
  private var isSending = false

  init(_ index: Int, _ task: DescentTask) {
    self.task = task
    samples = task.samples(index)
  }

  func handle(_ event: Event, _ actions: inout [Action]) throws {
    switch event {
    case .started: return
    case .message(let message, _):
      (point, round) = (message.packet.values, message.round)
      (sum, count) = (nil, 0)
    case .sent: isSending = false
    case .computed:
      guard let job else { return }
      self.job = nil
      if job.round == round {
        let gradient = try task.objective.stochasticGradient(
          at: job.point, batch: 1, key: samples.split(ordinal), positions: nil)
        if sum == nil { sum = gradient } else { for i in gradient.indices { sum![i] += gradient[i] } }
        count += 1
      }
      ordinal += 1
    }
    if let sum, !isSending {
      actions.send(Message(.gradient, round: round, count: count, packet: Packet(sum)), to: 0, reports: true)
      (self.sum, count, isSending) = (nil, 0, true)
    }
    if job == nil, !point.isEmpty {
      job = (point, round)
      actions.append(.compute(gradients: 1))
    }
  }
}
