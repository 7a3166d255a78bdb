/// One packet from each worker, added in the workers' order: the sum does not depend on which arrived first.
struct Gathering {
  private var packets: [Packet?]
  private var missing: Int

  init(workers: Int) {
    packets = [Packet?](repeating: nil, count: workers)
    missing = workers
  }

  /// Whether it was the last that was missing.
  mutating func take(_ packet: Packet, from worker: Int) -> Bool {
    precondition(packets[worker - 1] == nil, "Worker \(worker) sent twice in a round.")
    packets[worker - 1] = packet
    missing -= 1
    return missing == 0
  }

  /// Adds a multiple of the packets' mean, and begins anew.
  mutating func addMean(to vector: inout [Double], times factor: Double) {
    let share = factor / Double(packets.count)
    for index in packets.indices {
      packets[index]!.add(to: &vector, times: share)
      packets[index] = nil
    }
    missing = packets.count
  }
}

extension [Action] {
  mutating func send(_ message: Message, to node: Int, reports: Bool = false) {
    append(.send(message, to: node, reports: reports))
  }

  /// The same to workers 1...n.
  mutating func broadcast(_ message: Message, workers: Int) {
    for worker in 1...workers { send(message, to: worker) }
  }
}
