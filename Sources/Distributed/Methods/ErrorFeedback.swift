import Arrays
import Theory

/// EF21: each worker keeps an estimate of its gradient and sends the compressed change, so that a biased compressor as `TopK`
/// converges.
///
/// Source: Richtárik, Sokolov, Fatkhullin, "EF21", NeurIPS 2021; stochastic gradients as in EF21-SGD, or with momentum as in
/// EF21-SGDM (Fatkhullin, Tyurin, Richtárik, NeurIPS 2023), for single workers' noise makes the largest coordinates random.
public struct ErrorFeedback: DistributedMethod {
  /// Gradients a worker and round.
  public var batch: Int
  /// What workers send what has changed by; it contracts.
  public var compressor: any Compressor
  /// η: workers send changes of a running mean v + η (g - v) of their gradients; 1 for the gradients themselves.
  public var momentum: Double
  public var name: String { "EF21, \(compressor.name)" }

  /// - Parameter compressor: one with a contraction (`TopK`, `Identity`).
  public init(batch: Int, compressor: any Compressor, momentum: Double = 1) {
    precondition(
      batch > 0 && compressor.contraction(dimension: 1 << 20) != nil, "EF21 needs a compressor that contracts.")
    precondition(momentum > 0 && momentum <= 1, "Momentum lies in (0, 1].")
    (self.batch, self.compressor, self.momentum) = (batch, compressor, momentum)
  }

  /// 1/(L (1 + √(β/θ))), θ = 1 - √(1 - α), β = (1 - α)/θ, and no more than the noise of the mean allows.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let alpha = compressor.contraction(dimension: objective.dimension)!
    let theta = 1 - (1 - alpha).squareRoot()
    let exact = 1 / (objective.smoothness * (1 + (1 - alpha).squareRoot() / theta))
    let setting = objective.setting(cluster, accuracy: accuracy)
    return min(exact, NoisyDescent(setting: setting, variance: 0, batch: batch).stepSize)
  }

  public func server(_ task: DescentTask) -> any Server { FeedbackServer(task) }
  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    indices.map { FeedbackWorker($0, task, self) }
  }
}

private final class FeedbackServer: Server {
  private(set) var point: [Double]
  private(set) var rounds = 0
  private let task: DescentTask
  private var estimate: [Double]
  private var gathering: Gathering

  init(_ task: DescentTask) {
    (self.task, point) = (task, task.objective.start)
    estimate = [Double](repeating: 0, count: point.count)
    gathering = Gathering(workers: task.workers)
  }

  func handle(_ event: Event, _ actions: inout [Action]) {
    if case .message(let message, let worker) = event {
      guard gathering.take(message.packet, from: worker) else { return }
      gathering.addMean(to: &estimate, times: 1)
      for i in point.indices { point[i] -= task.stepSize * estimate[i] }
      rounds += 1
    }
    actions.broadcast(Message(.point, round: rounds, packet: Packet(point)), workers: task.workers)
  }
}

private final class FeedbackWorker: Node {
  private let index: Int
  private let task: DescentTask
  private let method: ErrorFeedback
  private let samples: RandomKey
  private var point: [Double] = []
  private var round = 0
  private var mean: [Double] = []
  private var estimate: [Double]

  init(_ index: Int, _ task: DescentTask, _ method: ErrorFeedback) {
    (self.index, self.task, self.method) = (index, task, method)
    samples = task.samples(index)
    estimate = [Double](repeating: 0, count: task.objective.dimension)
  }

  func handle(_ event: Event, _ actions: inout [Action]) throws {
    switch event {
    case .message(let message, _):
      (point, round) = (message.packet.values, message.round)
      actions.append(.compute(gradients: method.batch))
    case .computed:
      var change = try task.objective.stochasticGradient(
        at: point, batch: method.batch, key: samples.split(round), positions: nil)
      if method.momentum < 1 {
        if !mean.isEmpty { for i in mean.indices { change[i] = mean[i] + method.momentum * (change[i] - mean[i]) } }
        mean = change
      }
      for i in change.indices { change[i] -= estimate[i] }
      let packet = method.compressor.compress(change, worker: index - 1, key: task.compression(round))
      packet.add(to: &estimate)
      actions.send(Message(.gradient, round: round, count: method.batch, packet: packet), to: 0)
    case .started, .sent: break
    }
  }
}
