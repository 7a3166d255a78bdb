/// Messages from and to all ranks, along a binary tree of ranks.
extension RankLink {
  /// What rank 0 sends, on all ranks.
  ///
  /// - Parameters:
  ///   - bytes: nil on other ranks.
  ///   - flushes: whether it has all left in the end.
  func broadcast(_ bytes: [UInt8]?, flushes: Bool = true) throws -> [UInt8] {
    var distance = 1
    while distance < size { distance *= 2 }
    let bytes = try bytes ?? receive(from: rank - (rank & -rank))
    if rank > 0 { distance = rank & -rank }
    distance /= 2
    while distance > 0 {
      if rank + distance < size { try send(bytes, to: rank + distance) }
      distance /= 2
    }
    if flushes { try flush() }
    return bytes
  }

  /// What all ranks give, in their order, on all ranks.
  ///
  /// - Parameters:
  ///   - check: throws where a rank's message is not the one that is waited for.
  ///   - frame: puts a head before it, of the length that a head before nothing has.
  func gathered(
    _ own: [UInt8], check: (_ rank: Int, [UInt8]) throws -> Void, frame: ([UInt8]) -> [UInt8]
  ) throws -> [UInt8] {
    let head = frame([]).count
    var all = own
    var distance = 1
    while distance < size {
      if rank & distance != 0 {
        try send(frame(all), to: rank - distance)
        break
      }
      if rank + distance < size {
        let bytes = try receive(from: rank + distance)
        try check(rank + distance, bytes)
        all += bytes.dropFirst(head)
      }
      distance *= 2
    }
    let bytes = try broadcast(rank == 0 ? frame(all) : nil)
    try check(0, bytes)
    return Array(bytes.dropFirst(head))
  }
}
