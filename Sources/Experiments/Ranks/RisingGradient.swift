import Arrays
import Distributed
import Training

/// One step's mean over the parts of a batch on ranks: while the last own part is computed, arrays of its gradient go up the
/// tree of parts as soon as they are there, several together; when it is done, means come down the tree of ranks.
///
/// Each number is added in the order of `ShardTree`, whatever it travels with.
final class RisingGradient {
  private let link: RankLink
  private let count: Int
  private let own: Range<Int>
  private let earlier: [ShardResult]
  private let step: Int
  private let order: [Int]
  private let bundleByteCount: Int
  /// Arrays of the last own part.
  private var there: [Int: NDArray] = [:]
  /// How many of the order are on their way.
  private var sent = 0
  private var bundles: [(positions: [Int], parts: [ShardResult], mean: () throws -> ShardResult?)] = []

  /// - Parameters:
  ///   - parts: of the batch.
  ///   - earlier: the own ones but the last.
  ///   - order: positions of the gradient's arrays, on all ranks the same.
  init(
    _ link: RankLink, parts: Int, own: Range<Int>, earlier: [ShardResult], step: Int, order: [Int], bundleByteCount: Int
  ) {
    (self.link, count, self.own, self.earlier, self.step) = (link, parts, own, earlier, step)
    (self.order, self.bundleByteCount) = (order, bundleByteCount)
  }

  /// Takes an array of the last part's gradient; the next ones in the order that are together worth a message are sent.
  func add(_ array: NDArray, at position: Int) {
    there[position] = array
    var (beyond, byteCount) = (sent, 0)
    while beyond < order.count, let next = there[order[beyond]] {
      byteCount += next.byteCount
      beyond += 1
      guard byteCount >= bundleByteCount else { continue }
      raise(beyond, rests: own.map { _ in [] })
      byteCount = 0
    }
  }

  /// The mean, when the last part is computed.
  ///
  /// - Throws: `RankError` where a rank is lost or at another step.
  func finish(_ last: ShardResult) throws -> ShardResult {
    for (position, array) in last.gradient.enumerated() { there[position] = array }
    raise(order.count, rests: (earlier + [last]).map(\.rest))
    let means = try bundles.map { try $0.mean() }
    let fallen = try link.call { [self] in
      let fallen = try bundles.indices.map { number in
        if let mean = means[number] { return mean }
        let (bytes, head) = (try link.broadcast(nil, flushes: false), Self.head(step, number))
        try Self.check(bytes, head, 0, link)
        return try Self.read(bytes.dropFirst(head.count), bundles[number].parts[0])
      }
      try link.flush()
      return fallen
    }
    var mean = last
    for (bundle, part) in zip(bundles, fallen) {
      for (position, array) in zip(bundle.positions, part.gradient) { mean.gradient[position] = array }
    }
    mean.rest = fallen.last!.rest
    return mean
  }

  private func raise(_ beyond: Int, rests: [[NDArray]]) {
    let positions = Array(order[sent..<beyond])
    sent = beyond
    let gradients = earlier.map { part in positions.map { part.gradient[$0] } } + [positions.map { there[$0]! }]
    let parts = zip(gradients, rests).map { ShardResult(gradient: $0, rest: $1) }
    let head = Self.head(step, bundles.count)
    bundles.append((positions, parts, link.start { [self] in try sum(parts, head) }))
  }

  /// The mean of a bundle, sent to all, on rank 0; nil on others.
  private func sum(_ parts: [ShardResult], _ head: [UInt8]) throws -> ShardResult? {
    var owners: [Int] = []
    for rank in 0..<link.size { owners += RankShards.shards(of: rank, count, link.size).map { _ in rank } }
    var sums = parts
    for (into, from) in ShardTree.pairs(count) {
      switch (own.contains(into), own.contains(from)) {
      case (true, true): sums[into - own.lowerBound].add(sums[from - own.lowerBound])
      case (true, false):
        let bytes = try link.receive(from: owners[from])
        try Self.check(bytes, head, owners[from], link)
        guard sums[into - own.lowerBound].add(bytes.dropFirst(head.count)) else { throw Self.otherSize }
      case (false, true): try link.send(sums[from - own.lowerBound].bytes(after: head), to: owners[into])
      case (false, false): break
      }
    }
    guard link.rank == 0 else {
      try link.flush()
      return nil
    }
    sums[0].divide(by: count)
    _ = try link.broadcast(sums[0].bytes(after: head), flushes: false)
    return sums[0]
  }

  // MARK: Messages of numbers

  /// A 0, by which numbers differ from messages, the step, and the number of the bundle.
  static func head(_ step: Int, _ bundle: Int) -> [UInt8] {
    [0] + withUnsafeBytes(of: Int64(step).littleEndian) { Array($0) }
      + withUnsafeBytes(of: Int32(bundle).littleEndian) { Array($0) }
  }

  static func check(_ bytes: [UInt8], _ head: [UInt8], _ rank: Int, _ link: RankLink) throws {
    guard bytes.starts(with: head) else {
      throw RankError("\(link.name(of: rank)) is at another step than rank \(link.rank)")
    }
  }

  static func read(_ bytes: ArraySlice<UInt8>, _ like: ShardResult) throws -> ShardResult {
    guard let result = ShardResult(bytes, like: like) else { throw otherSize }
    return result
  }

  static var otherSize: RankError {
    RankError("a rank has sent a gradient of another size; do all ranks run the same version?")
  }
}
