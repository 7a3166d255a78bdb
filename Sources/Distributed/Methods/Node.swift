import Arrays

/// What travels between server and workers.
public struct Message: Hashable, Sendable {
  /// What a message is for.
  public enum Kind: UInt8, Sendable {
    /// A whole point to compute at.
    case point
    /// A change of the receiver's point.
    case change
    /// A gradient, or a change of one.
    case gradient
    /// The run is over.
    case end
  }

  /// What it is for.
  public var kind: Kind
  /// The server's round that it belongs to.
  public var round: Int
  /// Gradients that went into it.
  public var count: Int
  /// What it carries.
  public var packet: Packet

  public init(_ kind: Kind, round: Int, count: Int = 1, packet: Packet) {
    (self.kind, self.round, self.count, self.packet) = (kind, round, count, packet)
  }
}

/// What happens to a server or a worker.
public enum Event: Sendable {
  case started
  /// Node 0 is the server, 1...n are workers.
  case message(Message, from: Int)
  /// The gradients that were ordered last are paid for: now they are made.
  case computed
  /// A message that asked for it has left the link.
  case sent
}

/// What a server or a worker wants done.
public enum Action: Sendable {
  /// - Parameter reports: whether the sender is told, by `sent`, when the link is free again.
  case send(Message, to: Int, reports: Bool)
  /// Costs h seconds for each of so many gradients, then `computed` happens.
  case compute(gradients: Int)
}

/// A server or a worker: a state machine from events to actions, without clock, sockets or threads, so that it runs the same
/// in a simulation and on real processes.
public protocol Node: AnyObject {
  /// Answers an event by actions, which it appends.
  /// - Throws: what the objective throws.
  func handle(_ event: Event, _ actions: inout [Action]) throws
}

/// The node that holds the point.
public protocol Server: Node {
  /// x.
  var point: [Double] { get }
  /// Steps so far.
  var rounds: Int { get }
}

/// What a method works on.
public struct DescentTask {
  /// What is descended on.
  public var objective: any StochasticObjective
  /// Workers, their links and speeds.
  public var cluster: Cluster
  /// γ.
  public var stepSize: Double
  /// ε, where a method's parameters depend on it.
  public var accuracy: Double
  /// Of gradients and compressors.
  public var key: RandomKey

  public init(
    objective: any StochasticObjective, cluster: Cluster, stepSize: Double, accuracy: Double, key: RandomKey
  ) {
    precondition(stepSize > 0 && stepSize.isFinite && accuracy > 0, "A descent has a step and an accuracy.")
    (self.objective, self.cluster, self.stepSize) = (objective, cluster, stepSize)
    (self.accuracy, self.key) = (accuracy, key)
  }

  var workers: Int { cluster.count }

  /// The key of a worker's samples.
  func samples(_ worker: Int) -> RandomKey { key.split("samples").split(worker) }
  /// The key of a round's compressors, the same for all workers.
  func compression(_ round: Int) -> RandomKey { key.split("compression").split(round) }
}

/// A distributed method: its server, its workers, and the step that theory gives it.
public protocol DistributedMethod: Sendable {
  /// For tables and logs.
  var name: String { get }
  /// γ for an objective on a cluster, to reach |∇f|² <= ε.
  func stepSize(for objective: any StochasticObjective, on cluster: Cluster, accuracy: Double) -> Double
  /// The server's side, at the start of a descent.
  func server(_ task: DescentTask) -> any Server
  /// - Parameter indices: within 1...n.
  func workers(_ indices: Range<Int>, _ task: DescentTask) -> [any Node]
}
