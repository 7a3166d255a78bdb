import Arrays
import Distributed
import Training

/// The parts of a batch on the ranks of an MPI run, or one after another on one.
///
/// Gradients go up a tree over the parts and their mean comes down a tree over the ranks, while the rest is still computed
/// (`RisingGradient`); its bits are those of `ShardTree` for any number of ranks. Compressed ones all go to all, when all is
/// computed, and each rank adds them up in the parts' order.
package final class RankShards: BatchShards {
  package let count: Int
  package let own: Range<Int>
  private let link: RankLink?
  private let compression: GradientCompression?
  private let key: RandomKey
  private let bundleByteCount: Int
  private var agreedOrder: [Int]?

  /// - Parameters:
  ///   - link: nil for all parts here.
  ///   - key: of what compressors draw.
  ///   - bundleByteCount: as of `RankTeam.makeShards`.
  init(
    _ count: Int, _ link: RankLink?, _ compression: GradientCompression? = nil, key: RandomKey, bundleByteCount: Int
  ) {
    (self.count, self.link, self.compression, self.key) = (count, link, compression, key)
    self.bundleByteCount = bundleByteCount
    own = link.map { Self.shards(of: $0.rank, count, $0.size) } ?? 0..<count
  }

  /// All parts here.
  package convenience init(_ count: Int, _ compression: GradientCompression?, key: RandomKey) {
    self.init(count, nil, compression, key: key, bundleByteCount: 0)
  }

  package var alone: any BatchShards { RankShards(count, compression, key: key) }

  /// Neighbouring parts.
  static func shards(of rank: Int, _ count: Int, _ ranks: Int) -> Range<Int> {
    rank * count / ranks..<(rank + 1) * count / ranks
  }

  package func mean(
    step: Int, order: [Int], computing part: (Int, (Int, NDArray) -> Void) throws -> ShardResult
  ) throws -> ShardResult {
    if let compression {
      return try compressed(try own.map { try part($0) { _, _ in } }, compression, step)
    }
    guard let link else { return ShardTree.mean(of: try own.map { try part($0) { _, _ in } }) }
    let earlier = try own.dropLast().map { try part($0) { _, _ in } }
    let rising = RisingGradient(
      link, parts: count, own: own, earlier: earlier, step: step, order: try agreed(order, link),
      bundleByteCount: bundleByteCount)
    return try rising.finish(try part(own.upperBound - 1) { rising.add($1, at: $0) })
  }

  /// The order of rank 0's processor, which on another may be another.
  private func agreed(_ order: [Int], _ link: RankLink) throws -> [Int] {
    if let agreedOrder { return agreedOrder }
    let own: [UInt8] =
      [0] + order.flatMap { position in withUnsafeBytes(of: Int64(position).littleEndian) { Array($0) } }
    let bytes = try link.call { try link.broadcast(link.rank == 0 ? own : nil) }
    guard bytes.count == own.count else { throw RisingGradient.otherSize }
    let found = bytes.withUnsafeBytes { bytes in
      order.indices.map { Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 1 + 8 * $0, as: Int64.self))) }
    }
    guard found.sorted() == order.sorted() else { throw RisingGradient.otherSize }
    agreedOrder = found
    return found
  }

  // MARK: Compressed gradients

  private func compressed(
    _ parts: [ShardResult], _ compression: GradientCompression, _ step: Int
  ) throws -> ShardResult {
    let dimension = parts[0].gradient.reduce(0) { $0 + $1.count }
    let compressor = compression.compressor(dimension: dimension, shards: count)
    let (key, head) = (key.split(step), RisingGradient.head(step, 0))
    let entries = zip(own, parts).map { part, result -> [UInt8] in
      let packet = compressor.compress(result.gradient.flatMap(\.doubles), worker: part, key: key)
      let rest = ShardResult(gradient: [], rest: result.rest).bytes
      return rest + Wire.bytes(Message(.gradient, round: step, packet: packet))
    }
    let all =
      try link.map { link in
        try link.call {
          let joined = try link.gathered(Self.joined(entries)) { rank, bytes in
            try RisingGradient.check(bytes, head, rank, link)
          } frame: {
            head + $0
          }
          return try Self.parted(joined)
        }
      } ?? entries
    guard all.count == count else { throw RankError("a part of step \(step) is missing") }
    var gradient = [Double](repeating: 0, count: dimension)
    var rests: [ShardResult] = []
    let template = ShardResult(gradient: [], rest: parts[0].rest)
    let length = template.bytes.count
    for entry in all {
      rests.append(try RisingGradient.read(entry.prefix(length), template))
      let message = try Wire.message(Array(entry.dropFirst(length)))
      guard message.packet.dimension == dimension else { throw RisingGradient.otherSize }
      message.packet.add(to: &gradient, times: 1 / Double(count))
    }
    var rest = gradient[...]
    return ShardResult(
      gradient: parts[0].gradient.map { like in
        defer { rest = rest.dropFirst(like.count) }
        return NDArray(Array(rest.prefix(like.count)), shape: like.shape).converted(to: like.elementType)
      }, rest: ShardTree.mean(of: rests).rest)
  }

  /// Entries behind their lengths.
  private static func joined(_ entries: [[UInt8]]) -> [UInt8] {
    entries.flatMap { entry in withUnsafeBytes(of: Int64(entry.count).littleEndian) { Array($0) } + entry }
  }

  private static func parted(_ bytes: [UInt8]) throws -> [[UInt8]] {
    var (entries, place): ([[UInt8]], Int) = ([], 0)
    while place < bytes.count {
      guard place + 8 <= bytes.count else { throw RankError("a gradient ends in the middle of a number") }
      let length = bytes.withUnsafeBytes {
        Int(Int64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Int64.self)))
      }
      guard length >= 0, length <= bytes.count - place - 8 else {
        throw RankError("a gradient ends in the middle of a number")
      }
      entries.append(Array(bytes[place + 8..<place + 8 + length]))
      place += 8 + length
    }
    return entries
  }
}
