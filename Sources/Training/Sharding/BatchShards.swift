/// Who computes which parts of a batch, and how the parts' gradients become one.
///
/// Each part is a batch of its own, and a step follows the mean of all parts: k parts of b examples are one batch of k b. The mean
/// has the same bits whoever computed a part, as sums follow `ShardTree`.
public protocol BatchShards: AnyObject {
  /// Parts of each batch.
  var count: Int { get }
  /// Those that are computed here.
  var own: Range<Int> { get }

  /// The mean over all parts, those of `own` computed now, in their order.
  ///
  /// - Parameters:
  ///   - step: the updates before this one, which all must have made.
  ///   - order: positions of the gradient's arrays in the order in which they are there.
  ///   - part: computes one, and says of each array of its gradient when it is there, while others are still computed.
  /// - Throws: what `part` throws; where those who compute the other parts are lost.
  func mean(
    step: Int, order: [Int], computing part: (Int, _ isThere: (Int, NDArray) -> Void) throws -> ShardResult
  ) throws -> ShardResult

  /// The same parts, all computed here, as for a descent beside this one.
  var alone: any BatchShards { get }
}

/// The parts of a batch one after another: gradients are accumulated.
public final class LocalShards: BatchShards {
  public let count: Int
  public var own: Range<Int> { 0..<count }
  public var alone: any BatchShards { LocalShards(count) }

  public init(_ count: Int) {
    precondition(count > 0, "A batch has a part.")
    self.count = count
  }

  public func mean(
    step: Int, order: [Int], computing part: (Int, (Int, NDArray) -> Void) throws -> ShardResult
  ) throws -> ShardResult { ShardTree.mean(of: try own.map { try part($0) { _, _ in } }) }
}

/// The order of a sum over parts: neighbours first, then pairs of neighbours, so that it depends on their number alone.
public enum ShardTree {
  /// What is added, one pair after another: one part's sum to another's. In the end the first part's is that of all.
  public static func pairs(_ count: Int) -> [(into: Int, from: Int)] {
    var pairs: [(into: Int, from: Int)] = []
    var distance = 1
    while distance < count {
      for into in stride(from: 0, to: count - distance, by: 2 * distance) { pairs.append((into, into + distance)) }
      distance *= 2
    }
    return pairs
  }

  /// The mean of all parts.
  public static func mean(of parts: [ShardResult]) -> ShardResult {
    var sums = parts
    for (into, from) in pairs(parts.count) { sums[into].add(sums[from]) }
    sums[0].divide(by: parts.count)
    return sums[0]
  }
}
