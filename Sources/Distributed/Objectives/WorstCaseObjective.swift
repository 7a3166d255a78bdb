import Arrays
import Foundation

/// The worst-case function with its oracle: the coordinate that would be new is shown with probability p, then times 1/p.
///
/// Unbiased, with variance at most γ_∞² (1 - p)/p. The function is not scaled: its L is 10³ to 10⁵, and a scaled chain needs
/// L Δ/ε above 10⁴.
public final class WorstCaseObjective: StochasticObjective {
  /// F, before it is scaled.
  public let function: WorstCaseFunction
  /// p.
  public let chance: Double
  public let name = "worst-case chain"

  public init(_ function: WorstCaseFunction, chance: Double = 1) {
    precondition(chance > 0 && chance <= 1, "A chance lies in (0, 1]; got \(chance).")
    self.function = function
    self.chance = chance
  }

  /// The chance that a variance allows: γ_∞²/(γ_∞² + σ²).
  public convenience init(_ function: WorstCaseFunction, variance: Double) {
    let square = function.largestSlope * function.largestSlope
    self.init(function, chance: square / (square + variance))
  }

  public var dimension: Int { function.length }
  public var start: [Double] { [Double](repeating: 0, count: dimension) }
  public var smoothness: Double { function.smoothness }
  public var gap: Double { function.gapPerCoordinate * Double(dimension) }
  public var variance: Double { function.largestSlope * function.largestSlope * (1 - chance) / chance }
  public func value(at x: [Double]) -> Double { function.value(at: x) }
  public func gradient(at x: [Double]) -> [Double] { function.gradient(at: x) }

  public func stochasticGradient(at x: [Double], batch: Int, key: RandomKey, positions: [Int32]?) -> [Double] {
    var gradient = function.gradient(at: x)
    let next = function.progress(x)
    if next < dimension, chance < 1 {
      let words = RandomWords(key)
      let shown = (0..<batch).count { words.uniform($0) < chance }
      gradient[next] *= Double(shown) / (Double(batch) * chance)
    }
    return gradient.at(positions)
  }
}
