/// Decisions that something is the same as another thing, or as a number, within a margin.
extension Claim {
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
      let difference = Summary(second).mean - Summary(first).mean
      return sameness(of: difference, as: 0, within: margin, .init(design, first, second), alpha: alpha)
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
      return sameness(of: Summary(values).mean, as: expected, within: margin, .init(of: values), alpha: alpha)
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
}
