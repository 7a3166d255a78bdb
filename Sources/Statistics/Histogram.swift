/// Counts of values in bins of equal width.
public struct Histogram: Hashable, Sendable, Codable {
  /// The bin edges, one more than there are bins, ascending.
  public var edges: [Double]
  /// How many values lie in each bin; a bin holds its lower edge, the last one its upper edge too.
  public var counts: [Int]
  /// How many values are outside the range, or not finite.
  public var outside: Int

  /// Counts the values in `binCount` bins over `range`, by default from the smallest to the largest finite value.
  public init(_ values: [Double], binCount: Int, range: ClosedRange<Double>? = nil) {
    precondition(binCount > 0, "A histogram needs at least one bin.")
    let finite = values.filter(\.isFinite)
    var bounds = range ?? (finite.min() ?? 0)...(finite.max() ?? 1)
    if bounds.lowerBound == bounds.upperBound {
      bounds = (bounds.lowerBound - 0.5)...(bounds.upperBound + 0.5)
    }
    let n = Double(binCount)
    let span = bounds.upperBound - bounds.lowerBound
    // Ends of opposite signs may lie further apart than any number tells.
    let width = span.isFinite ? span / n : bounds.upperBound / n - bounds.lowerBound / n
    edges = (0...binCount).map {
      let low = bounds.lowerBound + Double($0) * width
      return $0 == binCount
        ? bounds.upperBound
        : low.isFinite ? low : bounds.lowerBound * (1 - Double($0) / n) + bounds.upperBound * (Double($0) / n)
    }
    counts = [Int](repeating: 0, count: binCount)
    outside = values.count - finite.count
    for value in finite {
      if bounds.contains(value) {
        let place = span.isFinite ? (value - bounds.lowerBound) / width : value / width - bounds.lowerBound / width
        // Of the least span that there is, a part is 0.
        counts[width > 0 ? min(Int(place), binCount - 1) : 0] += 1
      } else {
        outside += 1
      }
    }
  }
}
