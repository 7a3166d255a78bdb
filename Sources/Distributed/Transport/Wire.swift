/// Messages as bytes, little end first: a head of 34 bytes, positions, values.
///
/// Positions that follow from a key travel as the key, so that a packet of K coordinates is 8 K bytes and a constant.
package enum Wire {
  private enum Places: UInt8 { case all, listed, subset, share }

  package static func bytes(_ message: Message) -> [UInt8] {
    let packet = message.packet
    var bytes: [UInt8] = []
    bytes.reserveCapacity(80 + 8 * packet.values.count)
    func put<Value: FixedWidthInteger>(_ value: Value) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    put(message.kind.rawValue)
    put(Int64(message.round))
    put(Int64(message.count))
    put(Int64(packet.bits))
    put(Int32(packet.dimension))
    put(Int32(packet.values.count))
    switch (packet.draw, packet.positions) {
    case (.subset(let key, let count), _):
      put(Places.subset.rawValue)
      put(key)
      put(Int32(count))
    case (.share(let key, let worker, let workers), _):
      put(Places.share.rawValue)
      put(key)
      put(Int32(worker))
      put(Int32(workers))
    case (nil, let positions?):
      put(Places.listed.rawValue)
      for position in positions { put(position) }
    case (nil, nil): put(Places.all.rawValue)
    }
    for value in packet.values { put(value.bitPattern) }
    return bytes
  }

  /// - Throws: `TransportError` where the bytes are no message.
  package static func message(_ bytes: [UInt8]) throws -> Message {
    var place = 0
    func take<Value: FixedWidthInteger>(_: Value.Type) throws -> Value {
      let size = MemoryLayout<Value>.size
      guard place + size <= bytes.count else { throw TransportError("a message ends in the middle of a number") }
      defer { place += size }
      return bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Value.self)) }
    }
    let nonsense = TransportError("a message is not one of this program; do all ranks run the same version?")
    guard let kind = Message.Kind(rawValue: try take(UInt8.self)) else { throw nonsense }
    let (round, count) = (Int(try take(Int64.self)), Int(try take(Int64.self)))
    let (bits, dimension) = (Int(try take(Int64.self)), Int(try take(Int32.self)))
    let size = Int(try take(Int32.self))
    guard let places = Places(rawValue: try take(UInt8.self)), dimension >= 0, size >= 0, size <= bytes.count else {
      throw nonsense
    }
    var (draw, positions): (Draw?, [Int32]?) = (nil, nil)
    switch places {
    case .all: break
    case .listed: positions = try (0..<size).map { _ in try take(Int32.self) }
    case .subset:
      let (key, count) = (try take(UInt64.self), Int(try take(Int32.self)))
      guard count == size, count <= dimension else { throw nonsense }
      draw = .subset(key: key, count: count)
    case .share:
      let key = try take(UInt64.self)
      let (worker, workers) = (Int(try take(Int32.self)), Int(try take(Int32.self)))
      guard workers > 0, 0..<workers ~= worker, size == dimension / workers || size == dimension / workers + 1 else {
        throw nonsense
      }
      draw = .share(key: key, worker: worker, workers: workers)
    }
    if let draw { positions = draw.positions(dimension: dimension) }
    let values = try (0..<size).map { _ in Double(bitPattern: try take(UInt64.self)) }
    guard place == bytes.count, positions?.count ?? dimension == size,
      positions?.allSatisfy({ $0 >= 0 && $0 < dimension }) ?? true
    else { throw nonsense }
    return Message(
      kind, round: round, count: count,
      packet: Packet(dimension: dimension, positions: positions, values: values, draw: draw, bits: bits))
  }
}
