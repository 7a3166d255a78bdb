import Foundation

extension LipschitzDynamicsExperiment {
  private static let paper = "Luo et al., arXiv 2506.18588"
  private static let derived = "derived by us from the equations of arXiv 2506.18588"

  public func claims() throws -> [ClaimTest<LipschitzVariant>] {
    let rule = configuration.decision
    return equation(rule) + noise(rule) + factors(rule) + late(rule)
  }

  /// Whether any variant has this factor: a claim about one that nothing varies is not made.
  private func varies(_ factor: LipschitzVariant.Factor) -> Bool {
    configuration.variants.contains { $0.factor == factor }
  }

  // MARK: The equation

  private func equation(_ rule: LipschitzDynamicsConfiguration.Decisions) -> [ClaimTest<LipschitzVariant>] {
    var claims: [ClaimTest<LipschitzVariant>] = [
      ClaimTest.equal(
        "predicts-growth",
        "Drift by the gradient and drift by noise predict the growth of Z: predicted over observed is 1.",
        predictedShare(\.independent), to: 1, within: rule.changeMargin, source: Self.paper
      ).requiring([shortSteps]),
      .lower(
        "noise-helps",
        "The noise terms lower the error of the prediction of Z at the end, against ∫μ_Z alone.", errorChange,
        than: 0, source: Self.derived),
    ]
    if configuration.variants.contains(where: { $0.initialization == "orthogonal" }) {
      claims.append(
        .higher(
          "orthogonal-overshoots",
          "From an orthogonal start, whose singular values are equal, the prediction overshoots: the logarithm of "
            + "predicted over observed growth is positive.", .log(predictedShare(\.orthogonal)), than: 0,
          source: "ours; the equations need a simple largest singular value"))
    }
    return claims
  }

  // MARK: The size of the noise

  private func noise(_ rule: LipschitzDynamicsConfiguration.Decisions) -> [ClaimTest<LipschitzVariant>] {
    var claims: [ClaimTest<LipschitzVariant>] = [
      bandCovers.requiring([eachStep]),
      .equal(
        "noise-size",
        "With independent batches the squared residual of Z over one step is what |λ_Z|² says, the layers' noises "
          + "together: their ratio is 1.", stepRatio, to: 1, within: rule.noiseMargin, source: Self.derived),
      .equal(
        "layers-independent",
        "Gradient noise is independent between layers: the joint |λ_Z|² over the sum of the layers' is 1.",
        number {
          try $0.jointRatio($1)
        } makeUp: { wanted, paths, seed, findings in
          for variant in paths.independent { paths.set(.joint, variant, seed, wanted, &findings) }
        }, to: 1, within: rule.noiseMargin, source: Self.paper + ", assumption 3"),
    ]
    if varies(.rate) {
      claims.append(
        .higher(
          "rate-limits",
          "The equation is one of small rates: the logarithm of the ratio of squared residual to |λ_Z|² is higher at a "
            + "larger rate.",
          rise(.rate, { $0.rate }) {
            log(try $0.stepRatio([$1], $2))
          } makeUp: { wanted, variant, seed, findings in
            findings.set(.stepSquares, of: variant, seed, to: exp(wanted))
          }, than: 0, source: "ours"))
    }
    if configuration.variants.contains(where: { $0.factor == .order && $0.order == .shuffled }) {
      claims.append(
        ClaimTest.lower(
          "shuffling-cancels", "With a new order each epoch residuals over whole epochs are smaller than ∫|λ_Z|².",
          shuffledRatio, than: 1, source: "ours"
        ).requiring([eachStep]))
    }
    if varies(.replicates) {
      claims.append(
        // A variance is right within a factor of e^(2 margins).
        .equal(
          "spread-over-orders",
          "From one start the variance of Z over batch orders is ∫|λ_Z|²: the logarithm of their ratio is 0.",
          spreadLogRatio, to: 0, within: 2 * rule.noiseMargin, source: Self.derived))
    }
    if varies(.batch) {
      claims.append(
        .equal(
          "batch-noise", "The noise of Z falls with the batch size as 1/M at a fixed rate.", batchExponent, to: -1,
          within: rule.exponentMargin, source: Self.derived))
    }
    claims.append(
      .higher(
        "noise-grows", "Gradient noise makes Z grow: ∫(κ_Z - ½ |λ_Z|²) is positive.",
        number { paths, seed in
          paths.mean(
            try paths.independent.map {
              try paths.last($0, seed, .curvature) - paths.last($0, seed, .diffusion) / 2
            })
        } makeUp: { wanted, paths, seed, findings in
          for variant in paths.independent { paths.set(.curvature, variant, seed, wanted + 0.5, &findings) }
        }, than: 0, source: Self.derived))
    return claims
  }

  // MARK: What shapes the growth

  private func factors(_ rule: LipschitzDynamicsConfiguration.Decisions) -> [ClaimTest<LipschitzVariant>] {
    let shaping = "ours: the direction; " + Self.paper + " has label noise shape the growth"
    var claims: [ClaimTest<LipschitzVariant>] = []
    if varies(.batch) {
      claims.append(
        .lower(
          "batch-growth", "Larger batches make Z grow less over the same number of updates.",
          growth(.batch) { Double($0.batch) }, than: 0, source: Self.derived))
    }
    if varies(.gain) {
      claims.append(
        .lower(
          "start-growth", "From a larger start Z grows less.", growth(.gain) { $0.gain }, than: 0,
          source: Self.paper + " (starts shape the growth)"))
    }
    if varies(.labelNoise) {
      claims += [
        .higher(
          "label-noise-drives", "Random labels raise the drift by noise, ∫κ_Z.",
          rise(.labelNoise, { $0.labelNoise }) {
            try $0.last($1, $2, .curvature)
          } makeUp: {
            LipschitzPaths($3, configuration).set(.curvature, $1, $2, $0, &$3)
          }, than: 0, source: shaping),
        .higher(
          "label-noise-growth", "Random labels make Z grow more.", growth(.labelNoise) { $0.labelNoise }, than: 0,
          source: shaping),
      ]
    }
    if varies(.decay) {
      claims.append(
        .lower(
          "decay-growth", "Weight decay makes Z grow less.", growth(.decay) { $0.decay }, than: 0,
          source: Self.derived))
    }
    return claims
  }

  // MARK: Near convergence

  private func late(_ rule: LipschitzDynamicsConfiguration.Decisions) -> [ClaimTest<LipschitzVariant>] {
    let fitted = [
      ClaimTest.higher(
        "late-growth", "Near convergence Z goes on growing: it rises with log k over the second half.",
        number {
          try $0.lateSlope($1)
        } makeUp: { wanted, paths, seed, findings in
          paths.setLate(seed, &findings) { wanted * log($0) }
        }, than: 0, source: Self.paper
      ).requiring([fits]),
      // No finite run tells growth without bound from growth with one: log log k has p = 1 + 1 / log k and no bound.
      ClaimTest.equal(
        "late-log-law",
        "Near convergence, as far as it is seen, Z follows log k: dZ/dk falls as k^(-p) with p = 1.", lateExponent,
        to: 1, within: rule.exponentMargin, source: "ours; " + Self.paper + " has growth without bound"
      ).requiring([fits]),
      ClaimTest.higher(
        "late-noise",
        "Near convergence, where the data are fitted, noise does it: over the second half ∫(κ_Z - ½ |λ_Z|²) exceeds ∫μ_Z.",
        lateExcess { $0.variants(.base) }, than: 0, source: Self.paper + ", as we read it"
      ).requiring([fits]),
    ]
    let ends = configuration.descent.ends
    var claims = ends.contains("fitted") ? fitted : []
    if ends.contains("unfit"), varies(.labelNoise) {
      claims.append(
        ClaimTest.higher(
          "late-noise-unfit",
          "Near convergence, where labels cannot be fitted, noise does it: over the second half ∫(κ_Z - ½ |λ_Z|²) exceeds "
            + "∫μ_Z.", lateExcess { [$0.unfit].compactMap(\.self) }, than: 0,
          source: Self.paper + ", as we read it"
        ).requiring([cannotFit, hasSettled]))
    }
    return claims
  }

  // MARK: The band

  /// Seeds are the units: the share of a seed's descents that end within the band.
  private var bandCovers: ClaimTest<LipschitzVariant> {
    let configuration = configuration
    let (share, margin) = (0.954, configuration.decision.coverageMargin)
    return .custom(
      "band-covers", "The band of two standard deviations holds Z at the end in 95.4 % of descents.",
      source: Self.derived
    ) { claim, findings, alpha in
      let paths = LipschitzPaths(findings, configuration)
      return try claim.decideValue(share, within: margin, of: try paths.perSeed(paths.coverage), alpha: alpha)
    } makeUp: { verdict, findings in
      let paths = LipschitzPaths(findings, configuration)
      for (index, seed) in paths.seeds.enumerated() {
        // Undecided: every second seed as claimed, the others well below.
        let wanted = verdict == .upheld ? share : verdict == .refuted ? 0 : index.isMultiple(of: 2) ? 1 : 0.7
        for (place, variant) in paths.independent.enumerated() {
          let isInside = Double(place) < wanted * Double(paths.independent.count) - 0.5
          paths.set(.z, variant, seed, isInside ? 0 : 9, &findings)
          paths.set(.stepped, variant, seed, 0, &findings)
        }
      }
    }
  }
}
