/// A cluster on a virtual clock: deterministic, whatever the machine.
///
/// A message of c coordinates takes τ c seconds on its link, after those before it; b gradients take h b seconds. Links of
/// different workers work at the same time, so that a broadcast takes as long as one message.
public final class SimulatedTransport: Transport {
  public let nodes: Range<Int>
  public private(set) var now = 0.0
  private let cluster: Cluster
  private var events = EventHeap()
  private var messages: [Message?] = []
  private var freeSlots: [Int] = []
  private var downFree: [Double]
  private var upFree: [Double]
  private var computerFree: [Double]

  /// A clock at 0 over these workers and links.
  public init(_ cluster: Cluster) {
    self.cluster = cluster
    nodes = 0..<cluster.count + 1
    downFree = [Double](repeating: 0, count: cluster.count)
    (upFree, computerFree) = (downFree, downFree)
    for node in nodes { events.push(0, .started, node: node) }
  }

  public func send(_ message: Message, from sender: Int, to receiver: Int, reports: Bool) {
    precondition((sender == 0) != (receiver == 0), "Messages go between the server and a worker.")
    let coordinates = message.packet.coordinates
    let arrival: Double
    if sender == 0 {
      arrival = max(now, downFree[receiver - 1]) + cluster.downlinkSeconds[receiver - 1] * coordinates
      downFree[receiver - 1] = arrival
    } else {
      arrival = max(now, upFree[sender - 1]) + cluster.uplinkSeconds[sender - 1] * coordinates
      upFree[sender - 1] = arrival
    }
    let slot = freeSlots.popLast() ?? messages.count
    if slot == messages.count { messages.append(message) } else { messages[slot] = message }
    events.push(arrival, .message, node: receiver, slot: slot, from: sender)
    if reports { events.push(arrival, .sent, node: sender) }
  }

  public func compute(_ gradients: Int, on node: Int) {
    precondition(node > 0, "Workers compute.")
    let end = max(now, computerFree[node - 1]) + cluster.gradientSeconds[node - 1] * Double(gradients)
    computerFree[node - 1] = end
    events.push(end, .computed, node: node)
  }

  public func next() -> Delivery? {
    guard let entry = events.pop() else { return nil }
    now = entry.time
    let event: Event
    switch entry.kind {
    case .started: event = .started
    case .computed: event = .computed
    case .sent: event = .sent
    case .message:
      let slot = Int(entry.slot)
      event = .message(messages[slot]!, from: Int(entry.from))
      messages[slot] = nil
      freeSlots.append(slot)
    }
    return Delivery(node: Int(entry.node), event: event)
  }

  public func end() {}
}
