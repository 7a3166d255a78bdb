import Foundation

extension GeneralizationBoundsExperiment {
  private static let paper = "Xiong et al., arXiv 2506.18645"
  private static let beyondOnePass = "ours: what remains beyond one pass of the rate of " + paper
  private typealias Test = ClaimTest<BoundsSpot>

  public func claims() throws -> [ClaimTest<BoundsSpot>] {
    holds() + rates() + iterations() + comparisons(.grid) + comparisons(.formula)
      + [subGaussianIsTighter, noiseFinite, saysSomething]
  }

  /// Theorems about expectations, which check constants and program.
  private func holds() -> [Test] {
    [
      holds(
        "bound-holds", "At every point the bound of type II, with its best noise, is at least the measured gap.", .grid),
      holds(
        "bound-holds-at-optimum", "At every point the bound of type II at σ* is at least the measured gap.", .formula),
    ].map(\.identity)
  }

  private func rates() -> [Test] {
    let rule = configuration.decision
    func samples(_ regime: BoundsRegime) -> Number {
      distanceExponent(regime, over: { Double($0.samples) }, { e, value in try e.exponentInSamples(regime, value) })
    }
    var claims = [
      // In one pass the visited samples are fresh draws, whatever n: E D is exactly c / n.
      Test.equal(
        "trajectory-rate",
        "Over one pass and a fixed number of updates the trajectory term's E D falls as 1/n.", samples(.single), to: -1,
        within: rule.exponentMargin,
        source: Self.paper + "; derived: which samples are visited does not depend on n, only their share does"
      ).identity,
      .equal(
        "trajectory-rate-over-passes",
        "Over several passes and a fixed number of updates E D still falls as 1/n.", samples(.several), to: -1,
        within: rule.exponentMargin, source: Self.beyondOnePass),
    ]
    if configuration.single.batchSizes.count > 1 {
      claims.append(
        Test.equal(
          "trajectory-batch",
          "Over one pass and a fixed number of updates E D does not depend on the batch size b, unlike (n b)^(-1/2).",
          distanceExponent(.single, over: { Double($0.batch) }, { e, value in try e.exponentInBatch(.single, value) }),
          to: 0, within: rule.exponentMargin, source: Self.paper + " (the rate has no b)"
        ).requiring([singlePass]))
    }
    return claims + [
      // Both terms are the visited share T b / n times what does not depend on n, so that the bound falls as 1/n.
      Test.lower(
        "bound-rate",
        "Over one pass, with the optimal noise σ*, the bound of type II falls at least as fast as n^(-2/3), within the "
          + "margin.", boundExponent(.single), than: rule.exponentMargin - 2.0 / 3, source: Self.paper
      ).requiring([singlePass, forgets]).identity,
      .lower(
        "bound-rate-over-passes",
        "Over several passes and a fixed number of updates it still falls at least as fast as n^(-2/3), within the margin.",
        boundExponent(.several), than: rule.exponentMargin - 2.0 / 3,
        source: Self.beyondOnePass),
    ]
  }

  private func iterations() -> [Test] {
    [
      Test.equal(
        "flatness-stable", "Once training has settled, the flatness term of type II does not grow over the iterations.",
        statistic {
          try $0.exponentInSteps(.two, seeds: $1)
        } makeUp: { wanted, _, seed, findings in
          setFlatness(.two, to: wanted, seed, &findings)
        }, to: 0, within: configuration.decision.growthMargin, source: Self.paper
      ).requiring([hasSettled, keepsItsSign]),
      Test.higher(
        "flatness-accumulates",
        "With the same small noise at each step the flatness term of type I grows faster over these iterations.",
        statistic {
          try $0.exponentInSteps(.one, seeds: $1) - $0.exponentInSteps(.two, seeds: $1)
        } makeUp: { wanted, _, seed, findings in
          setFlatness(.one, to: wanted, seed, &findings)
        }, than: 0, source: Self.paper
      ).requiring([hasSettled, keepsItsSign, isSmall]),
    ]
  }

  /// Type II below the others, each with a noise of its own.
  private func comparisons(_ choice: BoundsEvidence.Choice) -> [Test] {
    let (prefix, words) =
      choice == .grid ? ("tighter-than", "Each with its best noise") : ("tighter-at-optimum-than", "Each at its own σ*")
    func below(_ id: String, _ other: BoundsEvidence.Kind, _ name: String, _ source: String) -> Test {
      .lower(
        "\(prefix)-\(id)", "\(words), type II is below the \(name).", ratio(to: other, choice), than: 0, source: source)
    }
    return [
      // Below it at every noise, and so at each one's best; σ* of the grid is the best up to its rounding.
      below(
        "type-one", .typeOne, "path-wise bound of type I", Self.paper + ": D ≤ √(T Σ ‖u - u'‖²), so at any noise"
      ).identity,
      below("neu", .neu, "bound of Neu et al. 2021", Self.paper + "; our reading of arXiv 2102.00931"),
      below("wang-mao", .wangMao, "bound of Wang and Mao 2022", Self.paper + "; our reading of arXiv 2110.03128"),
    ]
  }

  private var subGaussianIsTighter: Test {
    .lower(
      "sub-gaussian-tighter",
      "For a sub-Gaussian loss as well, each at its own σ*, type II is below both earlier bounds.",
      ratio(of: .typeTwoSubGaussian, to: [.neu, .wangMao], .formula), than: 0, source: Self.paper)
  }

  private var noiseFinite: Test {
    let last = configuration.deviations.count - 1
    return .higher(
      "noise-finite", "A finite noise is best: at the largest noise of the grid the bound of type II rises.",
      statistic { e, seeds in
        e.average(
          try e.spots.map { spot in
            log(try e.bound(.typeTwo, spot, seeds: seeds, noise: last).total)
              - log(try e.bound(.typeTwo, spot, seeds: seeds, noise: max(last - 1, 0)).total)
          })
      } makeUp: { wanted, e, seed, findings in
        for spot in e.spots {
          setDistance(spot, to: 0, seed, &findings)
          findings.set(.flatness(underNoise: last), of: spot, seed, to: exp(wanted))
        }
      }, than: 0, source: "ours; for a bounded loss the bound should fall to the gap itself instead")
  }

  private var saysSomething: Test {
    let largest = configuration.data.sampleCounts.max() ?? 0
    return .lower(
      "says-something",
      "Over several passes, with the largest training sets, the bound of type II at σ* is below the loss's range: it says something.",
      statistic { e, seeds in
        let bounds = try e.spots(.several).filter { $0.samples == largest }.map {
          try e.bound(.typeTwo, $0, by: .formula, seeds: seeds).total
        }
        guard let most = bounds.max() else {
          throw StatisticsError.tooFewValues(what: "The bound at the largest size", needed: 1, found: 0)
        }
        return most - e.loss.range
      } makeUp: { wanted, e, seed, findings in
        for spot in e.spots(.several) where spot.samples == largest {
          let index = try e.noiseIndex(.typeTwo, spot, by: .formula)
          findings.set(.flatness(underNoise: index), of: spot, seed, to: 0)
          setDistance(spot, to: 1, seed, &findings)
          let unit = try BoundsEvidence(findings, self).bound(.typeTwo, spot, by: .formula, seeds: [seed]).total
          setDistance(spot, to: (e.loss.range + wanted) / unit, seed, &findings)
        }
      }, than: 0, source: "ours")
  }

  // MARK: The bound at every point

  /// At every point: upheld when each passes its own one-sided test (an intersection of tests needs no correction);
  /// refuted when at any point the gap is larger by a test at α over the number of points.
  private func holds(_ id: String, _ statement: String, _ choice: BoundsEvidence.Choice) -> Test {
    .custom(id, statement, source: Self.paper + "; constants derived by us") { claim, findings, alpha in
      let e = try BoundsEvidence(findings, self)
      guard !e.spots.isEmpty else { throw StatisticsError.tooFewValues(what: "A bound", needed: 1, found: 0) }
      let tests = try e.spots.map { spot in
        let margins = try e.pseudovalues {
          try e.bound(.typeTwo, spot, by: choice, seeds: $0).total - e.gap(spot, seeds: $0)
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
      return Decision(claim: claim, verdict: verdict, evidence: found)
    } makeUp: { verdict, findings in
      let e = try BoundsEvidence(findings, self)
      for spot in e.spots {
        let bound = try e.bound(.typeTwo, spot, by: choice).total
        for (index, seed) in e.seeds.enumerated() {
          // Every second seed has no gap, the others twice what is wanted.
          let share = verdict == .upheld ? 0.1 : verdict == .refuted ? 10 : 1
          let spread = verdict == .undecided ? 1 : 0.1
          findings.set(
            .riskGap, of: spot, seed, to: -bound * share * (1 + (index.isMultiple(of: 2) ? spread : -spread)))
        }
      }
    }
  }
}
