import Arrays

/// The words of a key's stream at any place: a coordinate's noise does not depend on which others are asked for.
struct RandomWords {
  private let key: SIMD2<UInt32>

  init(_ key: RandomKey) {
    self.key = SIMD2(UInt32(truncatingIfNeeded: key.bits), UInt32(truncatingIfNeeded: key.bits >> 32))
  }

  /// The two 64-bit words of a block.
  @inline(__always)
  func block(_ index: Int) -> (UInt64, UInt64) {
    let w = Philox.words(
      counter: SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), 0, 0), key: key)
    return (UInt64(w.x) << 32 | UInt64(w.y), UInt64(w.z) << 32 | UInt64(w.w))
  }

  @inline(__always)
  func word(_ index: Int) -> UInt64 {
    let pair = block(index >> 1)
    return index & 1 == 0 ? pair.0 : pair.1
  }

  /// Uniform in [0, 1).
  @inline(__always)
  func uniform(_ index: Int) -> Double { Double(word(index) >> 11) * 0x1p-53 }

  /// Uniform in `0..<bound`.
  @inline(__always)
  func integer(_ index: Int, below bound: Int) -> Int { Int(word(index).multipliedFullWidth(by: UInt64(bound)).high) }

  /// A bell-shaped number of mean 0 and variance 1, exactly: the ones among 64 bits, centred and divided by 4. Some times
  /// cheaper than a normal number.
  @inline(__always)
  func bell(_ index: Int) -> Double { Double(word(index).nonzeroBitCount - 32) * 0.25 }
}
