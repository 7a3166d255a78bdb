import Arrays
import Foundation
import Theory

/// MARINA-P: each worker has its own model w_i, which becomes x with probability p and else moves by a compressed change,
/// w_i + C_i(x⁺ - x); correlated compressors (`PermK`) make the models' mean exact. With an uplink compressor and momentum it
/// is M3.
///
/// Source: Gruntkowska, Tyurin, Richtárik, "Improving the worst-case bidirectional communication complexity for nonconvex
/// distributed optimization under function similarity", NeurIPS 2024, arXiv 2402.06412. Our choices, as details of M3 were not at
/// hand: one coin a round for both directions; the uplink is MARINA's, with two gradients of the same samples for a change;
/// momentum z⁺ = β w⁺ + (1 - β) z, gradients at z.
public struct MarinaP: DistributedMethod {
  /// Gradients a worker and round.
  public var batch: Int
  /// What the server sends differences by, unbiased.
  public var downlink: any Compressor
  /// Of changes of gradients; nil sends whole gradients.
  public var uplink: (any Compressor)?
  /// p.
  public var chance: Double
  /// β.
  public var momentum: Double
  public var name: String {
    let up = uplink.map { " up \($0.name)" } ?? ""
    return (uplink == nil && momentum == 1 ? "MARINA-P, " : "M3, ") + downlink.name + up
  }

  public init(
    batch: Int, downlink: any Compressor, chance: Double, uplink: (any Compressor)? = nil, momentum: Double = 1
  ) {
    precondition(batch > 0 && chance > 0 && chance <= 1, "MARINA-P has a batch, and a chance in (0, 1].")
    precondition(momentum > 0 && momentum <= 1, "Momentum lies in (0, 1].")
    (self.batch, self.downlink, self.chance) = (batch, downlink, chance)
    (self.uplink, self.momentum) = (uplink, momentum)
  }

  /// 1/(L + √((1/p - 1)(L_A² ω + L_B² θ))) and as much again for an uplink: θ bounds the error of the models' mean, ω that of
  /// one. L_A = 0 where gradients are linear, else L; L_B = L. And no more than the noise of the mean allows.
  public func stepSize(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> Double {
    let (d, n) = (objective.dimension, cluster.count)
    func largest(_ value: Double?) -> Double { value ?? Double(d) }
    let own = objective.hasLinearGradient ? 0 : largest(downlink.omega(dimension: d))
    let mean = largest(downlink.omegaOfMean(dimension: d, workers: n))
    let up = uplink.map { largest($0.omegaOfMean(dimension: d, workers: n)) } ?? 0
    let wait = 1 / chance - 1
    let exact = 1 / (objective.smoothness * (1 + (wait * (own + mean)).squareRoot() + (wait * up).squareRoot()))
    let setting = objective.setting(cluster, accuracy: accuracy)
    return min(exact, NoisyDescent(setting: setting, variance: 0, batch: batch).stepSize)
  }

  public func server(_ task: DescentTask) -> any Server { MarinaServer(self, task) }
  public func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node] {
    indices.map { MarinaWorker(self, $0, task) }
  }

  /// Whether whole vectors are sent in a round; all know it.
  func isWhole(_ round: Int, _ task: DescentTask) -> Bool {
    round == 0 || RandomWords(task.key.split("coin").split(round)).uniform(0) < chance
  }
}

private final class MarinaServer: Server {
  private(set) var point: [Double]
  private(set) var rounds = 0
  private let method: MarinaP
  private let task: DescentTask
  private var estimate: [Double]
  private var gathering: Gathering

  init(_ method: MarinaP, _ task: DescentTask) {
    (self.method, self.task, point) = (method, task, task.objective.start)
    estimate = [Double](repeating: 0, count: point.count)
    gathering = Gathering(workers: task.workers)
  }

  func handle(_ event: Event, _ actions: inout [Action]) {
    var change: [Double]?
    if case .message(let message, let worker) = event {
      guard gathering.take(message.packet, from: worker) else { return }
      if method.uplink == nil || method.isWhole(rounds, task) {
        for i in estimate.indices { estimate[i] = 0 }
      }
      gathering.addMean(to: &estimate, times: 1)
      change = estimate.map { -task.stepSize * $0 }
      for i in point.indices { point[i] += change![i] }
      rounds += 1
    }
    guard let change, !method.isWhole(rounds, task) else {
      actions.broadcast(Message(.point, round: rounds, packet: Packet(point)), workers: task.workers)
      return
    }
    let key = task.compression(rounds).split("down")
    for (index, packet) in method.downlink.packets(of: change, workers: task.workers, key: key).enumerated() {
      actions.send(Message(.change, round: rounds, packet: packet), to: index + 1)
    }
  }
}

private final class MarinaWorker: Node {
  private let method: MarinaP
  private let index: Int
  private let task: DescentTask
  private let samples: RandomKey
  private var model: [Double] = []
  private var place: [Double] = []
  private var before: [Double] = []
  private var round = 0

  init(_ method: MarinaP, _ index: Int, _ task: DescentTask) {
    (self.method, self.index, self.task) = (method, index, task)
    samples = task.samples(index)
  }

  private var sendsChange: Bool { method.uplink != nil && !method.isWhole(round, task) }

  func handle(_ event: Event, _ actions: inout [Action]) throws {
    switch event {
    case .message(let message, _):
      round = message.round
      if message.kind == .point { model = message.packet.values } else { message.packet.add(to: &model) }
      before = place
      if place.isEmpty || method.momentum == 1 {
        place = model
      } else {
        for i in place.indices { place[i] += method.momentum * (model[i] - place[i]) }
      }
      actions.append(.compute(gradients: method.batch * (sendsChange ? 2 : 1)))
    case .computed:
      let (objective, batch, key) = (task.objective, method.batch, samples.split(round))
      let packet: Packet
      if sendsChange, let uplink = method.uplink {
        packet = try uplink.compress(dimension: place.count, worker: index - 1, key: task.compression(round)) {
          let now = try objective.stochasticGradient(at: place, batch: batch, key: key, positions: $0)
          let then = try objective.stochasticGradient(at: before, batch: batch, key: key, positions: $0)
          return zip(now, then).map { $0 - $1 }
        }
      } else {
        packet = Packet(try objective.stochasticGradient(at: place, batch: batch, key: key, positions: nil))
      }
      actions.send(Message(.gradient, round: round, count: batch, packet: packet), to: 0)
    case .started, .sent: break
    }
  }
}
