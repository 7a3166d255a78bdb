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
    let width = (bounds.upperBound - bounds.lowerBound) / Double(binCount)
    edges = (0...binCount).map {
      $0 == binCount ? bounds.upperBound : bounds.lowerBound + Double($0) * width
    }
    counts = [Int](repeating: 0, count: binCount)
    outside = values.count - finite.count
    for value in finite {
      if bounds.contains(value) {
        counts[min(Int((value - bounds.lowerBound) / width), binCount - 1)] += 1
      } else {
        outside += 1
      }
    }
  }
}
