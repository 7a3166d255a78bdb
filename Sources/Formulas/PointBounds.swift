import Arrays
import Parameters

/// The bounds of all numbers of a point, one after the other.
struct PointBounds {
  private let limits: [ClosedRange<Double>?]
  private let nearness: Double

  /// - Parameters:
  ///   - bounds: of a variable, by its name; nil where it has none.
  ///   - nearness: how near to a bound counts as at it, as a share of the bound, or of 1: a mean of points comes near to its bound and does
  ///     not reach it.
  init(of point: Tree<NDArray>, _ bounds: (String) -> ClosedRange<Double>?, nearness: Double) {
    self.nearness = nearness
    limits = zip(point.paths, point.leaves).flatMap { path, leaf in
      [ClosedRange<Double>?](repeating: bounds(path), count: leaf.count)
    }
  }

  /// Whether a number lies at a bound, but for rounding, beyond which the function would fall.
  func hold(_ place: Int, at value: Double, slope: Double) -> Bool {
    guard let limits = limits[place] else { return false }
    func isAt(_ bound: Double) -> Bool {
      bound.isFinite && abs(value - bound) <= 4 * bound.ulp + nearness * Swift.max(1, abs(bound))
    }
    return (slope > 0 && isAt(limits.lowerBound)) || (slope < 0 && isAt(limits.upperBound))
  }

  /// The nearest number within the bounds.
  func projected(_ value: Double, at place: Int) -> Double {
    limits[place].map { Swift.min(Swift.max(value, $0.lowerBound), $0.upperBound) } ?? value
  }
}
