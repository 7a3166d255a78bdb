import Foundation

extension Claim {
  /// Which way a claim says that a quantity goes.
  public enum Direction: String, Hashable, Sendable, Codable { case lower, higher }

  /// Decides "the second values are lower (higher) than the first" by a two-sided t-test.
  ///
  /// Upheld when p < α and the estimate is on the claimed side, refuted when p < α and it is on the other, undecided
  /// otherwise, and also when the data allow no test: fewer than two values, no spread, or values that are not finite.
  /// The estimate is mean(second) - mean(first), with its interval of level 1 - α.
  /// - Parameter design: `.paired` when the i-th values share a seed, `.independent` for Welch's test of two groups.
  public func decideDifference(
    _ direction: Direction, from first: [Double], to second: [Double], design: Design = .paired, alpha: Double = 0.05
  ) -> Decision {
    decide(direction, count: second.count, alpha: alpha) {
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
    decide(direction, count: values.count, alpha: alpha) {
      try oneSampleTTest(values, reference: reference, level: 1 - alpha)
    }
  }

  /// Decides "both samples have the same mean within ±margin" by two one-sided tests (Schuirmann 1987).
  ///
  /// Upheld when the larger p < α, so that the interval of level 1 - 2α lies within the margin; refuted when that
  /// interval lies wholly outside it; undecided otherwise.
  public func decideEquivalence(
    within margin: Double, from first: [Double], to second: [Double], design: Design = .paired, alpha: Double = 0.05
  ) -> Decision {
    precondition(alpha > 0 && alpha < 0.5, "α lies between 0 and 0.5; got \(alpha).")
    do {
      let result = try equivalenceTest(first, second, margin: margin, design: design, alpha: alpha)
      let (place, verdict) = place(of: result.interval, from: -margin, to: margin)
      return decision(verdict, Evidence(result, reason: "\(place) ±\(short(margin))."))
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
    _ direction: Direction, count: Int, alpha: Double, _ test: () throws -> TestResult
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
    } catch {
      return undecided(count: count, error)
    }
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

/// Three significant digits, for sentences.
private func short(_ value: Double) -> String { String(format: "%.3g", value) }
