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

  /// Decides "the mean of the values is `expected`, within ±margin" by two one-sided t-tests; the rules are those of
  /// `decideEquivalence`, and the estimate is the mean itself.
  ///
  /// - Throws: `StatisticsError` for fewer than two values, or some that are not finite.
  public func decideValue(
    _ expected: Double, within margin: Double, of values: [Double], alpha: Double = 0.05
  ) throws -> Decision {
    precondition(margin > 0, "A margin is positive; got \(margin).")
    let level = 1 - 2 * alpha
    do {
      let above = try oneSampleTTest(values, reference: expected - margin, alternative: .greater, level: level)
      let below = try oneSampleTTest(values, reference: expected + margin, alternative: .less, level: level)
      let summary = Summary(values)
      let (place, verdict) = place(
        of: summary.interval(level: level), from: expected - margin, to: expected + margin)
      var evidence = Evidence(above, reason: "\(place) \(short(expected)) ± \(short(margin)).")
      (evidence.test, evidence.estimate) = ("two one-sided t-tests", summary.mean)
      evidence.interval = summary.interval(level: level)
      evidence.effectSize = (summary.mean - expected) / summary.standardDeviation
      let p = max(above.pValue, below.pValue)
      evidence.pValue = verdict == .refuted ? 1 - p : p
      return decision(verdict, evidence)
    } catch StatisticsError.noSpread {
      let value = mean(values)
      return decision(
        abs(value - expected) < margin ? .upheld : .refuted,
        withoutSpread(
          value, count: values.count, level: level, reason: "the claim is \(short(expected)) ± \(short(margin))"))
    }
  }

  /// Decides "it happens in more (fewer) than that share of cases" by an exact binomial test in either direction; the
  /// interval is Clopper and Pearson's of level 1 - 2α.
  ///
  /// - Throws: `StatisticsError` where there is no case.
  public func decideShare(
    _ direction: Direction, than share: Double, successes: Int, trials: Int, alpha: Double = 0.05
  ) throws -> Decision {
    let (atMost, atLeast) = try binomialTails(successes, trials, share, share)
    let found: Verdict = direction == .higher ? .upheld : .refuted
    let verdict: Verdict =
      atLeast < alpha ? found : atMost < alpha ? (found == .upheld ? .refuted : .upheld) : .undecided
    return decision(
      verdict,
      shareEvidence(
        successes, trials, alpha, p: min(atMost, atLeast), "exact binomial test against \(short(share))"))
  }

  /// Decides "it happens in that share of cases, within ±margin" by two exact one-sided binomial tests.
  ///
  /// - Throws: `StatisticsError` where there is no case.
  public func decideShare(
    _ share: Double, within margin: Double, successes: Int, trials: Int, alpha: Double = 0.05
  ) throws -> Decision {
    let (low, high) = (max(0, share - margin), min(1, share + margin))
    let (isNotAbove, isNotBelow) = try binomialTails(successes, trials, high, low)
    // "Not above the high end", and "not below the low end"; an end beyond 0 or 1 needs no test.
    let p = max(share + margin >= 1 ? 0 : isNotAbove, share - margin <= 0 ? 0 : isNotBelow)
    let (isBelow, isAbove) = (
      binomialCDF(successes, trials: trials, probability: low),
      binomialCDF(trials - successes, trials: trials, probability: 1 - high)
    )
    let outside = min(share - margin <= 0 ? 1 : isBelow, share + margin >= 1 ? 1 : isAbove)
    let verdict: Verdict = p < alpha ? .upheld : outside < alpha ? .refuted : .undecided
    return decision(
      verdict,
      shareEvidence(
        successes, trials, alpha, p: verdict == .refuted ? outside : p,
        "two exact binomial tests, \(short(share)) ± \(short(margin))"))
  }

  /// P(X <= successes) at one probability, P(X >= successes) at another.
  private func binomialTails(
    _ successes: Int, _ trials: Int, _ atMost: Double, _ atLeast: Double
  ) throws -> (atMost: Double, atLeast: Double) {
    guard trials > 0 else { throw StatisticsError.tooFewValues(what: "A share", needed: 1, found: 0) }
    return (
      binomialCDF(successes, trials: trials, probability: atMost),
      binomialCDF(trials - successes, trials: trials, probability: 1 - atLeast)
    )
  }

  private func shareEvidence(
    _ successes: Int, _ trials: Int, _ alpha: Double, p: Double, _ test: String
  ) -> Evidence {
    Evidence(
      test: test, count: trials, estimate: Double(successes) / Double(trials),
      interval: proportionInterval(
        successes: successes, trials: trials, level: 1 - 2 * alpha, method: .clopperPearson),
      pValue: p, reason: "\(successes) of \(trials).")
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
