import Foundation

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
    decide(direction, by: mean(second) - mean(first), .init(design, first, second), alpha: alpha) {
      try design.tTest(first, second, level: 1 - alpha)
    }
  }

  /// Decides "the mean of the values is lower (higher) than a fixed number" by a two-sided one-sample t-test.
  ///
  /// The estimate is mean - reference; the rules are those of the comparison of two samples.
  public func decideDifference(
    _ direction: Direction, from reference: Double, to values: [Double], alpha: Double = 0.05
  ) -> Decision {
    decide(direction, by: mean(values) - reference, .init(of: values), alpha: alpha) {
      try oneSampleTTest(values, reference: reference, level: 1 - alpha)
    }
  }

  /// Decides "both samples have the same mean within ±margin" by two one-sided tests (Schuirmann 1987).
  ///
  /// Upheld when the larger p < α, so that the interval of level 1 - 2α lies within the margin; refuted when a difference beyond
  /// the margin, on either side, has a p-value below α, which is then the evidence's; undecided otherwise.
  /// Differences without spread are tested by exact sign flips about the ends of the margin, with p = 2^-n
  /// (`unspreadTail`).
  public func decideEquivalence(
    within margin: Double, from first: [Double], to second: [Double], design: Design = .paired, alpha: Double = 0.05
  ) -> Decision {
    precondition(alpha > 0 && alpha < 0.5, "α lies between 0 and 0.5; got \(alpha).")
    do {
      let result = try equivalenceTest(first, second, margin: margin, design: design, alpha: alpha)
      let (verdict, reason, p) = placed(
        result.interval, MarginTest(result, margin: margin, alpha: alpha), about: 0, margin, "±\(short(margin))", alpha)
      var evidence = Evidence(result, reason: reason)
      evidence.pValue = p
      return decision(verdict, evidence)
    } catch StatisticsError.noSpread {
      return sameness(
        of: mean(second) - mean(first), as: 0, within: margin, .init(design, first, second), alpha: alpha)
    } catch {
      return undecided(count: second.count, error)
    }
  }

  /// Decides "the quantity is `expected`, within ±tolerance" from an estimate that brings its interval, as the fitted
  /// exponent of a power law: upheld when the interval lies within the tolerance, refuted when it lies wholly outside,
  /// undecided otherwise.
  ///
  /// - Parameter interval: of level 1 - 2α, so that "upheld" has level α (an equivalence test); "refuted" has it where the tolerance is wide
  ///   beside the interval, and twice that at most.
  public func decideValue(
    _ expected: Double, within tolerance: Double, estimate: Double, interval: Interval, count: Int, test: String
  ) -> Decision {
    var evidence = Evidence(test: test, count: count, estimate: estimate, interval: interval, reason: "")
    guard tolerance > 0 else {
      evidence.reason = "A tolerance must be positive and is \(tolerance)."
      return decision(.undecided, evidence)
    }
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
  /// - Throws: `StatisticsError` for fewer than two values, some that are not finite, or a margin that is not positive.
  public func decideValue(
    _ expected: Double, within margin: Double, of values: [Double], alpha: Double = 0.05
  ) throws -> Decision {
    guard margin > 0 else { throw StatisticsError.notPositive(what: "A margin", value: margin) }
    let level = 1 - 2 * alpha
    do {
      let result = try oneSampleTTest(values, reference: expected, level: level)
      let test = MarginTest(result, margin: margin, alpha: alpha)
      let summary = Summary(values)
      let interval = summary.interval(level: level)
      let (verdict, reason, p) = placed(
        interval, test, about: expected, margin, "\(short(expected)) ± \(short(margin))", alpha)
      var evidence = Evidence(result, reason: reason)
      (evidence.test, evidence.estimate, evidence.interval) = ("two one-sided t-tests", summary.mean, interval)
      evidence.pValue = p
      return decision(verdict, evidence)
    } catch StatisticsError.noSpread {
      return sameness(of: mean(values), as: expected, within: margin, .init(of: values), alpha: alpha)
    }
  }

  /// Decides "it happens in more (fewer) than that share of cases" by exact binomial tests in both directions, each at half the
  /// level; the p-value is twice the smaller one, and the interval Clopper and Pearson's of level 1 - α.
  ///
  /// - Throws: `StatisticsError` where there is no case.
  public func decideShare(
    _ direction: Direction, than share: Double, successes: Int, trials: Int, alpha: Double = 0.05
  ) throws -> Decision {
    let (atMost, atLeast) = try binomialTails(successes, trials, share, share)
    let found: Verdict = direction == .higher ? .upheld : .refuted
    let half = alpha / 2
    let verdict: Verdict =
      atLeast < half ? found : atMost < half ? (found == .upheld ? .refuted : .upheld) : .undecided
    return decision(
      verdict,
      shareEvidence(
        successes, trials, level: 1 - alpha, p: min(1, 2 * min(atMost, atLeast)),
        "exact binomial test against \(short(share))"))
  }

  /// Decides "it happens in that share of cases, within ±margin" by two exact one-sided binomial tests; beyond the margin by both
  /// tails at its nearer end, as `decideEquivalence` does.
  ///
  /// - Throws: `StatisticsError` where there is no case.
  public func decideShare(
    _ share: Double, within margin: Double, successes: Int, trials: Int, alpha: Double = 0.05
  ) throws -> Decision {
    let (low, high) = (max(0, share - margin), min(1, share + margin))
    let (isNotAbove, isNotBelow) = try binomialTails(successes, trials, high, low)
    // "Not above the high end", and "not below the low end"; an end beyond 0 or 1 needs no test.
    let p = max(share + margin >= 1 ? 0 : isNotAbove, share - margin <= 0 ? 0 : isNotBelow)
    // As far from the share as seen, on both sides; a count is whole but for rounding.
    let (count, seen) = (Double(trials), Double(successes))
    let gap = abs(seen - share * count)
    let (few, many) = (Int((share * count - gap + 1e-9).rounded(.down)), Int((share * count + gap - 1e-9).rounded(.up)))
    let end = seen < share * count ? low : high
    let tails =
      (few < 0 ? 0 : binomialCDF(few, trials: trials, probability: end))
      + (many > trials ? 0 : binomialCDF(trials - many, trials: trials, probability: 1 - end))
    let isInside = gap <= margin * count
    let outside = isInside ? 1 : min(1, tails)
    let verdict: Verdict = p < alpha ? .upheld : outside < alpha ? .refuted : .undecided
    return decision(
      verdict,
      shareEvidence(
        successes, trials, level: 1 - 2 * alpha, p: verdict == .refuted ? outside : p,
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
    _ successes: Int, _ trials: Int, level: Double, p: Double, _ test: String
  ) -> Evidence {
    Evidence(
      test: test, count: trials, estimate: Double(successes) / Double(trials),
      interval: proportionInterval(
        successes: successes, trials: trials, level: level, method: .clopperPearson),
      pValue: p, reason: "\(successes) of \(trials).")
  }

  private func decide(
    _ direction: Direction, by value: @autoclosure () -> Double, _ sample: Unspread, alpha: Double,
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
      return decision(
        value == 0 ? nil : (value < 0) == (direction == .lower), value, sample,
        pValue: value == 0 ? 1 : min(1, 2 * sample.tail), level: 1 - alpha, alpha: alpha)
    } catch {
      return undecided(count: sample.count, error)
    }
  }

  /// Sameness of values without spread: the differences from the nearer end of the margin have one sign. On the end itself
  /// they have none, and outside they say nothing for the claim.
  private func sameness(
    of value: Double, as expected: Double, within margin: Double, _ sample: Unspread, alpha: Double
  ) -> Decision {
    let distance = abs(value - expected)
    let isOutside = distance > margin
    return decision(
      distance == margin ? nil : !isOutside, value, sample,
      pValue: distance == margin || (isOutside && sample.tail >= alpha) ? 1 : sample.tail, level: 1 - 2 * alpha,
      alpha: alpha)
  }

  /// Decides by values without spread, from their exact p-value. An identity could not come out otherwise, whatever the
  /// number of values: there the value itself decides.
  ///
  /// - Parameter isSo: whether the value is as claimed; nil where it is on the border.
  private func decision(
    _ isSo: Bool?, _ value: Double, _ sample: Unspread, pValue: Double, level: Double, alpha: Double
  ) -> Decision {
    let isTold = isIdentity || pValue < alpha
    let verdict: Verdict = isTold ? isSo.map { $0 ? .upheld : .refuted } ?? .undecided : .undecided
    let finding =
      isIdentity
      ? "an identity needs no test."
      : "\(sample.test) give p = \(short(pValue)), which is \(isTold ? "" : "not ")below α = \(short(alpha))."
    return decision(
      verdict,
      Evidence(
        test: sample.test + ": no spread", count: sample.count, estimate: value,
        // Values that are too few to tell exclude no other mean.
        interval: isTold ? Interval(low: value, high: value, level: level) : .undefined(level: level),
        pValue: isIdentity ? .nan : pValue, reason: "All \(sample.count) are \(short(value)): \(finding)"))
  }

  /// Within the margin, beyond it, or neither; the p-value is that of what is said.
  private func placed(
    _ interval: Interval, _ test: MarginTest, about expected: Double, _ margin: Double, _ range: String, _ alpha: Double
  ) -> (Verdict, reason: String, pValue: Double) {
    let (place, verdict) = place(of: interval, from: expected - margin, to: expected + margin)
    guard verdict == .refuted else { return (verdict, "\(place) \(range).", test.within) }
    guard test.beyond < alpha else {
      return (
        .undecided,
        "\(place) \(range), but beyond it on either side has p = \(short(test.beyond)), not below α = \(short(alpha)).",
        test.beyond
      )
    }
    return (.refuted, "\(place) \(range).", test.beyond)
  }

  private func place(of interval: Interval, from low: Double, to high: Double) -> (String, Verdict) {
    let range = "The interval [\(short(interval.low)), \(short(interval.high))]"
    if interval.low > low, interval.high < high { return ("\(range) lies within", .upheld) }
    if interval.low > high || interval.high < low { return ("\(range) lies outside", .refuted) }
    return ("\(range) reaches across an end of", .undecided)
  }

  /// Undecided, because the values allow no test; not measured where there is none.
  public func undecided(count: Int, _ error: any Error) -> Decision {
    decision(
      count == 0 ? .notMeasured : .undecided,
      Evidence(test: Evidence.noTest, count: count, reason: "No test was possible. \(error)"))
  }

  private func decision(_ verdict: Verdict, _ evidence: Evidence) -> Decision {
    Decision(claim: self, verdict: verdict, evidence: evidence)
  }
}

/// A sample, or pairs or groups of samples, whose values do not vary.
private struct Unspread {
  let count: Int
  let test: String
  let tail: Double

  init(of values: [Double]) { self.init(.paired, values, values) }

  init(_ design: Design, _ first: [Double], _ second: [Double]) {
    count = design.isPaired ? second.count : first.count + second.count
    switch design {
    case .paired: (test, tail) = ("exact sign flips", unspreadTail(pairs: second.count))
    case .independent: (test, tail) = ("exact permutations", unspreadTail(groups: first.count, second.count))
    // Rows that they share may be why they agree.
    case .resampled: (test, tail) = ("parts that share rows and do not differ", 1)
    }
  }
}

private func mean(_ values: [Double]) -> Double { Summary(values).mean }

/// Three significant digits, for sentences.
private func short(_ value: Double) -> String { String(format: "%.3g", value) }
