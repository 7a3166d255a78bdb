import Foundation

/// Decisions that a quantity is lower or higher, and what all decisions share.
extension Claim {
  /// Which way a claim says that a quantity goes.
  public enum Direction: String, Hashable, Sendable, Codable { case lower, higher }

  /// Decides "the second values are lower (higher) than the first" by a two-sided t-test.
  ///
  /// Upheld when p < α and the estimate is on the claimed side, refuted when p < α and it is on the other, undecided
  /// otherwise, and also when the data allow no test: fewer than two values, or values that are not finite. Differences
  /// without spread have no t; they are tested by exact sign flips, with p = 2^(1-n) (`unspreadTail`).
  /// The estimate is mean(second) - mean(first), with its interval of level 1 - α.
  /// - Parameter design: `.paired` when the i-th values share a seed, `.independent` for Welch's test of two groups,
  ///   `.resampled` when they share the way in which the same rows are parted.
  public func decideDifference(
    _ direction: Direction, from first: [Double], to second: [Double], design: Design = .paired, alpha: Double = 0.05
  ) -> Decision {
    decide(direction, by: Summary(second).mean - Summary(first).mean, .init(design, first, second), alpha: alpha) {
      try design.tTest(first, second, level: 1 - alpha)
    }
  }

  /// Decides "the mean of the values is lower (higher) than a fixed number" by a two-sided one-sample t-test.
  ///
  /// The estimate is mean - reference; the rules are those of the comparison of two samples.
  public func decideDifference(
    _ direction: Direction, from reference: Double, to values: [Double], alpha: Double = 0.05
  ) -> Decision {
    decide(direction, by: Summary(values).mean - reference, .init(of: values), alpha: alpha) {
      try oneSampleTTest(values, reference: reference, level: 1 - alpha)
    }
  }

  private func decide(
    _ direction: Direction, by value: @autoclosure () -> Double, _ sample: Unspread, alpha: Double,
    _ test: () throws -> TestResult
  ) -> Decision {
    precondition(alpha > 0 && alpha < 1, "α lies between 0 and 1; got \(alpha).")
    do {
      let result = try test()
      return decision(direction, by: result, result.estimate < 0 ? .lower : .higher, alpha: alpha)
    } catch StatisticsError.noSpread {
      let value = value()
      return decision(
        value == 0 ? nil : (value < 0) == (direction == .lower), value, sample,
        pValue: value == 0 ? 1 : min(1, 2 * sample.tail), level: 1 - alpha, alpha: alpha)
    } catch {
      return undecided(count: sample.count, error)
    }
  }

  /// - Parameter found: on which side the result is.
  func decision(
    _ direction: Direction, by result: TestResult, _ found: Direction, alpha: Double
  ) -> Decision {
    guard result.pValue < alpha else {
      let reason = "No difference is told from chance: p = \(short(result.pValue)) is not below α = \(short(alpha))."
      return decision(.undecided, Evidence(result, reason: reason))
    }
    let reason = "Found \(found.rawValue): p = \(short(result.pValue)) is below α = \(short(alpha))."
    return decision(found == direction ? .upheld : .refuted, Evidence(result, reason: reason))
  }

  /// Undecided, because the values allow no test; not measured where there is none.
  public func undecided(count: Int, _ error: any Error) -> Decision {
    decision(
      count == 0 ? .notMeasured : .undecided,
      Evidence(test: Evidence.noTest, count: count, reason: "No test was possible. \(error)"))
  }

  func decision(_ verdict: Verdict, _ evidence: Evidence) -> Decision {
    Decision(claim: self, verdict: verdict, evidence: evidence)
  }

  /// Three significant digits, for sentences.
  func short(_ value: Double) -> String { String(format: "%.3g", value) }
}
