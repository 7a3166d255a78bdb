/// Decisions on how often something happens.
extension Claim {
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
}
