import Arrays

/// When a descent ends.
public struct Goal: Hashable, Sendable, Codable {
  /// ε: it has arrived where the *true* |∇f(x)|² <= ε.
  public var accuracy: Double
  /// Steps of the server after which it is given up.
  public var rounds: Int
  /// Seconds after which it is given up.
  public var seconds: Double

  public init(accuracy: Double, rounds: Int = .max, seconds: Double = .infinity) {
    precondition(accuracy > 0 && rounds > 0 && seconds > 0, "A goal has an accuracy and some time.")
    (self.accuracy, self.rounds, self.seconds) = (accuracy, rounds, seconds)
  }
}

/// How a descent went.
public struct DescentRecord: Hashable, Sendable, Codable {
  /// One look at the server's point.
  public struct Look: Hashable, Sendable, Codable {
    /// On the transport's clock, from the start.
    public var seconds: Double
    /// Steps of the server before it.
    public var round: Int
    /// |∇f(x)|², true.
    public var squaredGradient: Double
  }

  /// Whether the goal was reached; where not, all below is of the end.
  public var isReached = false
  /// What ended the descent early, as a lost worker; what it had done is kept.
  public var interruption: String?
  /// On the transport's clock, from the start to the end.
  public var seconds = 0.0
  /// Steps of the server.
  public var rounds = 0
  /// Stochastic gradients whose results the server was sent.
  public var gradients = 0
  /// Bits of all messages that the server received, and of those that it sent; both are known where the server lives.
  public var uplinkBits = 0
  /// Bits that the server has sent, to all workers.
  public var downlinkBits = 0
  /// The events that nodes handled.
  public var events = 0
  /// The start, steps in between (each where fewer than a hundred; then thinned by powers of two), and the end.
  public var looks: [Look] = []
  /// The last x.
  public var point: [Double] = []
}

/// A distributed method on an objective, over a transport.
///
/// ```swift
/// let record = try DistributedDescent.simulate(
///   BatchDescent.qsgd(for: setting), on: objective, cluster, goal: Goal(accuracy: 1e-3), key: RandomKey(seed: 0))
/// ```
public enum DistributedDescent {
  /// A descent on the virtual clock: a function of its arguments.
  ///
  /// - Parameters:
  ///   - stepScale: a factor on the step that theory gives.
  /// - Throws: what the objective throws.
  public static func simulate(
    _ method: some DistributedMethod, on objective: any StochasticObjective, _ cluster: Cluster, goal: Goal,
    key: RandomKey, stepScale: Double = 1
  ) throws -> DescentRecord {
    let step = stepScale * method.stepSize(for: objective, on: cluster, accuracy: goal.accuracy)
    let task = DescentTask(
      objective: objective, cluster: cluster, stepSize: step, accuracy: goal.accuracy, key: key)
    return try run(method, task, over: SimulatedTransport(cluster), goal: goal)!
  }

  /// Runs the nodes that live at a transport until the goal is reached, or the server ends the run.
  ///
  /// - Parameter onLook: told of each step's point as soon as it is looked at.
  /// - Returns: the record where the server lives here, nil on workers.
  /// - Throws: what the objective throws, and on workers what the transport does.
  public static func run(
    _ method: some DistributedMethod, _ task: DescentTask, over transport: any Transport, goal: Goal,
    onLook: ((DescentRecord.Look) -> Void)? = nil
  ) throws -> DescentRecord? {
    let first = transport.nodes.lowerBound
    let server = first == 0 ? method.server(task) : nil
    let workers = method.workers(max(1, first)..<transport.nodes.upperBound, task)
    let own: [any Node] = if let server { [server] } else { [] }
    let nodes = own + workers
    var progress = try server.map { try Progress(server: $0, task.objective, goal, onLook) }
    do {
      try drive(nodes, over: transport, &progress)
    } catch let error as TransportError where progress != nil {
      progress!.record.interruption = error.description
    }
    if progress?.record.interruption != nil {
      try? transport.end()  // those who are left
    } else if progress != nil {
      try transport.end()
    }
    return progress?.finished(at: transport.now)
  }

  private static func drive(
    _ nodes: [any Node], over transport: any Transport, _ progress: inout Progress?
  ) throws {
    let first = transport.nodes.lowerBound
    var actions: [Action] = []
    while progress?.isOver != true, let delivery = try transport.next() {
      if case .message(let message, _) = delivery.event {
        if message.kind == .end { break }
        if delivery.node == 0 { progress?.countReceived(message) }
      }
      try nodes[delivery.node - first].handle(delivery.event, &actions)
      try progress?.look(at: transport.now)
      if progress?.isOver == true { break }
      for action in actions {
        switch action {
        case .send(let message, let receiver, let reports):
          if delivery.node == 0 { progress?.record.downlinkBits += message.packet.bits }
          try transport.send(message, from: delivery.node, to: receiver, reports: reports)
        case .compute(let gradients): try transport.compute(gradients, on: delivery.node)
        }
      }
      actions.removeAll(keepingCapacity: true)
    }
  }
}

/// Looks at the server's point after each step.
private struct Progress {
  var record = DescentRecord()
  var isOver = false
  private let server: any Server
  private let objective: any StochasticObjective
  private let goal: Goal
  private var stride = 1
  private var last: DescentRecord.Look
  private let onLook: ((DescentRecord.Look) -> Void)?

  init(
    server: any Server, _ objective: any StochasticObjective, _ goal: Goal, _ onLook: ((DescentRecord.Look) -> Void)?
  ) throws {
    (self.server, self.objective, self.goal, self.onLook) = (server, objective, goal, onLook)
    last = .init(seconds: 0, round: 0, squaredGradient: try objective.squaredGradientNorm(at: server.point))
    record.looks = [last]
    record.isReached = last.squaredGradient <= goal.accuracy
    isOver = record.isReached
  }

  mutating func countReceived(_ message: Message) {
    record.uplinkBits += message.packet.bits
    record.gradients += message.count
  }

  mutating func look(at seconds: Double) throws {
    record.events += 1
    if seconds > goal.seconds { isOver = true }
    guard server.rounds != last.round else { return }
    last = .init(
      seconds: seconds, round: server.rounds, squaredGradient: try objective.squaredGradientNorm(at: server.point))
    onLook?(last)
    record.isReached = last.squaredGradient <= goal.accuracy
    // A descent that has diverged stays where it is.
    isOver = isOver || record.isReached || server.rounds >= goal.rounds || !last.squaredGradient.isFinite
    if last.round.isMultiple(of: stride) { record.looks.append(last) }
    if record.looks.count > 200 {
      stride *= 2
      record.looks.removeAll { !$0.round.isMultiple(of: stride) }
    }
  }

  consuming func finished(at seconds: Double) -> DescentRecord {
    record.seconds = seconds
    record.rounds = server.rounds
    record.point = server.point
    if record.looks.last != last { record.looks.append(last) }
    return record
  }
}
