import Foundation

/// A key of a counter-based random stream: a value, split by name, never consumed.
///
/// The same key always gives the same numbers, whatever the number of threads, seeds or workers; two different uses
/// take two different children. There is no global generator.
public struct RandomKey: Hashable, Sendable {
  /// All that it is; equal bits, equal numbers.
  public let bits: UInt64

  public init(bits: UInt64) { self.bits = bits }

  /// The root key of a run.
  public init(seed: Int) { self = RandomKey(bits: 0x6465_7363_656E_7400).child(UInt64(bitPattern: Int64(seed))) }

  private var words: SIMD2<UInt32> { SIMD2(UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)) }

  private func child(_ label: UInt64) -> RandomKey {
    let counter = SIMD4(UInt32(truncatingIfNeeded: label), UInt32(truncatingIfNeeded: label >> 32), 0x6B65_7973, 0)
    let word = Philox.words(counter: counter, key: words)
    return RandomKey(bits: UInt64(word.x) | UInt64(word.y) << 32)
  }

  /// The child key of that name.
  public func split(_ name: String) -> RandomKey { child(FNV.hash(name)) }

  /// The child key of that number.
  public func split(_ index: Int) -> RandomKey { child(Self.number).child(UInt64(bitPattern: Int64(index))) }

  private static let number = FNV.hash("number")

  /// The key as the two int32 words that `Tensor.random` takes.
  public var array: NDArray { NDArray([Int32(bitPattern: words.x), Int32(bitPattern: words.y)]) }

  /// The word at a position of this key's stream.
  func block(_ index: UInt64) -> SIMD4<UInt32> {
    Philox.words(
      counter: SIMD4(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), 0, 0), key: words)
  }
}

extension RandomKey {
  /// `count` numbers, uniform in [0, 1).
  public func uniform(count: Int) -> [Double] {
    // The bytes of more would overflow, and the buffer be too small.
    precondition(count >= 0 && count <= 1 << 44, "no memory holds \(count) numbers")
    // All empty arrays are one, in which nothing shall be written.
    guard count > 0 else { return [] }
    return [Double](unsafeUninitializedCapacity: count) { values, filled in
      for index in stride(from: 0, to: count, by: 2) {
        let w = block(UInt64(index / 2))
        values.initializeElement(at: index, to: Double((UInt64(w.x) << 32 | UInt64(w.y)) >> 11) * 0x1p-53)
        guard index + 1 < count else { break }
        values.initializeElement(at: index + 1, to: Double((UInt64(w.z) << 32 | UInt64(w.w)) >> 11) * 0x1p-53)
      }
      filled = count
    }
  }

  /// `count` standard normal numbers (Box-Muller).
  public func normal(count: Int) -> [Double] {
    var u = uniform(count: (count + 1) / 2 * 2)
    for index in stride(from: 0, to: u.count, by: 2) {
      let (radius, angle) = ((-2 * log(1 - u[index])).squareRoot(), 2 * .pi * u[index + 1])
      (u[index], u[index + 1]) = (radius * cos(angle), radius * sin(angle))
    }
    if u.count > count { u.removeLast() }
    return u
  }

  /// An array of numbers uniform in [low, high).
  public func uniform(_ shape: Shape, from low: Double = 0, to high: Double = 1, _ type: ElementType = .float32)
    -> NDArray
  {
    NDArray(uniform(count: shape.count).map { low + (high - low) * $0 }, shape: shape).converted(to: type)
  }

  /// An array of normal numbers.
  public func normal(
    _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, _ type: ElementType = .float32
  ) -> NDArray {
    NDArray(normal(count: shape.count).map { mean + standardDeviation * $0 }, shape: shape).converted(to: type)
  }

  /// `count` whole numbers, uniform in `0..<bound`.
  public func integers(count: Int, below bound: Int) -> [Int] {
    // 64 random bits against a bound far below 2^32: the bias of the product method is under 2^-32.
    (0..<count).map { index in
      let w = block(UInt64(index))
      return Int((UInt64(w.x) << 32 | UInt64(w.y)).multipliedFullWidth(by: UInt64(bound)).high)
    }
  }

  /// A random order of `0..<count` (Fisher-Yates).
  public func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      let w = block(UInt64(last))
      let pick = Int((UInt64(w.x) << 32 | UInt64(w.y)).multipliedFullWidth(by: UInt64(last + 1)).high)
      order.swapAt(last, pick)
    }
    return order
  }
}
