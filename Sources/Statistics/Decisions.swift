import Foundation

extension Claim {
  /// Which way a claim says that a quantity goes.
  public enum Direction: String, Hashable, Sendable, Codable { case lower, higher }

  /// Decides "the second values are lower (higher) than the first" by a two-sided t-test.
  ///
  /// Upheld when p < α and the estimate is on the claimed side, refuted when p < α and it is on the other, undecided
  /// otherwise, and also when the data allow no test: fewer than two values, or values that are not finite. Differences
  /// without spread need no test: their common value decides, and 0 is undecided.
  /// The estimate is mean(second) - mean(first), with its interval of level 1 - α.
  /// - Parameter design: `.paired` when the i-th values share a seed, `.independent` for Welch's test of two groups.
  public func decideDifference(
    _ direction: Direction, from first: [Double], to second: [Double], design: Design = .paired, alpha: Double = 0.05
  ) -> Decision {
    decide(direction, by: mean(second) - mean(first), count: second.count, alpha: alpha) {
      switch design {
      case .paired: try pairedTTest(first, second, level: 1 - alpha)
      case .independent: try welchTTest(first, second, level: 1 - alpha)
      }
    }
  }

  /// Decides "the mean of the values is lower (higher) than a fixed number" by a two-sided one-sample t-test.
  ///
  /// The estimate is mean - reference; the rules are those of the comparison of two samples.
  public func decideDifference(
    _ direction: Direction, from reference: Double, to values: [Double], alpha: Double = 0.05
  ) -> Decision {
    decide(direction, by: mean(values) - reference, count: values.count, alpha: alpha) {
      try oneSampleTTest(values, reference: reference, level: 1 - alpha)
    }
  }

  /// Decides "both samples have the same mean within ±margin" by two one-sided tests (Schuirmann 1987).
  ///
  /// Upheld when the larger p < α, so that the interval of level 1 - 2α lies within the margin; refuted when that
  /// interval lies wholly outside it, and the p-value is then that of a difference beyond the margin; undecided otherwise.
  /// Differences without spread need no test: their common value decides.
  public func decideEquivalence(
    within margin: Double, from first: [Double], to second: [Double], design: Design = .paired, alpha: Double = 0.05
  ) -> Decision {
    precondition(alpha > 0 && alpha < 0.5, "α lies between 0 and 0.5; got \(alpha).")
    do {
      let result = try equivalenceTest(first, second, margin: margin, design: design, alpha: alpha)
      let (place, verdict) = place(of: result.interval, from: -margin, to: margin)
      var evidence = Evidence(result, reason: "\(place) ±\(short(margin)).")
      // The larger of both p-values belongs to the nearer end of the margin: its complement tests "beyond this end".
      if verdict == .refuted { evidence.pValue = 1 - result.pValue }
      return decision(verdict, evidence)
    } catch StatisticsError.noSpread {
      let value = mean(second) - mean(first)
      return decision(
        abs(value) < margin ? .upheld : .refuted,
        withoutSpread(value, count: second.count, level: 1 - 2 * alpha, reason: "the margin is ±\(short(margin))"))
    } catch {
      return undecided(count: second.count, error)
    }
  }

  /// Decides "the quantity is `expected`, within ±tolerance" from an estimate that brings its interval, as the fitted
  /// exponent of a power law: upheld when the interval lies within the tolerance, refuted when it lies wholly outside,
  /// undecided otherwise.
  ///
  /// - Parameter interval: of level 1 - 2α, so that "upheld" has level α (an equivalence test).
  public func decideValue(
    _ expected: Double, within tolerance: Double, estimate: Double, interval: Interval, count: Int, test: String
  ) -> Decision {
    precondition(tolerance > 0, "A tolerance is positive; got \(tolerance).")
    var evidence = Evidence(test: test, count: count, estimate: estimate, interval: interval, reason: "")
    guard estimate.isFinite, !interval.low.isNaN, !interval.high.isNaN else {
      evidence.reason = "The estimate is no finite number with an interval."
      return decision(.undecided, evidence)
    }
    let (place, verdict) = place(of: interval, from: expected - tolerance, to: expected + tolerance)
    evidence.reason = "\(place) \(short(expected)) ± \(short(tolerance))."
    return decision(verdict, evidence)
  }

  private func decide(
    _ direction: Direction, by value: @autoclosure () -> Double, count: Int, alpha: Double,
    _ test: () throws -> TestResult
  ) -> Decision {
    precondition(alpha > 0 && alpha < 1, "α lies between 0 and 1; got \(alpha).")
    do {
      let result = try test()
      guard result.pValue < alpha else {
        let reason = "No difference is told from chance: p = \(short(result.pValue)) is not below α = \(short(alpha))."
        return decision(.undecided, Evidence(result, reason: reason))
      }
      let found: Direction = result.estimate < 0 ? .lower : .higher
      let reason = "Found \(found.rawValue): p = \(short(result.pValue)) is below α = \(short(alpha))."
      return decision(found == direction ? .upheld : .refuted, Evidence(result, reason: reason))
    } catch StatisticsError.noSpread {
      let value = value()
      let verdict: Verdict = value == 0 ? .undecided : (value < 0) == (direction == .lower) ? .upheld : .refuted
      return decision(
        verdict, withoutSpread(value, count: count, level: 1 - alpha, reason: "the claim is \"\(direction.rawValue)\""))
    } catch {
      return undecided(count: count, error)
    }
  }

  /// Evidence of differences that are all the same.
  private func withoutSpread(_ value: Double, count: Int, level: Double, reason: String) -> Evidence {
    Evidence(
      test: "none: no spread", count: count, estimate: value,
      interval: Interval(low: value, high: value, level: level),
      reason: "All differences are \(short(value)), and \(reason): the value decides without a test.")
  }

  private func place(of interval: Interval, from low: Double, to high: Double) -> (String, Verdict) {
    let range = "The interval [\(short(interval.low)), \(short(interval.high))]"
    if interval.low > low, interval.high < high { return ("\(range) lies within", .upheld) }
    if interval.low > high || interval.high < low { return ("\(range) lies outside", .refuted) }
    return ("\(range) reaches across an end of", .undecided)
  }

  /// Undecided, because the values allow no test.
  public func undecided(count: Int, _ error: any Error) -> Decision {
    decision(.undecided, Evidence(test: "none", count: count, reason: "No test was possible. \(error)"))
  }

  private func decision(_ verdict: Verdict, _ evidence: Evidence) -> Decision {
    Decision(claim: self, verdict: verdict, evidence: evidence)
  }
}

private func mean(_ values: [Double]) -> Double { Summary(values).mean }

/// Three significant digits, for sentences.
private func short(_ value: Double) -> String { String(format: "%.3g", value) }
