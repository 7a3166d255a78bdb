/// How the values of two methods belong together.
public enum Design: Hashable, Sendable, Codable {
  /// The i-th values share seed and data: their differences are judged.
  case paired
  /// Two independent groups, whose variances may differ (Welch).
  case independent
  /// The i-th values are of the i-th way to part the same rows, so that pairs are not independent of one another (Nadeau and Bengio).
  ///
  /// - `testRatio`: rows for the test per row that is not, as 0.25 where a fifth is for the test.
  case resampled(testRatio: Double)

  /// Whether the i-th values belong together.
  var isPaired: Bool { self != .independent }

  /// The t-test of two lists.
  func tTest(_ first: [Double], _ second: [Double], level: Double) throws -> TestResult {
    switch self {
    case .paired: try pairedTTest(first, second, level: level)
    case .independent: try welchTTest(first, second, level: level)
    case .resampled(let ratio): try resampledTTest(first, second, testRatio: ratio, level: level)
    }
  }

  fileprivate var adjective: String {
    switch self {
    case .paired: "paired"
    case .independent: "Welch"
    case .resampled: "corrected resampled"
    }
  }
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
  var result = try design.tTest(first, second, level: 1 - 2 * alpha)
  let test = MarginTest(result, margin: margin, alpha: alpha)
  result.pValue = test.within
  result.statistic = (margin - abs(result.estimate)) / test.error
  result.name = "two one-sided t-tests (\(design.adjective))"
  return result
}

/// What t-tests say of a mean and the margin around 0: that it lies within, and that it lies beyond.
struct MarginTest {
  /// Of the mean.
  let error: Double
  /// p of "within": the larger one of two one-sided tests, which belongs to the nearer end.
  let within: Double
  /// p of "beyond, on either side": how often means at the nearer end come so far from 0. It is the two-sided test's where the margin is 0 and
  /// the one-sided test's about the end where it is wide; tails are taken as such, as the complement of a p-value near 1 has lost its digits.
  let beyond: Double

  /// - Parameter result: of a t-test whose interval has the level 1 - 2α.
  init(_ result: TestResult, margin: Double, alpha: Double) {
    let distribution = StudentT(degreesOfFreedom: result.degreesOfFreedom)
    // The half-width of the interval is a quantile times the standard error.
    error = (result.interval.high - result.interval.low) / (2 * distribution.upperQuantile(alpha))
    let size = abs(result.estimate)
    within = distribution.upperTail((margin - size) / error)
    beyond = min(
      1, distribution.upperTail((size - margin) / error) + distribution.upperTail((size + margin) / error))
  }
}
