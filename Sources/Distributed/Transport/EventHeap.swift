/// Events by time, and those of one time in the order in which they were made.
struct EventHeap {
  struct Entry {
    var time: Double
    var ordinal: Int
    var node: Int32
    /// The place of a message; -1 for none.
    var slot: Int32
    var from: Int32
    var kind: Kind
  }

  enum Kind: UInt8 { case started, message, computed, sent }

  private var entries: [Entry] = []
  private var nextOrdinal = 0

  @inline(__always)
  private static func precedes(_ a: Entry, _ b: Entry) -> Bool {
    a.time != b.time ? a.time < b.time : a.ordinal < b.ordinal
  }

  mutating func push(_ time: Double, _ kind: Kind, node: Int, slot: Int = -1, from: Int = 0) {
    let entry = Entry(
      time: time, ordinal: nextOrdinal, node: Int32(node), slot: Int32(slot), from: Int32(from), kind: kind)
    nextOrdinal += 1
    entries.append(entry)
    entries.withUnsafeMutableBufferPointer { heap in
      var child = heap.count - 1
      while child > 0 {
        let parent = (child - 1) / 2
        if !EventHeap.precedes(entry, heap[parent]) { break }
        heap[child] = heap[parent]
        child = parent
      }
      heap[child] = entry
    }
  }

  mutating func pop() -> Entry? {
    guard let first = entries.first else { return nil }
    let last = entries.removeLast()
    guard !entries.isEmpty else { return first }
    entries.withUnsafeMutableBufferPointer { heap in
      var parent = 0
      while true {
        var child = 2 * parent + 1
        if child >= heap.count { break }
        if child + 1 < heap.count, EventHeap.precedes(heap[child + 1], heap[child]) { child += 1 }
        if !EventHeap.precedes(heap[child], last) { break }
        heap[parent] = heap[child]
        parent = child
      }
      heap[parent] = last
    }
    return first
  }
}
