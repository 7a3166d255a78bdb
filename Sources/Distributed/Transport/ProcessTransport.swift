/// Real processes, one node each, on the wall clock.
///
/// Links are shaped by a token bucket without burst at the sender: a message of c coordinates leaves τ c seconds after the one
/// before it has left; or they are left to the network. Computing is padded: `computed` happens h b seconds after the order, less what
/// the node's last computation took, so that gradients count within h.
///
/// Each process tells the server who it is and what it was asked to do; one that is silent for too long ends the run with its name.
public final class ProcessTransport: Transport {
  /// What makes links as slow as the cluster says.
  public enum Shaping: String, Hashable, Sendable, Codable, CaseIterable {
    /// The transport holds messages back.
    case bucket
    /// The network has the right speed already.
    case network
  }

  public let nodes: Range<Int>
  public var now: Double { clock.now - origin }
  private let channel: any Channel
  private let cluster: Cluster
  private let clock: any WallClock
  private let shaping: Shaping
  private let patience: Double
  private var origin: Double
  private var waiting: [Delivery]
  private var outgoing: [Outgoing] = []
  private var linkFree: [Double]
  private var computedAt: [Double] = []
  private var computerFree = 0.0
  private var handedOver: Double?
  private var work = 0.0
  private var heardAt: [Double]
  private var spokeAt = 0.0
  /// Who each rank is, as it says.
  public private(set) var names: [String]

  private struct Outgoing {
    var due: Double
    var bytes: [UInt8]
    var receiver: Int
    var reports: Bool
  }

  private enum Tag { static let message: UInt8 = 0, hello: UInt8 = 1, alive: UInt8 = 2 }

  /// Waits until all ranks are there.
  ///
  /// - Parameters:
  ///   - name: who this rank is: a host and a process.
  ///   - purpose: what it was asked to do; all must say the same.
  ///   - patience: seconds of silence after which a rank counts as lost.
  /// - Throws: `DistributedError` where there are not as many ranks as nodes, ranks disagree, or one does not come.
  public init(
    _ channel: any Channel, _ cluster: Cluster, clock: any WallClock, shaping: Shaping = .bucket, name: String,
    purpose: String, patience: Double = 10
  ) throws {
    guard channel.size == cluster.count + 1 else {
      throw DistributedError(
        "\(cluster.count) workers and a server need \(cluster.count + 1) ranks; there are \(channel.size)")
    }
    (self.channel, self.cluster, self.clock) = (channel, cluster, clock)
    (self.shaping, self.patience, origin) = (shaping, patience, clock.now)
    nodes = channel.rank..<channel.rank + 1
    waiting = [Delivery(node: channel.rank, event: .started)]
    linkFree = [Double](repeating: 0, count: channel.size)
    heardAt = linkFree
    names = (0..<channel.size).map { "rank \($0)" }
    names[channel.rank] = name
    try greet(name, purpose)
  }

  private func greet(_ name: String, _ purpose: String) throws {
    func hello() -> [UInt8] { [Tag.hello] + Array("\(name)\n\(purpose)".utf8) }
    var missing = Set(channel.rank == 0 ? 1..<channel.size : 0..<1)
    // The server answers when all are there: then the clocks begin.
    if channel.rank > 0 { try channel.send(hello(), to: 0) }
    while !missing.isEmpty {
      guard let (sender, bytes) = try channel.poll() else {
        guard now < patience else {
          throw DistributedError("rank \(missing.min()!) did not come within \(patience) seconds")
        }
        clock.sleep(seconds: 1e-4)
        continue
      }
      let parts = String(decoding: bytes.dropFirst(), as: UTF8.self).split(
        separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      guard bytes.first == Tag.hello, parts.count == 2 else {
        throw DistributedError("rank \(sender) speaks another language; do all ranks run the same version?")
      }
      names[sender] = "rank \(sender) (\(parts[0]))"
      guard parts[1] == purpose else {
        throw DistributedError("\(names[sender]) was started with other settings: \(parts[1]), and not \(purpose)")
      }
      missing.remove(sender)
    }
    // Workers begin when they hear the answer: a server that read its clock later, as on a busy machine, would find them faster than they are.
    origin = clock.now
    if channel.rank == 0 { for rank in 1..<channel.size { try channel.send(hello(), to: rank) } }
  }

  public func send(_ message: Message, from sender: Int, to receiver: Int, reports: Bool) throws {
    measureWork()
    let seconds =
      shaping == .network
      ? 0
      : message.packet.coordinates
        * (sender == 0 ? cluster.downlinkSeconds[receiver - 1] : cluster.uplinkSeconds[sender - 1])
    let due = max(now, linkFree[receiver]) + seconds
    linkFree[receiver] = due
    outgoing.append(
      Outgoing(due: due, bytes: [Tag.message] + Wire.bytes(message), receiver: receiver, reports: reports))
  }

  public func compute(_ gradients: Int, on node: Int) {
    measureWork()
    computerFree = max(now, computerFree) + cluster.gradientSeconds[node - 1] * Double(gradients)
    computedAt.append(computerFree)
  }

  /// What the node did between `computed` and its next order was the computation.
  private func measureWork() {
    if let start = handedOver { (work, handedOver) = (now - start, nil) }
  }

  public func next() throws -> Delivery? {
    measureWork()
    while true {
      try flush()
      if !waiting.isEmpty { return waiting.removeFirst() }
      while let (sender, bytes) = try channel.poll() {
        heardAt[sender] = now
        if bytes.first == Tag.message {
          return Delivery(
            node: channel.rank, event: .message(try Wire.message(Array(bytes.dropFirst())), from: sender))
        }
      }
      if let end = computedAt.first, end - work <= now {
        computedAt.removeFirst()
        handedOver = now
        return Delivery(node: channel.rank, event: .computed)
      }
      try listen()
      let next = min(outgoing.map(\.due).min() ?? .infinity, computedAt.first.map { $0 - work } ?? .infinity)
      clock.sleep(seconds: max(1e-5, min(next - now, 1e-4)))
    }
  }

  /// Sends what is due.
  private func flush() throws {
    let moment = now
    guard outgoing.contains(where: { $0.due <= moment }) else { return }
    for item in outgoing where item.due <= moment {
      try channel.send(item.bytes, to: item.receiver)
      if item.reports { waiting.append(Delivery(node: channel.rank, event: .sent)) }
    }
    outgoing.removeAll { $0.due <= moment }
    spokeAt = moment
  }

  /// Says that this process lives, and misses those that do not.
  private func listen() throws {
    let others = channel.rank == 0 ? Array(1..<channel.size) : [0]
    if now - spokeAt > patience / 8 {
      for rank in others { try channel.send([Tag.alive], to: rank) }
      spokeAt = now
    }
    if let lost = others.first(where: { now - heardAt[$0] > patience }) {
      throw TransportError("\(names[lost]) has been silent for \(patience) seconds and is counted as lost")
    }
  }

  public func end() throws {
    let message = Message(.end, round: 0, packet: Packet([]))
    var failure: (any Error)?
    for rank in 1..<channel.size {
      do { try channel.send([Tag.message] + Wire.bytes(message), to: rank) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
