import Foundation

/// The sampling ratio at which a descent finds half of the signals, or a function of several, with its bootstrap draws.
package struct HalfPoint: Sendable {
  package var estimate: Double
  package var draws: [Double]
  package var trials: Int
  /// The lowest and the highest ratio of the run: of a point outside nothing is known but the side, -∞ or ∞.
  package var ratios: ClosedRange<Double>

  package init(
    estimate: Double, draws: [Double], trials: Int, ratios: ClosedRange<Double> = -.infinity ... .infinity
  ) {
    (self.estimate, self.draws, self.trials, self.ratios) = (estimate, draws, trials, ratios)
  }

  /// The percentile interval. Draws that are no number (differences of points outside of the ratios) may lie anywhere.
  package func interval(level: Double) -> Interval {
    guard !draws.isEmpty else { return .undefined(level: level) }
    func quantile(_ p: Double, unknown: Double) -> Double {
      let sorted = draws.map { $0.isNaN ? unknown : $0 }.sorted()
      return sorted[min(sorted.count - 1, Int(p * Double(sorted.count)))]
    }
    let tail = (1 - level) / 2
    return Interval(
      low: quantile(tail, unknown: -.infinity), high: quantile(1 - tail, unknown: .infinity), level: level)
  }

  /// A function of two independent points.
  package func combined(with other: HalfPoint, _ body: (Double, Double) -> Double) -> HalfPoint {
    HalfPoint(
      estimate: body(estimate, other.estimate), draws: zip(draws, other.draws).map(body),
      trials: trials + other.trials)
  }

  /// How much nearer to a place another point is: this one's distance less the other's.
  ///
  /// Of a point outside of its ratios nothing is known but the side. Where that decides which is nearer, the difference is
  /// the least that it can be, else no number.
  package func distanceGained(by other: HalfPoint, to place: Double) -> HalfPoint {
    func distance(_ point: Double, _ ratios: ClosedRange<Double>) -> ClosedRange<Double> {
      guard point.isInfinite else { return point.isNaN ? 0 ... .infinity : abs(point - place)...abs(point - place) }
      return max(0, point < 0 ? place - ratios.lowerBound : ratios.upperBound - place) ... .infinity
    }
    return combined(with: other) {
      let (own, others) = (distance($0, ratios), distance($1, other.ratios))
      let (least, most) = (own.lowerBound - others.upperBound, own.upperBound - others.lowerBound)
      return least == most || least > 0 ? least : most < 0 ? most : .nan
    }
  }

  /// Decides "it is `expected`, within ±margin": by the interval of level 1 - 2α, with the p-value that the draws give. A
  /// point outside of the run's ratios is outside of the margin where that lies within the ratios; else it may be anywhere.
  package func decide(
    _ claim: Claim, _ expected: Double, within margin: Double, alpha: Double, _ what: String
  ) -> Decision {
    let (low, high) = (expected - margin, expected + margin)
    func placed(_ point: Double) -> Double {
      point < ratios.lowerBound && ratios.lowerBound > low || point > ratios.upperBound && ratios.upperBound < high
        ? .nan : point
    }
    var known = self
    known.estimate = placed(estimate)
    known.draws = draws.map(placed)
    // An estimate on a known side stands for itself: what decides are the draws.
    let place = known.estimate.isNaN ? .nan : min(max(estimate, ratios.lowerBound), ratios.upperBound)
    var decision = claim.decideValue(
      expected, within: margin, estimate: place, interval: known.interval(level: 1 - 2 * alpha), count: trials,
      test: what + ", parametric bootstrap")
    decision.evidence.estimate = estimate
    if estimate == -.infinity {
      decision.evidence.reason += " Half of the signals are found at the lowest ratio already."
    } else if estimate == .infinity {
      decision.evidence.reason += " Less than half of the signals are found at the highest ratio."
    }
    decision.evidence.pValue =
      decision.verdict == .refuted
      ? min(known.share { $0 >= low }, known.share { $0 <= high })
      : max(known.share { $0 <= low }, known.share { $0 >= high })
    return decision
  }

  /// Decides "it is positive" by a test in both directions, as a t-test does: by the interval of level 1 - α, with twice
  /// the p-value that the draws give to the nearer side.
  package func decidePositive(_ claim: Claim, alpha: Double, _ what: String, reason: String) -> Decision {
    let interval = interval(level: 1 - alpha)
    let verdict: Verdict = interval.low > 0 ? .upheld : interval.high < 0 ? .refuted : .undecided
    return Decision(
      claim: claim, verdict: verdict,
      evidence: Evidence(
        test: what + ", parametric bootstrap", count: trials, estimate: estimate, interval: interval,
        pValue: min(1, 2 * min(share { $0 <= 0 }, share { $0 >= 0 })), reason: reason))
  }

  /// The share of draws that are so or no number, the seen one counted among them (Davison and Hinkley 1997, 4.2.3).
  private func share(_ isSo: (Double) -> Bool) -> Double {
    draws.isEmpty ? .nan : Double(1 + draws.count { $0.isNaN || isSo($0) }) / Double(draws.count + 1)
  }
}
