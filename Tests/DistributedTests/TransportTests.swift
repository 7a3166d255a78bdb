import Arrays
import Distributed
import Testing

@Suite struct SimulatedTransportTests {
  private func packet(_ count: Int) -> Message {
    Message(.gradient, round: 0, packet: Packet([Double](repeating: 0, count: count)))
  }

  /// Each link and each computer does one thing after another; different ones work at the same time.
  @Test func resourcesQueue() {
    let transport = SimulatedTransport(
      Cluster(gradientSeconds: [2, 3], downlinkSeconds: [0.5, 0.25], uplinkSeconds: [1, 1]))
    for node in 0...2 {
      let delivery = transport.next()!
      #expect(delivery.node == node && transport.now == 0)
    }
    transport.send(packet(4), from: 0, to: 1, reports: false)  // 2
    transport.send(packet(2), from: 0, to: 1, reports: false)  // 3
    transport.send(packet(4), from: 0, to: 2, reports: false)  // 1
    transport.compute(1, on: 1)  // 2, after the message of that time
    transport.compute(2, on: 1)  // 6
    transport.send(packet(5), from: 2, to: 0, reports: true)  // 5, twice
    var seen: [String] = []
    while let delivery = transport.next() {
      let what =
        switch delivery.event {
        case .started: "started"
        case .computed: "computed"
        case .sent: "sent"
        case .message(let message, let from): "\(message.packet.dimension) from \(from)"
        }
      seen.append("\(transport.now): \(delivery.node) \(what)")
    }
    #expect(
      seen == [
        "1.0: 2 4 from 0", "2.0: 1 4 from 0", "2.0: 1 computed", "3.0: 1 2 from 0", "5.0: 0 5 from 2", "5.0: 2 sent",
        "6.0: 1 computed",
      ])
  }

  /// Events come out by time, and those of a time as they were made: against a sort.
  @Test func eventsAreInOrder() {
    let transport = SimulatedTransport(Cluster(workers: 50, gradientSeconds: 1))
    for _ in 0...50 { _ = transport.next() }
    var expected: [(Double, Int)] = []
    for worker in (1...50).reversed() {
      transport.compute(1 + worker % 7, on: worker)
      expected.append((Double(1 + worker % 7), worker))
    }
    // A stable sort by time.
    let order = expected.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element.1)
    var seen: [Int] = []
    while let delivery = transport.next() { seen.append(delivery.node) }
    #expect(seen == order)
  }
}

@Suite struct WireTests {
  private let x = RandomKey(seed: 1).normal(count: 20)

  /// Each kind of packet comes back equal; K random coordinates are K numbers and a constant.
  @Test func messagesComeBack() throws {
    let compressors: [any Compressor] = [
      Identity(), RandK(3), PermK(workers: 6), TopK(4), NaturalCompression(), Dithering(levels: 3),
    ]
    for compressor in compressors {
      let packet = compressor.compress(x, worker: 2, key: RandomKey(seed: 2))
      let message = Message(.change, round: 70_000, count: 5, packet: packet)
      #expect(try Wire.message(Wire.bytes(message)) == message)
    }
    func size(_ kept: Int) -> Int {
      Wire.bytes(Message(.gradient, round: 1, packet: RandK(kept).compress(x, key: RandomKey(seed: 2)))).count
    }
    #expect(size(7) - size(3) == 4 * 8 && size(3) < 3 * 8 + 64)
  }

  /// No bytes from elsewhere trap: cut, longer or changed ones are errors, or another message.
  @Test func foreignBytesAreErrors() {
    let bytes = Wire.bytes(Message(.gradient, round: 1, packet: TopK(4).compress(x, key: RandomKey(seed: 2))))
    for end in 0..<bytes.count { #expect(throws: TransportError.self) { try Wire.message(Array(bytes[..<end])) } }
    #expect(throws: TransportError.self) { try Wire.message(bytes + [0]) }
    for place in bytes.indices {
      for value in [0, 1, 3, 127, 255] as [UInt8] {
        var changed = bytes
        changed[place] = value
        _ = try? Wire.message(changed)
      }
    }
  }
}
