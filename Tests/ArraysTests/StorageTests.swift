import Arrays
import Testing

@Suite struct StorageTests {
  /// Vector kernels read from whole lines, and a line past the last element, on both sides of each kind of block.
  @Test(arguments: [0, 1, 63, 64, 65, 896, 897, 960, 961, 5000, 1 << 21]) func blocksAreLines(_ byteCount: Int) {
    let blocks = (0..<20).map { _ in Storage(byteCount: byteCount) }
    for (index, block) in blocks.enumerated() {
      #expect(block.byteCount == byteCount && Int(bitPattern: block.pointer) % 64 == 0)
      block.pointer.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: byteCount + 64)
    }
    for (index, block) in blocks.enumerated() {
      let bytes = UnsafeRawBufferPointer(start: block.pointer, count: byteCount + 64)
      #expect(bytes.allSatisfy { $0 == UInt8(index) })
      #expect(block.copy().pointer != block.pointer)
    }
  }
}
