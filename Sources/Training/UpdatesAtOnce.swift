/// How many updates are made within one call.
///
/// A call costs some tenths of a microsecond; where an update takes much longer nothing is gained by fewer calls, and whoever waits for
/// the end of one would wait longer. All numbers are our choice.
package enum UpdatesAtOnce {
  /// Where an update is small.
  package static let most = 64
  /// Floating-point operations of products in one call: some tenths of a millisecond.
  private static let mostOperations = 2e7
  /// Bytes of the batches of one call, which should still be in the cache when their update comes.
  private static let mostBytes = 131_072

  /// What is asked for at once is reported at once, which takes memory.
  static func check(_ count: Int) throws {
    guard (1...1_000_000).contains(count) else {
      throw TrainingError("\(count) updates are asked for at once; there may be 1 to 1000000")
    }
  }

  package static func most(of update: Program, batchBytes: Int) -> Int {
    let byOperations = mostOperations / max(update.flops, 1)
    return max(1, min(most, Int(min(byOperations, Double(most))), mostBytes / max(batchBytes, 1)))
  }
}
