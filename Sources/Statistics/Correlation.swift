import Foundation

/// Pearson's correlation of two lists, with Fisher's z interval and the t-test of no correlation.
///
/// - Throws: `StatisticsError` for lists of different lengths, fewer than four pairs, values that are not finite, or a
///   list that does not vary.
public func pearsonCorrelation(_ x: [Double], _ y: [Double], level: Double = 0.95) throws
  -> TestResult
{
  let what = "A correlation"
  try StatisticsError.requirePairs(what, x, y)
  guard x.count >= 4 else {
    throw StatisticsError.tooFewValues(what: what, needed: 4, found: x.count)
  }
  try StatisticsError.requireFinite(what, x + y)
  let (a, b) = (Summary(x), Summary(y))
  for (values, summary) in [(x, a), (y, b)] where summary.standardDeviation == 0 {
    throw StatisticsError.noSpread(what: what, count: values.count, value: values[0])
  }
  let n = Double(x.count)
  let covariance = zip(x, y).reduce(0) { $0 + ($1.0 - a.mean) * ($1.1 - b.mean) } / (n - 1)
  let r = max(-1, min(1, covariance / (a.standardDeviation * b.standardDeviation)))
  let half = NormalDistribution().upperQuantile((1 - level) / 2) / (n - 3).squareRoot()
  let t = r * ((n - 2) / ((1 - r) * (1 + r))).squareRoot()
  return TestResult(
    name: "Pearson correlation", count: x.count, statistic: t, degreesOfFreedom: n - 2,
    pValue: StudentT(degreesOfFreedom: n - 2).twoSidedTail(t), estimate: r,
    interval: Interval(low: tanh(atanh(r) - half), high: tanh(atanh(r) + half), level: level),
    effectSize: r)
}
