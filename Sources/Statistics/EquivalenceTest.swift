/// How the values of two methods belong together.
public enum Design: String, Hashable, Sendable, Codable {
  /// The i-th values share seed and data: their differences are judged.
  case paired
  /// Two independent groups, whose variances may differ (Welch).
  case independent
}

/// Two one-sided tests (Schuirmann 1987) that two means differ by less than `margin` in either direction.
///
/// The p-value is the larger of the two, so p < α says "the same within the margin". The interval has level 1 - 2α:
/// it lies within ±margin exactly when p < α.
/// - Throws: `StatisticsError` as the t-tests do, and for a margin that is not positive.
public func equivalenceTest(
  _ first: [Double], _ second: [Double], margin: Double, design: Design = .paired,
  alpha: Double = 0.05
) throws -> TestResult {
  guard margin > 0 else { throw StatisticsError.notPositive(what: "An equivalence margin", value: margin) }
  var result =
    switch design {
    case .paired: try pairedTTest(first, second, level: 1 - 2 * alpha)
    case .independent: try welchTTest(first, second, level: 1 - 2 * alpha)
    }
  let distribution = StudentT(degreesOfFreedom: result.degreesOfFreedom)
  // The half-width of the interval is a quantile times the standard error.
  let error = (result.interval.high - result.interval.low) / (2 * distribution.upperQuantile(alpha))
  let aboveLower = distribution.upperTail((result.estimate + margin) / error)
  let belowUpper = distribution.upperTail((margin - result.estimate) / error)
  result.pValue = max(aboveLower, belowUpper)
  result.statistic = min(result.estimate + margin, margin - result.estimate) / error
  result.name = "two one-sided t-tests (\(design == .paired ? "paired" : "Welch"))"
  return result
}
