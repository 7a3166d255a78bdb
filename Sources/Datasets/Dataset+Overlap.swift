/// Rows that stand in several sets.
extension Dataset {
  /// How many rows also stand in others, bit for bit in features and target; 0 of images that are kept as bytes.
  ///
  /// Rows are told apart by hashes of 64 bits, one pass over each set: little beside reading its file.
  package func countOfRows(alsoIn others: [Dataset]) -> Int {
    let own = rowHashes()
    let wanted = Set(own)
    var found: Set<UInt64> = []
    for other in others { for hash in other.rowHashes() where wanted.contains(hash) { found.insert(hash) } }
    return own.count { found.contains($0) }
  }

  private func rowHashes() -> [UInt64] {
    guard case .numbers(let array) = features, array.elementType == .float32, count > 0 else { return [] }
    var hashes = [UInt64](repeating: 0xcbf2_9ce4_8422_2325, count: count)
    Self.mix(array, into: &hashes)
    switch targets {
    case .classes(let labels):
      for row in hashes.indices { Self.mix(UInt64(UInt32(bitPattern: labels[row])), &hashes[row]) }
    case .numbers(let numbers): Self.mix(numbers, into: &hashes)
    }
    return hashes
  }

  private static func mix(_ array: NDArray, into hashes: inout [UInt64]) {
    let width = array.count / hashes.count
    let values = array.storage.pointer.assumingMemoryBound(to: UInt32.self)
    for row in hashes.indices {
      var hash = hashes[row]
      for index in row * width..<(row + 1) * width { mix(UInt64(values[index]), &hash) }
      hashes[row] = hash
    }
  }

  /// A product by an odd number, and what it moved to the high bits back to the low ones.
  @inline(__always) private static func mix(_ word: UInt64, _ hash: inout UInt64) {
    hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
    hash ^= hash >> 32
  }
}
