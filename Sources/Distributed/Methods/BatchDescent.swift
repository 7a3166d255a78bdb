import Arrays
import Theory

/// Rounds: the server sends x, each worker averages b stochastic gradients there and sends the average through a compressor,
/// the server steps along the mean.
///
/// With `Identity` it is synchronous (batch) SGD, on a cluster of one worker SGD on one worker, with `RandK` Batch QSGD.
public struct BatchDescent: DistributedMethod {
  /// b.
  public var batch: Int
  /// What workers send their gradients by.
  public var uplink: any Compressor
  public var name: String

  public init(batch: Int, uplink: any Compressor = Identity(), name: String? = nil) {
    precondition(batch > 0, "A batch has a gradient.")
    (self.batch, self.uplink) = (batch, uplink)
    self.name = name ?? "batch \(batch), \(uplink.name)"
  }

  /// Batch QSGD with b* and K* of a setting.
  public static func qsgd(for setting: DistributedSetting) -> BatchDescent {
    let best = BatchCompression.best(for: setting)
    return BatchDescent(batch: best.batch, uplink: RandK(best.kept), name: "Batch QSGD")
  }

  /// That of `NoisyDescent`. A biased compressor has no theorem here and takes the uncompressed step.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let omega = uplink.omega(dimension: objective.dimension) ?? 0
    return NoisyDescent(setting: objective.setting(cluster, accuracy: accuracy), variance: omega, batch: batch).stepSize
  }

  public func server(_ task: DescentTask) -> any Server { BatchServer(task) }
  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    indices.map { BatchWorker($0, task, batch: batch, uplink: uplink) }
  }
}

final class BatchServer: Server {
  private(set) var point: [Double]
  private(set) var rounds = 0
  private let task: DescentTask
  private var gathering: Gathering

  init(_ task: DescentTask) {
    (self.task, point) = (task, task.objective.start)
    gathering = Gathering(workers: task.workers)
  }

  func handle(_ event: Event, _ actions: inout [Action]) {
    if case .message(let message, let worker) = event {
      guard gathering.take(message.packet, from: worker) else { return }
      gathering.addMean(to: &point, times: -task.stepSize)
      rounds += 1
    }
    actions.broadcast(Message(.point, round: rounds, packet: Packet(point)), workers: task.workers)
  }
}

/// Computes a batch wherever the server sends it.
final class BatchWorker: Node {
  private let index: Int
  private let task: DescentTask
  private let batch: Int
  private let uplink: any Compressor
  private let samples: RandomKey
  private var point: [Double] = []
  private var round = 0

  init(_ index: Int, _ task: DescentTask, batch: Int, uplink: any Compressor) {
    (self.index, self.task, self.batch, self.uplink) = (index, task, batch, uplink)
    samples = task.samples(index)
  }

  func handle(_ event: Event, _ actions: inout [Action]) throws {
    switch event {
    case .message(let message, _):
      (point, round) = (message.packet.values, message.round)
      actions.append(.compute(gradients: batch))
    case .computed:
      let packet = try uplink.compress(
        dimension: point.count, worker: index - 1, key: task.compression(round)
      ) { positions in
        try task.objective.stochasticGradient(
          at: point, batch: batch, key: samples.split(round), positions: positions)
      }
      actions.send(Message(.gradient, round: round, count: batch, packet: packet), to: 0)
    case .started, .sent: break
    }
  }
}
