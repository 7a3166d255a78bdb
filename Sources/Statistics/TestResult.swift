/// The outcome of a significance test.
public struct TestResult: Hashable, Sendable, Codable {
  /// The test by name, as "Welch's t-test".
  public var name: String
  /// The number of values (of pairs in a paired test, of both groups together otherwise).
  public var count: Int
  /// The test statistic: t, W+, or the number of positive signs.
  public var statistic: Double
  /// Degrees of freedom of the statistic; NaN where it has none.
  public var degreesOfFreedom: Double
  /// The probability of a statistic at least so extreme if there were no effect.
  public var pValue: Double
  /// The estimated effect: a difference of means (second - first), a Hodges-Lehmann shift, a proportion, a correlation.
  public var estimate: Double
  /// The interval of the estimate; NaN bounds where the test gives none.
  public var interval: Interval
  /// The standardised effect: Cohen's d or a correlation; NaN where it is not defined.
  public var effectSize: Double
}

/// What a test takes as evidence against "no effect".
public enum Alternative: String, Hashable, Sendable, Codable {
  /// A difference in either direction.
  case twoSided
  /// The second is less than the first, or the mean less than the reference.
  case less
  /// The second is greater than the first, or the mean greater than the reference.
  case greater
}
