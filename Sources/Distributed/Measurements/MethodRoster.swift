import Arrays
import Theory

/// A method with the name that reports call it by, and the cluster that it uses.
public struct MethodArm: Sendable {
  /// For tables and logs.
  public var name: String
  /// What descends.
  public var method: any DistributedMethod
  /// Whether the fastest worker descends alone, without links.
  public var isSolo: Bool

  public init(_ name: String, _ method: any DistributedMethod, isSolo: Bool = false) {
    (self.name, self.method, self.isSolo) = (name, method, isSolo)
  }

  /// Its time to ε on a cluster: a function of settings and seed.
  /// - Throws: what the objective throws.
  public func measure(
    _ objective: any StochasticObjective, _ cluster: Cluster, goal: Goal, seed: Int, stepScale: Double = 1
  ) throws -> MethodTime {
    let key = RandomKey(seed: seed).split(name).split(cluster.count)
    let record = try DistributedDescent.simulate(
      method, on: objective, isSolo ? cluster.soloist : cluster, goal: goal, key: key, stepScale: stepScale)
    return MethodTime(
      name: name, seed: seed, seconds: record.isReached ? record.seconds : nil, rounds: record.rounds,
      gradients: record.gradients, uplinkBits: record.uplinkBits, downlinkBits: record.downlinkBits)
  }

  /// The methods of the comparison with their parameters by theory.
  ///
  /// What the lower bound covers, and then what it does not: correlated and biased compressors. Batches of synchronous
  /// methods are ⌈S/n⌉; p of MARINA-P is K/d as in its paper, here 1/n; TopK keeps what PermK would.
  public static func roster(
    for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double
  ) -> [MethodArm] {
    let setting = objective.setting(cluster, accuracy: accuracy)
    let (n, d) = (cluster.count, objective.dimension)
    let batch = Int(max(1, setting.samples / Double(n)).rounded(.up))
    let share = max(1, d / n)
    var arms = [
      MethodArm("one worker", BatchDescent(batch: 1), isSolo: true),
      MethodArm("synchronous SGD", BatchDescent(batch: batch)),
      MethodArm("Batch QSGD", BatchDescent.qsgd(for: setting)),
      MethodArm("Shadowheart", Shadowheart()),
      MethodArm("Rennala", Rennala(for: objective, accuracy: accuracy)),
      MethodArm("Ringmaster ASGD", Ringmaster(for: objective, accuracy: accuracy)),
      MethodArm("local SGD", LocalDescent(steps: 4, batch: batch)),
      MethodArm("EF21, TopK", ErrorFeedback(batch: batch, compressor: TopK(share))),
    ]
    if n > 1 {
      let chance = max(1 / Double(n), 1 / Double(d))
      arms.append(
        MethodArm("MARINA-P, PermK", MarinaP(batch: batch, downlink: PermK(workers: n), chance: chance)))
      arms.append(
        MethodArm(
          "M3, PermK and RandK",
          MarinaP(batch: batch, downlink: PermK(workers: n), chance: chance, uplink: RandK(share), momentum: 0.9)))
    }
    return arms
  }
}

/// How long a method took.
public struct MethodTime: Hashable, Sendable, Codable {
  /// The method's.
  public var name: String
  /// Of gradients and compressors.
  public var seed: Int
  /// Virtual seconds to the goal; nil where it was not reached.
  public var seconds: Double?
  /// Steps of the server.
  public var rounds: Int
  /// Stochastic gradients of all workers.
  public var gradients: Int
  /// Bits that all workers have sent.
  public var uplinkBits: Int
  /// Bits that the server has sent, to all workers.
  public var downlinkBits: Int
}

extension [MethodTime] {
  /// The method with the least mean time among those that reached the goal on all seeds.
  public var best: (name: String, seconds: Double)? {
    Dictionary(grouping: self, by: \.name).compactMap { name, times -> (name: String, seconds: Double)? in
      let seconds = times.compactMap(\.seconds)
      return seconds.count == times.count ? (name, seconds.reduce(0, +) / Double(seconds.count)) : nil
    }.min { ($0.seconds, $0.name) < ($1.seconds, $1.name) }
  }
}

/// One place of the map of the best method: how fast links are, and how many workers.
public struct MapPlace: Hashable, Sendable, Codable {
  /// τ_s/τ_w.
  public var ratio: Double
  /// n.
  public var workers: Int
  /// Of all methods, by seed.
  public var times: [MethodTime]
  /// What theory says is best of one worker, synchronous SGD and Batch QSGD.
  public var expected: String

  /// All methods of the roster at one place.
  /// - Throws: what the objective throws.
  public static func measure(
    _ objective: any StochasticObjective, ratio: Double, workers: Int, gradientSeconds: Double, uplinkSeconds: Double,
    goal: Goal, seeds: [Int]
  ) throws -> MapPlace {
    let cluster = Cluster(
      workers: workers, gradientSeconds: gradientSeconds, downlinkSeconds: ratio * uplinkSeconds,
      uplinkSeconds: uplinkSeconds)
    let arms = MethodArm.roster(for: objective, on: cluster, accuracy: goal.accuracy)
    let times = try seeds.flatMap { seed in
      try arms.map { try $0.measure(objective, cluster, goal: goal, seed: seed) }
    }
    let setting = objective.setting(cluster, accuracy: goal.accuracy)
    let theory = [
      ("one worker", setting.oneWorkerTime), ("synchronous SGD", setting.uncompressedTime),
      ("Batch QSGD", setting.compressedTime),
    ]
    return MapPlace(
      ratio: ratio, workers: workers, times: times, expected: theory.min { $0.1 < $1.1 }!.0)
  }
}
