import Arrays
import Theory

/// Local SGD: each worker takes H steps of its own from x, and the server moves by the mean of their ways.
public struct LocalDescent: DistributedMethod {
  /// H.
  public var steps: Int
  /// Gradients of a local step.
  public var batch: Int
  /// What workers send their steps by.
  public var uplink: any Compressor
  public var name: String { "local SGD, \(steps) steps" }

  public init(steps: Int, batch: Int = 1, uplink: any Compressor = Identity()) {
    precondition(steps > 0 && batch > 0, "A local descent has a step and a batch.")
    (self.steps, self.batch, self.uplink) = (steps, batch, uplink)
  }

  /// A local step: min{1/(2 L H), ε n b/(2 L σ²)}; the local noise within a round is left out, our choice.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let setting = objective.setting(cluster, accuracy: accuracy)
    let omega = uplink.omega(dimension: objective.dimension) ?? 0
    let noisy = NoisyDescent(setting: setting, variance: omega, batch: batch).stepSize
    return min(1 / (2 * objective.smoothness * Double(steps)), noisy)
  }

  public func server(_ task: DescentTask) -> any Server {
    // The workers have taken their steps: their mean way is added as it is.
    var task = task
    task.stepSize = 1
    return BatchServer(task)
  }

  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    indices.map { LocalWorker(self, $0, task) }
  }
}

private final class LocalWorker: Node {
  private let method: LocalDescent
  private let index: Int
  private let task: DescentTask
  private let samples: RandomKey
  private var point: [Double] = []
  private var round = 0

  init(_ method: LocalDescent, _ index: Int, _ task: DescentTask) {
    (self.method, self.index, self.task) = (method, index, task)
    samples = task.samples(index)
  }

  func handle(_ event: Event, _ actions: inout [Action]) throws {
    switch event {
    case .message(let message, _):
      (point, round) = (message.packet.values, message.round)
      actions.append(.compute(gradients: method.steps * method.batch))
    case .computed:
      var place = point
      let key = samples.split(round)
      for step in 0..<method.steps {
        let gradient = try task.objective.stochasticGradient(
          at: place, batch: method.batch, key: key.split(step), positions: nil)
        for i in place.indices { place[i] -= task.stepSize * gradient[i] }
      }
      // The way back, as the server steps against what it gathers.
      let way = zip(point, place).map { $0 - $1 }
      let packet = method.uplink.compress(way, worker: index - 1, key: task.compression(round))
      actions.send(Message(.gradient, round: round, count: method.steps * method.batch, packet: packet), to: 0)
    case .started, .sent: break
    }
  }
}
