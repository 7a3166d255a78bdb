import Arrays
import Foundation

/// Each number rounded at random to one of the two powers of two around it: unbiased, ω = 1/8. Sign and exponent, 12 bits.
///
/// Source: Horváth, Ho, Horváth, Sahu, Canini, Richtárik, "Natural compression", MSML 2022.
public struct NaturalCompression: Compressor {
  public let name = "natural"
  public init() {}
  public func omega(dimension: Int) -> Double? { 0.125 }
  public func contraction(dimension: Int) -> Double? { nil }
  public func bits(dimension: Int) -> Double { Double(12 * dimension) }

  public func compress(
    dimension: Int, worker: Int, key: RandomKey, coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet {
    let words = RandomWords(key.split(worker))
    var values = try coordinates(nil)
    for index in values.indices {
      let x = values[index]
      if x == 0 || !x.isFinite { continue }
      let least = Double.leastNormalMagnitude
      // Below the least exponent there is only zero.
      let (low, high) = x.magnitude < least ? (0, least) : (x.binade.magnitude, 2 * x.binade.magnitude)
      let up = (x.magnitude - low) / (high - low)
      values[index] = Double(signOf: x, magnitudeOf: words.uniform(index) < up ? high : low)
    }
    return Packet(dimension: dimension, values: values, bits: 12 * dimension)
  }
}

/// |x| times signs times whole multiples of 1/s, rounded at random: unbiased, ω = min{d/s², √d/s}. A number for the length, a
/// sign and ⌈log₂(s + 1)⌉ bits a coordinate.
///
/// Source: Alistarh, Grubic, Li, Tomioka, Vojnovic, "QSGD", NIPS 2017, Lemma 3.1.
public struct Dithering: Compressor {
  /// s.
  public let levels: Int
  public var name: String { "dithering-\(levels)" }

  public init(levels: Int) {
    precondition(levels > 0, "Dithering has a level.")
    self.levels = levels
  }

  public func omega(dimension: Int) -> Double? {
    let (d, s) = (Double(dimension), Double(levels))
    return min(d / (s * s), d.squareRoot() / s)
  }

  private var levelBits: Int { Int.bitWidth - levels.leadingZeroBitCount }

  public func bits(dimension: Int) -> Double { Double(Packet.numberBits + dimension * (1 + levelBits)) }

  public func compress(
    dimension: Int, worker: Int, key: RandomKey, coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet {
    let words = RandomWords(key.split(worker))
    var values = try coordinates(nil)
    let norm = values.squaredNorm.squareRoot()
    if norm > 0 {
      let s = Double(levels)
      for index in values.indices {
        let place = min(values[index].magnitude / norm * s, s)
        let low = place.rounded(.down)
        let level = low + (words.uniform(index) < place - low ? 1 : 0)
        values[index] = Double(signOf: values[index], magnitudeOf: norm * level / s)
      }
    }
    return Packet(dimension: dimension, values: values, bits: Int(bits(dimension: dimension)))
  }
}
