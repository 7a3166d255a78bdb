import Arrays
import Distributed
import Training

/// The parts of a batch on the ranks of an MPI run, or one after another on one.
///
/// Gradients go up a tree over the parts and their mean comes down a tree over the ranks, so that its bits are those of
/// `ShardTree` for any number of ranks. Compressed ones all go to all, and each rank adds them up in the parts' order.
package final class RankShards: BatchShards {
  package let count: Int
  package let own: Range<Int>
  private let link: RankLink?
  private let compression: GradientCompression?
  private let key: RandomKey

  /// - Parameters:
  ///   - link: nil for all parts here.
  ///   - key: of what compressors draw.
  init(_ count: Int, _ link: RankLink?, _ compression: GradientCompression? = nil, key: RandomKey) {
    (self.count, self.link, self.compression, self.key) = (count, link, compression, key)
    own = link.map { Self.shards(of: $0.rank, count, $0.size) } ?? 0..<count
  }

  /// All parts here.
  package convenience init(_ count: Int, _ compression: GradientCompression?, key: RandomKey) {
    self.init(count, nil, compression, key: key)
  }

  package var alone: any BatchShards { RankShards(count, nil, compression, key: key) }

  /// Neighbouring parts.
  static func shards(of rank: Int, _ count: Int, _ ranks: Int) -> Range<Int> {
    rank * count / ranks..<(rank + 1) * count / ranks
  }

  package func mean(of parts: [ShardResult], step: Int) throws -> ShardResult {
    if let compression { return try compressed(parts, compression, step) }
    guard let link else { return ShardTree.mean(of: parts) }
    return try link.call { [self] in try reduced(parts, link, step) }
  }

  // MARK: Whole gradients

  private func reduced(_ parts: [ShardResult], _ link: RankLink, _ step: Int) throws -> ShardResult {
    var owners: [Int] = []
    for rank in 0..<link.size { owners += Self.shards(of: rank, count, link.size).map { _ in rank } }
    var sums = parts
    for (into, from) in ShardTree.pairs(count) {
      switch (own.contains(into), own.contains(from)) {
      case (true, true): sums[into - own.lowerBound].add(sums[from - own.lowerBound])
      case (true, false):
        let bytes = try link.receive(from: owners[from])
        try check(bytes, owners[from], step, link)
        guard sums[into - own.lowerBound].add(bytes.dropFirst(Self.headCount)) else { throw otherSize }
      case (false, true): try link.send(sums[from - own.lowerBound].bytes(after: Self.head(step)), to: owners[into])
      case (false, false): break
      }
    }
    guard link.rank == 0 else { return try read(link.broadcast(nil).dropFirst(Self.headCount), parts[0]) }
    sums[0].divide(by: count)
    _ = try link.broadcast(sums[0].bytes(after: Self.head(step)))
    return sums[0]
  }

  private static let headCount = 9

  /// A 0, by which numbers differ from messages, and the step.
  private static func head(_ step: Int) -> [UInt8] {
    [0] + withUnsafeBytes(of: Int64(step).littleEndian) { Array($0) }
  }

  private func check(_ bytes: [UInt8], _ rank: Int, _ step: Int, _ link: RankLink) throws {
    guard bytes.starts(with: Self.head(step)) else {
      throw RankError("\(link.name(of: rank)) is at another step than rank \(link.rank), which is at \(step)")
    }
  }

  private func read(_ bytes: ArraySlice<UInt8>, _ like: ShardResult) throws -> ShardResult {
    guard let result = ShardResult(bytes, like: like) else { throw otherSize }
    return result
  }

  private var otherSize: RankError {
    RankError("a rank has sent a gradient of another size; do all ranks run the same version?")
  }

  // MARK: Compressed gradients

  private func compressed(
    _ parts: [ShardResult], _ compression: GradientCompression, _ step: Int
  ) throws -> ShardResult {
    let dimension = parts[0].gradient.reduce(0) { $0 + $1.count }
    let compressor = compression.compressor(dimension: dimension, shards: count)
    let key = key.split(step)
    let entries = zip(own, parts).map { part, result -> [UInt8] in
      let packet = compressor.compress(result.gradient.flatMap(\.doubles), worker: part, key: key)
      let rest = ShardResult(gradient: [], rest: result.rest).bytes
      return rest + Wire.bytes(Message(.gradient, round: step, packet: packet))
    }
    let all =
      try link.map { link in
        try link.call { [self] in
          let joined = try link.gathered(Self.joined(entries)) { rank, bytes in
            try check(bytes, rank, step, link)
          } frame: {
            Self.head(step) + $0
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
      rests.append(try read(entry.prefix(length), template))
      let message = try Wire.message(Array(entry.dropFirst(length)))
      guard message.packet.dimension == dimension else { throw otherSize }
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
