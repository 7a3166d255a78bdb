import Foundation
import RunLogs
import Statistics

extension GeneralizationBoundsExperiment {
  private static let source = "Xiong et al., arXiv 2506.18645"

  public static let claims: [Claim] = [
    Claim(
      id: "bound-holds",
      statement: "At every point the bound of type II, with its best noise, is at least the measured gap.",
      source: source + "; constants derived by us"),
    Claim(
      id: "bound-holds-at-optimum",
      statement: "At every point the bound of type II at σ* is at least the measured gap.",
      source: source + "; constants derived by us"),
    Claim(
      id: "trajectory-rate",
      statement: "At a fixed number of updates the trajectory term's E D falls as 1/n.", source: source),
    Claim(
      id: "trajectory-batch",
      statement: "At a fixed number of updates E D does not depend on the batch size b, unlike (n b)^(-1/2).",
      source: source + " (the rate has no b)"),
    Claim(
      id: "bound-rate", statement: "With the optimal noise σ* the bound of type II falls as n^(-2/3).", source: source),
    Claim(
      id: "flatness-stable", statement: "The flatness term of type II does not grow over the iterations.",
      source: source),
    Claim(
      id: "flatness-accumulates",
      statement: "With the same noise at each step the flatness term of type I grows faster over the iterations.",
      source: source),
    Claim(
      id: "tighter-than-type-one",
      statement: "Each with its best noise, type II is below the path-wise bound of type I.", source: source),
    Claim(
      id: "tighter-than-neu", statement: "Each with its best noise, type II is below the bound of Neu et al. 2021.",
      source: source + "; our reading of arXiv 2102.00931"),
    Claim(
      id: "tighter-than-wang-mao",
      statement: "Each with its best noise, type II is below the bound of Wang and Mao 2022.",
      source: source + "; our reading of arXiv 2110.03128"),
    Claim(
      id: "tighter-at-optimum-than-type-one",
      statement: "Each at its own σ*, type II is below the path-wise bound of type I.", source: source),
    Claim(
      id: "tighter-at-optimum-than-neu",
      statement: "Each at its own σ*, type II is below the bound of Neu et al. 2021.",
      source: source + "; our reading of arXiv 2102.00931"),
    Claim(
      id: "tighter-at-optimum-than-wang-mao",
      statement: "Each at its own σ*, type II is below the bound of Wang and Mao 2022.",
      source: source + "; our reading of arXiv 2110.03128"),
    Claim(
      id: "noise-finite",
      statement: "A finite noise is best: at the largest noise of the grid the bound of type II rises.",
      source: "ours; for a bounded loss the bound should fall to the gap itself instead"),
    Claim(
      id: "says-something",
      statement:
        "With the largest training sets the bound of type II at σ* is below the loss's range: it says something.",
      source: "ours"),
  ]

  /// One decision for each claim.
  package func decide(_ evidence: BoundsEvidence) -> [Decision] {
    let rule = configuration.decision
    let e = evidence
    func value(_ id: String, _ expected: Double, _ statistic: ([Int]) -> Double) -> Decision {
      decideValue(id, expected, within: rule.exponentMargin, e, statistic)
    }
    func below(_ id: String, _ other: BoundsEvidence.Kind, by choice: BoundsEvidence.Choice = .grid) -> Decision {
      // The logarithm of the ratio, so that no point outweighs the others.
      decideSign(id, .lower, e) { seeds in
        e.average(
          e.spots.map { spot in
            log(e.bound(.typeTwo, spot, by: choice, seeds: seeds).total)
              - log(e.bound(other, spot, by: choice, seeds: seeds).total)
          })
      }
    }
    let last = configuration.deviations.count - 1
    return [
      decideBound("bound-holds", by: .grid, e), decideBound("bound-holds-at-optimum", by: .formula, e),
      value("trajectory-rate", -1) { seeds in e.exponentInSamples { e.distance($0, seeds: seeds) } },
      value("trajectory-batch", 0) { seeds in e.exponentInBatch { e.distance($0, seeds: seeds) } },
      value("bound-rate", -2.0 / 3) { seeds in
        e.exponentInSamples { e.bound(.typeTwo, $0, by: .formula, seeds: seeds).total }
      },
      decideValue("flatness-stable", 0, within: rule.growthMargin, e) { e.exponentInSteps(type: "two", seeds: $0) },
      decideSign("flatness-accumulates", .higher, e) {
        e.exponentInSteps(type: "one", seeds: $0) - e.exponentInSteps(type: "two", seeds: $0)
      },
      below("tighter-than-type-one", .typeOne), below("tighter-than-neu", .neu),
      below("tighter-than-wang-mao", .wangMao),
      below("tighter-at-optimum-than-type-one", .typeOne, by: .formula),
      below("tighter-at-optimum-than-neu", .neu, by: .formula),
      below("tighter-at-optimum-than-wang-mao", .wangMao, by: .formula),
      decideSign("noise-finite", .higher, e) { seeds in
        e.average(
          e.spots.map { spot in
            log(e.bound(.typeTwo, spot, seeds: seeds, noise: last).total)
              - log(e.bound(.typeTwo, spot, seeds: seeds, noise: max(last - 1, 0)).total)
          })
      },
      decideSign("says-something", .lower, e) { seeds in
        let largest = e.spots.map(\.samples).max() ?? 0
        let bounds = e.spots.filter { $0.samples == largest }.map {
          e.bound(.typeTwo, $0, by: .formula, seeds: seeds).total
        }
        return (bounds.max() ?? .nan) - e.loss.range
      },
    ]
  }

  /// At every point: upheld when each passes its own one-sided test (an intersection of tests needs no correction);
  /// refuted when at any point the gap is larger by a test at α over the number of points.
  private func decideBound(_ id: String, by choice: BoundsEvidence.Choice, _ e: BoundsEvidence) -> Decision {
    let alpha = configuration.decision.alpha
    do {
      guard !e.spots.isEmpty else { throw StatisticsError.tooFewValues(what: "A bound", needed: 1, found: 0) }
      let tests = try e.spots.map { spot in
        let margins = try e.pseudovalues {
          e.bound(.typeTwo, spot, by: choice, seeds: $0).total - e.gap(spot, seeds: $0)
        }
        return (
          spot: spot, above: try oneSampleTTest(margins, alternative: .greater, level: 1 - alpha),
          below: try oneSampleTTest(margins, alternative: .less)
        )
      }
      let worst = tests.max { $0.above.pValue < $1.above.pValue }!
      let broken = tests.filter { $0.below.pValue < alpha / Double(tests.count) }
      let verdict: Verdict = !broken.isEmpty ? .refuted : worst.above.pValue < alpha ? .upheld : .undecided
      let reason =
        broken.isEmpty
        ? "Of \(tests.count) points \(worst.spot) has the largest p; the estimate is bound less gap there."
        : "The gap exceeds the bound at \(broken.map { "\($0.spot)" }.joined(separator: ", "))."
      var found = Evidence(broken.isEmpty ? worst.above : broken[0].below, reason: reason)
      found.test = "one-sided t-tests of jackknife pseudo-values, one for each point"
      return Decision(claim: claim(id), verdict: verdict, evidence: found)
    } catch {
      return claim(id).undecided(count: e.seeds.count, error)
    }
  }

  private func decideValue(
    _ id: String, _ expected: Double, within margin: Double, _ e: BoundsEvidence, _ statistic: ([Int]) -> Double
  ) -> Decision {
    do {
      let summary = Summary(try e.pseudovalues(statistic))
      return claim(id).decideValue(
        expected, within: margin, estimate: summary.mean,
        interval: summary.interval(level: 1 - 2 * configuration.decision.alpha), count: summary.count,
        test: "jackknife over seeds, equivalence")
    } catch {
      return claim(id).undecided(count: e.seeds.count, error)
    }
  }

  private func decideSign(
    _ id: String, _ direction: Claim.Direction, _ e: BoundsEvidence, _ statistic: ([Int]) -> Double
  ) -> Decision {
    do {
      var decision = claim(id).decideDifference(
        direction, from: 0, to: try e.pseudovalues(statistic), alpha: configuration.decision.alpha)
      decision.evidence.test += " of jackknife pseudo-values"
      return decision
    } catch {
      return claim(id).undecided(count: e.seeds.count, error)
    }
  }
}
