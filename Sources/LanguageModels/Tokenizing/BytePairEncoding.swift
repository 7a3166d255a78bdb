/// Byte pairs merged in the order in which they were learnt (Sennrich et al. 2016, over bytes as in Radford et al. 2019).
struct BytePairEncoding: Sendable {
  private struct Pair: Hashable {
    var left: Int32
    var right: Int32
  }

  /// The token of each byte; nil for one that is left out.
  private let bytes: [Int32?]
  /// What two tokens become, and how early.
  private var merges: [Pair: (rank: Int32, merged: Int32)] = [:]

  /// - Parameters:
  ///   - bytes: the token of each byte; nil for one that is left out.
  ///   - merges: left, right and merged token, the earliest first.
  init(bytes: [Int32?], merges: [(left: Int32, right: Int32, merged: Int32)]) {
    precondition(bytes.count == 256, "a token for each byte")
    self.bytes = bytes
    self.merges.reserveCapacity(merges.count)
    for (rank, merge) in merges.enumerated() {
      let pair = Pair(left: merge.left, right: merge.right)
      if self.merges[pair] == nil { self.merges[pair] = (Int32(rank), merge.merged) }
    }
  }

  /// The tokens of one piece of text.
  func tokens(of piece: some Collection<UInt8>) -> [Int32] {
    var tokens = piece.compactMap { bytes[Int($0)] }
    // The merge that each neighbouring pair would make; only those beside a merge change.
    func candidate(_ index: Int) -> (rank: Int32, merged: Int32)? {
      index + 1 < tokens.count ? merges[Pair(left: tokens[index], right: tokens[index + 1])] : nil
    }
    var candidates = tokens.indices.map(candidate)
    while tokens.count > 1 {
      var best = -1
      var rank = Int32.max
      for (index, merge) in candidates.enumerated() {
        if let merge, merge.rank < rank { (best, rank) = (index, merge.rank) }
      }
      guard best >= 0 else { break }
      tokens[best] = candidates[best]!.merged
      tokens.remove(at: best + 1)
      candidates.remove(at: best + 1)
      candidates[best] = candidate(best)
      if best > 0 { candidates[best - 1] = candidate(best - 1) }
    }
    return tokens
  }
}
