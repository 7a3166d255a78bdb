import Arrays
import Theory

/// EF21-P with EF21: biased compressors both ways. The server keeps a model w that all workers know and sends the compressed
/// difference x - w; a worker computes at w and sends the compressed change of its gradient's estimate.
///
/// Source: Gruntkowska, Tyurin, Richtárik, "EF21-P and friends", ICML 2023; the uplink is `ErrorFeedback`'s. The first round
/// sends whole vectors.
public struct BidirectionalFeedback: DistributedMethod {
  /// Gradients a worker and round.
  public var batch: Int
  /// What the server sends its steps by; it contracts.
  public var downlink: any Compressor
  /// What workers send their gradients by; it contracts.
  public var uplink: any Compressor
  /// η of a running mean of each worker's gradients, as `ErrorFeedback.momentum`.
  public var momentum: Double
  public var name: String { "EF21-P, \(downlink.name) up \(uplink.name)" }

  /// - Parameters:
  ///   - downlink, uplink: compressors with a contraction (`TopK`, `Identity`).
  public init(batch: Int, downlink: any Compressor, uplink: any Compressor, momentum: Double = 1) {
    precondition(batch > 0, "A batch has a gradient.")
    for compressor in [downlink, uplink] {
      precondition(compressor.contraction(dimension: 1 << 20) != nil, "EF21-P needs compressors that contract.")
    }
    precondition(momentum > 0 && momentum <= 1, "Momentum lies in (0, 1].")
    (self.batch, self.downlink, self.uplink, self.momentum) = (batch, downlink, uplink, momentum)
  }

  /// EF21's step with the smaller of both contractions, our choice: a theorem for both at once with noise was not at hand.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let d = objective.dimension
    let weaker = downlink.contraction(dimension: d)! < uplink.contraction(dimension: d)! ? downlink : uplink
    return ErrorFeedback(batch: batch, compressor: weaker).stepSize(for: objective, on: cluster, accuracy: accuracy)
  }

  public func server(_ task: DescentTask) -> any Server { ModelServer(task, downlink) }
  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    indices.map { ModelWorker($0, task, self) }
  }
}

private final class ModelServer: Server {
  private(set) var point: [Double]
  private(set) var rounds = 0
  private let task: DescentTask
  private let downlink: any Compressor
  private var model: [Double]
  private var estimate: [Double]
  private var gathering: Gathering

  init(_ task: DescentTask, _ downlink: any Compressor) {
    (self.task, self.downlink, point, model) = (task, downlink, task.objective.start, task.objective.start)
    estimate = [Double](repeating: 0, count: point.count)
    gathering = Gathering(workers: task.workers)
  }

  func handle(_ event: Event, _ actions: inout [Action]) {
    guard case .message(let message, let worker) = event else {
      actions.broadcast(Message(.point, round: 0, packet: Packet(point)), workers: task.workers)
      return
    }
    guard gathering.take(message.packet, from: worker) else { return }
    gathering.addMean(to: &estimate, times: 1)
    for i in point.indices { point[i] -= task.stepSize * estimate[i] }
    rounds += 1
    let difference = zip(point, model).map { $0 - $1 }
    let packet = downlink.compress(difference, key: task.compression(rounds).split("down"))
    packet.add(to: &model)
    actions.broadcast(Message(.change, round: rounds, packet: packet), workers: task.workers)
  }
}

private final class ModelWorker: Node {
  private let index: Int
  private let task: DescentTask
  private let method: BidirectionalFeedback
  private let samples: RandomKey
  private var model: [Double] = []
  private var round = 0
  private var mean: [Double] = []
  private var estimate: [Double]

  init(_ index: Int, _ task: DescentTask, _ method: BidirectionalFeedback) {
    (self.index, self.task, self.method) = (index, task, method)
    samples = task.samples(index)
    estimate = [Double](repeating: 0, count: task.objective.dimension)
  }

  func handle(_ event: Event, _ actions: inout [Action]) throws {
    switch event {
    case .message(let message, _):
      round = message.round
      if message.kind == .point { model = message.packet.values } else { message.packet.add(to: &model) }
      actions.append(.compute(gradients: method.batch))
    case .computed:
      var change = try task.objective.stochasticGradient(
        at: model, batch: method.batch, key: samples.split(round), positions: nil)
      if method.momentum < 1 {
        if !mean.isEmpty { for i in mean.indices { change[i] = mean[i] + method.momentum * (change[i] - mean[i]) } }
        mean = change
      }
      for i in change.indices { change[i] -= estimate[i] }
      let packet =
        round == 0
        ? Packet(change) : method.uplink.compress(change, worker: index - 1, key: task.compression(round))
      packet.add(to: &estimate)
      actions.send(Message(.gradient, round: round, count: method.batch, packet: packet), to: 0)
    case .started, .sent: break
    }
  }
}
