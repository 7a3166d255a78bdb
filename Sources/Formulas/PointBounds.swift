import Arrays
import Parameters

/// The bounds of all numbers of a point, one after the other.
struct PointBounds {
  private let limits: [ClosedRange<Double>?]

  /// - Parameter bounds: of a variable, by its name; nil where it has none.
  init(of point: Tree<NDArray>, _ bounds: (String) -> ClosedRange<Double>?) {
    limits = zip(point.paths, point.leaves).flatMap { path, leaf in
      [ClosedRange<Double>?](repeating: bounds(path), count: leaf.count)
    }
  }

  /// Whether a number lies at a bound beyond which the function would fall. A mean of points comes near to its bound and does not reach
  /// it: a billionth is as near as at it.
  func hold(_ place: Int, at value: Double, slope: Double) -> Bool {
    guard let limits = limits[place] else { return false }
    let near = 1e-9 * Swift.max(1, abs(value))
    return (value <= limits.lowerBound + near && slope > 0) || (value >= limits.upperBound - near && slope < 0)
  }

  /// The nearest number within the bounds.
  func projected(_ value: Double, at place: Int) -> Double {
    limits[place].map { Swift.min(Swift.max(value, $0.lowerBound), $0.upperBound) } ?? value
  }
}
