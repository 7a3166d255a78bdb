import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A block of memory, aligned to cache lines, that arrays share until one of them writes.
public final class Storage: @unchecked Sendable {
  // Immutable once shared: every writer first makes sure that it is the only owner.
  /// Aligned to 64 bytes; valid as long as this object lives.
  public let pointer: UnsafeMutableRawPointer
  /// Bytes that were asked for.
  public let byteCount: Int
  /// What was allocated.
  private let block: UnsafeMutableRawPointer

  /// Uninitialised memory for `byteCount` bytes.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    // A cache line more than asked for, so that vector kernels may read past the end of the last element.
    let rounded = (max(byteCount, 1) + 63) / 64 * 64 + 64
    guard rounded > Self.small else {
      // Memory as it comes, and a place in it: an aligned block takes the allocator several times as long.
      block = .allocate(byteCount: rounded + 64, alignment: 16)
      pointer = block.alignedUp(toMultipleOf: 64)
      return
    }
    let isLarge = rounded >= Self.hugePage
    pointer = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: isLarge ? Self.hugePage : 64)
    block = pointer
    #if canImport(Glibc)
      // Large blocks in large pages (14 is MADV_HUGEPAGE): kernels that stream through them would else wait for address
      // translation.
      if isLarge { madvise(pointer, rounded / Self.hugePage * Self.hugePage, 14) }
    #endif
  }

  private static let (small, hugePage) = (1024, 1 << 21)

  deinit { block.deallocate() }

  /// The same bytes in memory of their own.
  public func copy() -> Storage {
    let result = Storage(byteCount: byteCount)
    result.pointer.copyMemory(from: pointer, byteCount: byteCount)
    return result
  }
}
