/// Places temporary buffers in one block of memory, so that buffers whose lives do not overlap share it.
struct MemoryPlan {
  /// Byte offset of each temporary buffer.
  private(set) var offsets: [Int: Int] = [:]
  private(set) var byteCount = 0

  private static let alignment = 64

  init(_ calls: [KernelCall], _ buffers: [Buffer]) {
    var lastUse: [Int: Int] = [:]
    for (index, call) in calls.enumerated() {
      for operand in call.operands { lastUse[operand.buffer] = index }
    }
    var free = FreeList()
    for (index, call) in calls.enumerated() {
      var inherited: Set<Int> = []
      for operand in call.operands where operand.isWritten && buffers[operand.buffer].kind == .temporary {
        guard offsets[operand.buffer] == nil else { continue }
        let size = Self.rounded(buffers[operand.buffer].byteCount)
        // A result may take the place of an operand that dies here, where each element is read before it is written.
        let heir = call.aliases.first {
          $0.written == operand.buffer && lastUse[$0.read] == index && !inherited.contains($0.read)
            && buffers[$0.read].kind == .temporary && Self.rounded(buffers[$0.read].byteCount) == size
        }
        if let heir {
          inherited.insert(heir.read)
          offsets[operand.buffer] = offsets[heir.read]!
        } else {
          offsets[operand.buffer] = free.take(size)
        }
      }
      for buffer in Set(call.operands.map(\.buffer)) {
        guard lastUse[buffer] == index, buffers[buffer].kind == .temporary, !inherited.contains(buffer) else {
          continue
        }
        free.give(offsets[buffer]!, Self.rounded(buffers[buffer].byteCount))
      }
    }
    byteCount = free.extent
  }

  private static func rounded(_ bytes: Int) -> Int {
    (max(bytes, 1) + alignment - 1) / alignment * alignment + alignment
  }
}

/// Free ranges below a growing extent, in order of address.
private struct FreeList {
  private(set) var extent = 0
  private var ranges: [(start: Int, size: Int, freed: Int)] = []
  private var gifts = 0

  /// The range that was freed last, and so is most likely still in the cache, of those that are large enough; or new space.
  mutating func take(_ size: Int) -> Int {
    var best: Int?
    for (index, range) in ranges.enumerated() where range.size >= size {
      if best == nil || range.freed > ranges[best!].freed { best = index }
    }
    if let best {
      let start = ranges[best].start
      if ranges[best].size == size {
        ranges.remove(at: best)
      } else {
        ranges[best] = (start + size, ranges[best].size - size, ranges[best].freed)
      }
      return start
    }
    // The last range, where it is free, is grown.
    if let last = ranges.last, last.start + last.size == extent {
      ranges.removeLast()
      extent = last.start + size
      return last.start
    }
    defer { extent += size }
    return extent
  }

  mutating func give(_ start: Int, _ size: Int) {
    let position = ranges.firstIndex { $0.start > start } ?? ranges.count
    gifts += 1
    ranges.insert((start, size, gifts), at: position)
    if position + 1 < ranges.count, ranges[position].start + ranges[position].size == ranges[position + 1].start {
      ranges[position].size += ranges[position + 1].size
      ranges.remove(at: position + 1)
    }
    if position > 0, ranges[position - 1].start + ranges[position - 1].size == ranges[position].start {
      ranges[position - 1].size += ranges[position].size
      ranges[position - 1].freed = gifts
      ranges.remove(at: position)
    }
  }
}
