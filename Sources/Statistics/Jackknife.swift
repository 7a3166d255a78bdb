/// Tukey's pseudo-values of a statistic of `count` independent units: n T - (n - 1) T without unit i.
///
/// Their mean is the estimate less its bias of order 1/n, and a t-test of them is one of the statistic: so any smooth
/// statistic - a ratio, an exponent fitted to means - brings an interval over the units. For a mean they are the values.
///
/// - Parameter statistic: called with the units that are in, as numbers in 0..<count.
/// - Throws: `StatisticsError` for fewer than two units or a statistic that is not finite; what the statistic throws.
public func jackknifePseudovalues(count: Int, statistic: ([Int]) throws -> Double) throws -> [Double] {
  guard count >= 2 else { throw StatisticsError.tooFewValues(what: "The jackknife", needed: 2, found: count) }
  let all = Array(0..<count)
  let whole = try statistic(all)
  let n = Double(count)
  let values = try all.map { left in try n * whole - (n - 1) * statistic(all.filter { $0 != left }) }
  try StatisticsError.requireFinite("The jackknife", values)
  return values
}
