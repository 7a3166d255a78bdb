import Foundation

/// Whether a run bears a claim out.
public enum Verdict: String, Sendable, Codable, CaseIterable { case upheld, refuted, undecided }

/// A statement that a run can uphold, refute or leave undecided.
public struct Claim: Hashable, Sendable, Codable {
  /// Short name: "lower-loss".
  public var id: String
  public var statement: String
  /// Where it was made.
  public var source: String

  public init(id: String, statement: String, source: String) {
    self.id = id
    self.statement = statement
    self.source = source
  }
}

/// What a claim was decided by.
public struct Evidence: Hashable, Sendable, Codable {
  public var test: String
  public var count: Int
  public var estimate: Double
  public var interval: Interval
  public var pValue: Double
  public var effectSize: Double
  public var reason: String
}

/// A claim with its verdict and the evidence.
public struct Decision: Hashable, Sendable, Codable {
  public var claim: Claim
  public var verdict: Verdict
  public var evidence: Evidence
}

extension Claim {
  public enum Direction: String, Sendable { case lower, higher }

  /// Decides whether the second of two paired samples is lower (or higher) than the first.
  ///
  /// Upheld where the two-sided paired t-test rejects equality at `alpha` on the claimed side, refuted where it does on
  /// the other, else undecided.
  public func decideDifference(
    _ direction: Direction, from first: [Double], to second: [Double], alpha: Double = 0.05
  ) -> Decision {
    guard let test = TTest.paired(first, second, level: 1 - alpha) else {
      return undecidable(first.count, "paired t-test")
    }
    let claimed = direction == .lower ? test.estimate < 0 : test.estimate > 0
    let verdict: Verdict = test.pValue < alpha ? (claimed ? .upheld : .refuted) : .undecided
    let found = test.estimate < 0 ? "lower" : test.estimate > 0 ? "higher" : "equal"
    let reason =
      verdict == .undecided
      ? "\(found) on average, but no difference can be told from chance at alpha \(alpha)" : "\(found), p < \(alpha)"
    return decision(test, verdict, reason)
  }

  /// Decides whether the second of two paired samples equals the first within a margin, by two one-sided tests
  /// (Schuirmann 1987): upheld where the 1 - 2 alpha interval lies inside of the margin, refuted where it lies outside.
  public func decideEquivalence(
    within margin: Double, from first: [Double], to second: [Double], alpha: Double = 0.05
  ) -> Decision {
    guard var test = TTest.paired(first, second, level: 1 - 2 * alpha) else {
      return undecidable(first.count, "two one-sided t-tests")
    }
    test.name = "two one-sided t-tests, margin \(margin)"
    let interval = test.interval
    let inside = interval.low > -margin && interval.high < margin
    let outside = interval.low > margin || interval.high < -margin
    let error = test.statistic == 0 || test.statistic.isInfinite ? 0 : test.estimate / test.statistic
    let t = error > 0 ? (margin - abs(test.estimate)) / error : abs(test.estimate) < margin ? .infinity : -.infinity
    if error > 0 || t.isInfinite {
      test.pValue =
        t == .infinity
        ? 0 : t == -.infinity ? 1 : 1 - Distributions.studentT(t, degreesOfFreedom: test.degreesOfFreedom)
    }
    let place = inside ? "inside" : outside ? "outside" : "not wholly inside"
    return decision(
      test, inside ? .upheld : outside ? .refuted : .undecided, "the interval is \(place) of ±\(margin)")
  }

  private func decision(_ test: TTest, _ verdict: Verdict, _ reason: String) -> Decision {
    Decision(
      claim: self, verdict: verdict,
      evidence: Evidence(
        test: test.name, count: test.count, estimate: test.estimate, interval: test.interval, pValue: test.pValue,
        effectSize: test.effectSize, reason: reason))
  }

  private func undecidable(_ count: Int, _ test: String) -> Decision {
    Decision(
      claim: self, verdict: .undecided,
      evidence: Evidence(
        test: test, count: count, estimate: .nan, interval: Interval(low: .nan, high: .nan), pValue: .nan,
        effectSize: .nan, reason: "needs at least two pairs of finite values"))
  }
}
