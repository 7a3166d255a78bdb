import Arrays

/// Keys and values of the positions so far, of all blocks; grows as positions come.
struct KeyValueCache {
  /// Numbers of keys, and of values, in one position of one block.
  let width: Int
  private(set) var capacity = 0
  private var keys: [NDArray]
  private var values: [NDArray]

  init(layers: Int, width: Int) {
    self.width = width
    keys = Array(repeating: .zeros([0]), count: layers)
    values = keys
  }

  /// Makes room for so many positions; those below `count` are kept.
  mutating func reserve(_ positions: Int, keeping count: Int) {
    guard positions > capacity else { return }
    let room = max(positions, 2 * capacity, 64)
    for layer in keys.indices {
      keys[layer] = grown(keys[layer], to: room, keeping: count)
      values[layer] = grown(values[layer], to: room, keeping: count)
    }
    capacity = room
  }

  private func grown(_ array: NDArray, to room: Int, keeping count: Int) -> NDArray {
    let result = NDArray(uninitialized: [room, width], .float32)
    result.storage.pointer.copyMemory(from: array.storage.pointer, byteCount: 4 * count * width)
    return result
  }

  /// Where the keys of a block's positions begin.
  func keys(_ layer: Int) -> UnsafeMutablePointer<Float> {
    keys[layer].storage.pointer.assumingMemoryBound(to: Float.self)
  }

  func values(_ layer: Int) -> UnsafeMutablePointer<Float> {
    values[layer].storage.pointer.assumingMemoryBound(to: Float.self)
  }
}
