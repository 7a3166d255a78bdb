import Foundation

/// Points that fill a cube evenly: Halton's sequence (1960), moved as a whole by a random shift (Cranley and Patterson
/// 1976).
///
/// A dimension's points depend on its number and the key alone: what is called alike in two arms of a comparison is tried
/// at the same places, so that luck in the choice of trials is shared.
package struct TrialSequence {
  private static let primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53]
  /// Ranges of one comparison beyond which the points are no longer even.
  package static let mostDimensions = primes.count

  let key: RandomKey

  package init(key: RandomKey) { self.key = key }

  /// A coordinate of the point of that number, in 0..<1.
  package func place(_ index: Int, dimension: Int) -> Double {
    let shift = key.split(dimension).uniform(count: 1)[0]
    let sum = Self.radicalInverse(index + 1, base: Self.primes[dimension]) + shift
    return sum < 1 ? sum : sum - 1
  }

  /// The digits of a number in a base, mirrored at the point.
  package static func radicalInverse(_ index: Int, base: Int) -> Double {
    var (rest, unit, result) = (index, 1 / Double(base), 0.0)
    while rest > 0 {
      result += Double(rest % base) * unit
      rest /= base
      unit /= Double(base)
    }
    return result
  }
}
