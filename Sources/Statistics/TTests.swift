/// Student's t-test of one sample against a reference mean; the estimate is mean - reference, d is estimate / s.
///
/// - Throws: `StatisticsError` for fewer than two values, values that are not finite, or no spread.
public func oneSampleTTest(
  _ values: [Double], reference: Double = 0, alternative: Alternative = .twoSided,
  level: Double = 0.95
) throws -> TestResult {
  try tTestOfMean(
    values.map { $0 - reference }, name: "one-sample t-test", alternative: alternative, level: level
  )
}

/// Student's t-test of paired values, as two methods run with the same seeds; the estimate is the mean of
/// second - first, and d is that mean over the standard deviation of the differences (Cohen's d_z).
///
/// - Throws: `StatisticsError` for lists of different lengths, fewer than two pairs, values that are not finite,
///   or differences that are all the same.
public func pairedTTest(
  _ first: [Double], _ second: [Double], alternative: Alternative = .twoSided, level: Double = 0.95
) throws -> TestResult {
  try StatisticsError.requirePairs("The paired t-test", first, second)
  return try tTestOfMean(
    zip(first, second).map { $1 - $0 }, name: "paired t-test", alternative: alternative,
    level: level)
}

/// The corrected resampled t-test of Nadeau and Bengio (2003, Inference for the Generalization Error, Machine Learning 52):
/// values of two methods on several ways to part the same rows into those that are learned from and those for the test.
///
/// Ways to part the same rows share rows, so that their differences are not independent, and a plain paired t-test finds too much. The
/// variance of the mean is (1/J + r) s² in place of s²/J, with J ways and r test rows for each other row, those included on which settings are
/// chosen; J - 1 degrees of freedom. The folds of a cross-validation are tested so, too (Bouckaert and Frank 2004).
///
/// The estimate is the mean of second - first, and d is that mean over the standard deviation of the differences.
/// ```swift
/// // Five folds: four fifths are learned from.
/// let result = try resampledTTest(sgd, adam, testRatio: 0.2 / 0.8)
/// ```
/// - Throws: `StatisticsError` as `pairedTTest` does, and for a ratio that is not positive.
public func resampledTTest(
  _ first: [Double], _ second: [Double], testRatio: Double, level: Double = 0.95
) throws -> TestResult {
  guard testRatio > 0 else { throw StatisticsError.notPositive(what: "The ratio of test rows", value: testRatio) }
  try StatisticsError.requirePairs("The corrected resampled t-test", first, second)
  return try tTestOfMean(
    zip(first, second).map { $1 - $0 }, name: "corrected resampled t-test", testRatio: testRatio,
    alternative: .twoSided, level: level)
}

/// Welch's t-test of two independent groups whose variances may differ; the estimate is mean(second) - mean(first),
/// the degrees of freedom are Welch and Satterthwaite's, and d divides by the root of the mean variance.
///
/// - Throws: `StatisticsError` for groups of fewer than two values, values that are not finite, or no spread.
public func welchTTest(
  _ first: [Double], _ second: [Double], alternative: Alternative = .twoSided, level: Double = 0.95
) throws -> TestResult {
  let (a, b) = try summaries(first, second, name: "Welch's t-test")
  let (u, v) = (a.variance / Double(a.count), b.variance / Double(b.count))
  let freedom = (u + v) * (u + v) / (u * u / Double(a.count - 1) + v * v / Double(b.count - 1))
  return tTest(
    name: "Welch's t-test", count: a.count + b.count, estimate: b.mean - a.mean,
    standardError: (u + v).squareRoot(), deviation: ((a.variance + b.variance) / 2).squareRoot(),
    degreesOfFreedom: freedom, alternative: alternative, level: level)
}

/// Student's t-test of two independent groups of one common variance; the estimate is mean(second) - mean(first), d divides by the pooled standard deviation.
///
/// - Throws: `StatisticsError` for groups of fewer than two values, values that are not finite, or no spread.
public func pooledTTest(
  _ first: [Double], _ second: [Double], alternative: Alternative = .twoSided, level: Double = 0.95
) throws -> TestResult {
  let (a, b) = try summaries(first, second, name: "pooled t-test")
  let (n, m) = (Double(a.count), Double(b.count))
  let pooled = (((n - 1) * a.variance + (m - 1) * b.variance) / (n + m - 2)).squareRoot()
  return tTest(
    name: "pooled t-test", count: a.count + b.count, estimate: b.mean - a.mean,
    standardError: pooled * (1 / n + 1 / m).squareRoot(), deviation: pooled,
    degreesOfFreedom: n + m - 2, alternative: alternative, level: level)
}

private func tTestOfMean(
  _ values: [Double], name: String, testRatio: Double = 0, alternative: Alternative, level: Double
) throws -> TestResult {
  let what = "The \(name)"
  guard values.count >= 2 else {
    throw StatisticsError.tooFewValues(what: what, needed: 2, found: values.count)
  }
  try StatisticsError.requireFinite(what, values)
  let summary = Summary(values)
  guard hasSpread(summary) else {
    throw StatisticsError.noSpread(what: what, count: values.count, value: values[0])
  }
  return tTest(
    name: name, count: values.count, estimate: summary.mean,
    standardError: testRatio == 0
      ? summary.standardError
      : summary.standardDeviation * (1 / Double(values.count) + testRatio).squareRoot(),
    deviation: summary.standardDeviation, degreesOfFreedom: Double(values.count - 1),
    alternative: alternative,
    level: level)
}

private func summaries(_ first: [Double], _ second: [Double], name: String) throws -> (
  Summary, Summary
) {
  let what = name.hasPrefix("Welch") ? name : "The \(name)"
  for group in [first, second] where group.count < 2 {
    throw StatisticsError.tooFewValues(what: "Each group of \(name)", needed: 2, found: group.count)
  }
  try StatisticsError.requireFinite(what, first + second)
  let (a, b) = (Summary(first), Summary(second))
  guard hasSpread(a) || hasSpread(b) else {
    throw StatisticsError.noSpread(
      what: "Each group of \(name)", count: first.count, value: first[0])
  }
  return (a, b)
}

/// Differences that are equal but for rounding count as equal: a t of 1e15 would be an artefact.
private func hasSpread(_ summary: Summary) -> Bool {
  summary.standardDeviation > 8 * Double.ulpOfOne * max(abs(summary.minimum), abs(summary.maximum))
}

private func tTest(
  name: String, count: Int, estimate: Double, standardError: Double, deviation: Double,
  degreesOfFreedom: Double,
  alternative: Alternative, level: Double
) -> TestResult {
  let distribution = StudentT(degreesOfFreedom: degreesOfFreedom)
  let t = estimate / standardError
  let tail = alternative == .twoSided ? (1 - level) / 2 : 1 - level
  let half = distribution.upperQuantile(tail) * standardError
  let pValue =
    switch alternative {
    case .twoSided: distribution.twoSidedTail(t)
    case .less: distribution.cdf(t)
    case .greater: distribution.upperTail(t)
    }
  return TestResult(
    name: name, count: count, statistic: t, degreesOfFreedom: degreesOfFreedom, pValue: pValue,
    estimate: estimate,
    interval: Interval(
      low: alternative == .less ? -.infinity : estimate - half,
      high: alternative == .greater ? .infinity : estimate + half, level: level),
    effectSize: estimate / deviation)
}

/// A t-test's outcome.
public typealias TTest = TestResult

extension TTest {
  /// `pairedTTest`, or nil where the data do not allow it.
  public static func paired(_ first: [Double], _ second: [Double], level: Double = 0.95) -> TTest? {
    try? pairedTTest(first, second, level: level)
  }

  /// `welchTTest`, or nil where the data do not allow it.
  public static func welch(_ first: [Double], _ second: [Double], level: Double = 0.95) -> TTest? {
    try? welchTTest(first, second, level: level)
  }
}
