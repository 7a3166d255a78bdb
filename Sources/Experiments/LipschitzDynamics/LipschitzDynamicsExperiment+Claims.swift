import Foundation

extension LipschitzDynamicsExperiment {
  private static let paper = "Luo et al., arXiv 2506.18588"
  private static let derived = "derived by us from the equations of arXiv 2506.18588"
  private typealias Number = Quantity<LipschitzVariant>

  public func claims() throws -> [ClaimTest<LipschitzVariant>] {
    let rule = configuration.decision
    return [
      .equal(
        "predicts-growth",
        "Drift by the gradient and drift by noise predict the growth of Z: predicted over observed is 1.",
        predictedShare(\.independent), to: 1, within: rule.changeMargin, source: Self.paper),
      .lower(
        "noise-helps",
        "The noise terms lower the error of the prediction of Z at the end, against ∫μ_Z alone.", errorChange,
        than: 0, source: Self.derived),
      .higher(
        "orthogonal-overshoots",
        "From an orthogonal start, whose singular values are equal, the prediction overshoots: the logarithm of "
          + "predicted over observed growth is positive.", .log(predictedShare(\.orthogonal)), than: 0,
        source: "ours; the equations need a simple largest singular value"),
      bandCovers,
      .equal(
        "noise-size",
        "With independent batches squared residuals of Z over windows are what |λ_Z|² says: their ratio is 1.",
        windowRatio(\.independent), to: 1, within: rule.noiseMargin, source: Self.derived),
      .higher(
        "rate-limits",
        "The equation is one of small rates: the logarithm of that ratio is higher at a larger rate.",
        rise(.rate, { $0.rate }) {
          log(try $0.windowRatio([$1], $2))
        } makeUp: { wanted, variant, seed, findings in
          findings.set(.windowSquares, of: variant, seed, to: exp(wanted))
        }, than: 0, source: "ours"),
      .lower(
        "shuffling-cancels", "With a new order each epoch residuals over whole epochs are smaller than that.",
        windowRatio { $0.variants(.order).filter { $0.order == .shuffled } }, than: 1, source: "ours"),
      // A variance is right within a factor of e^(2 margins).
      .equal(
        "spread-over-orders",
        "From one start the variance of Z over sampling seeds is ∫|λ_Z|²: the logarithm of their ratio is 0.",
        spreadLogRatio, to: 0, within: 2 * rule.noiseMargin, source: Self.derived),
      .equal(
        "layers-independent",
        "Gradient noise is independent between layers: the joint |λ_Z|² over the sum of the layers' is 1.",
        number {
          try $0.jointRatio($1)
        } makeUp: { wanted, paths, seed, findings in
          for variant in paths.independent { paths.set(.joint, variant, seed, wanted, &findings) }
        }, to: 1, within: rule.noiseMargin, source: Self.paper + ", assumption 3"),
      .equal(
        "batch-noise", "The noise of Z falls with the batch size as 1/M at a fixed rate.", batchExponent, to: -1,
        within: rule.exponentMargin, source: Self.derived),
      .lower(
        "batch-growth", "Larger batches make Z grow less over the same number of updates.",
        growth(.batch) { Double($0.batch) }, than: 0, source: Self.derived),
      .higher(
        "noise-grows", "Gradient noise makes Z grow: ∫(κ_Z - ½ |λ_Z|²) is positive.",
        number { paths, seed in
          paths.mean(
            try paths.independent.map {
              try paths.last($0, seed, .curvature) - paths.last($0, seed, .diffusion) / 2
            })
        } makeUp: { wanted, paths, seed, findings in
          for variant in paths.independent { paths.set(.curvature, variant, seed, wanted + 0.5, &findings) }
        }, than: 0, source: Self.derived),
      .lower(
        "start-growth", "From a larger start Z grows less.", growth(.gain) { $0.gain }, than: 0,
        source: Self.paper + " (starts shape the growth)"),
      .higher(
        "label-noise-drives", "Random labels raise the drift by noise, ∫κ_Z.",
        rise(.labelNoise, { $0.labelNoise }) {
          try $0.last($1, $2, .curvature)
        } makeUp: {
          LipschitzPaths($3, configuration).set(.curvature, $1, $2, $0, &$3)
        }, than: 0, source: Self.paper + " (label noise shapes the growth)"),
      .higher(
        "label-noise-growth", "Random labels make Z grow more.", growth(.labelNoise) { $0.labelNoise }, than: 0,
        source: Self.paper + " (label noise shapes the growth)"),
      .lower(
        "decay-growth", "Weight decay makes Z grow less.", growth(.decay) { $0.decay }, than: 0,
        source: Self.derived),
      .higher(
        "late-growth", "Near convergence Z goes on growing: it rises with log k over the second half.",
        number {
          try $0.lateSlope($1)
        } makeUp: { wanted, paths, seed, findings in
          paths.setLate(seed, &findings) { wanted * log($0) }
        }, than: 0, source: Self.paper),
      .lower(
        "late-unbounded",
        "This growth is unbounded: dZ/dk falls as k^(-p) with p of at most 1, so that its sum diverges.",
        lateExponent, than: 1, source: Self.paper + "; the exponent is ours"),
      .higher(
        "late-noise",
        "Near convergence noise does it: over the second half ∫(κ_Z - ½ |λ_Z|²) exceeds ∫μ_Z.",
        number { paths, seed in
          paths.mean(
            try paths.variants(.base).map {
              try paths.late($0, seed, .curvature) - paths.late($0, seed, .diffusion) / 2
                - paths.late($0, seed, .drift)
            })
        } makeUp: { wanted, paths, seed, findings in
          // Everything else is the same at both ends of the second half.
          for variant in paths.variants(.base) { paths.set(.curvature, variant, seed, 1 + wanted, &findings) }
        }, than: 0, source: Self.paper + ", as we read it"),
    ]
  }

  // MARK: Quantities

  private func paths(_ findings: Findings<LipschitzVariant>) -> LipschitzPaths {
    LipschitzPaths(findings, configuration)
  }

  /// A number of each seed, made of paths.
  private func number(
    _ value: @escaping @Sendable (LipschitzPaths, Int) throws -> Double,
    makeUp: @escaping @Sendable (Double, LipschitzPaths, Int, inout Findings<LipschitzVariant>) -> Void
  ) -> Number {
    let configuration = configuration
    return Quantity(of: paths, value) { wanted, seed, findings in
      makeUp(wanted, LipschitzPaths(findings, configuration), seed, &findings)
    }
  }

  /// Predicted over observed growth of some variants.
  private func predictedShare(
    _ variants: @escaping @Sendable (LipschitzPaths) -> [LipschitzVariant]
  ) -> Number {
    number {
      try $0.predictedShare(variants($0), $1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in variants(paths) {
        findings.set(.at(0, .z), of: variant, seed, to: 0)
        paths.set(.z, variant, seed, 1, &findings)
        paths.set(.predicted, variant, seed, wanted, &findings)
      }
    }
  }

  private var errorChange: Number {
    number {
      try $0.errorChange($1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in paths.independent {
        findings.set(.at(0, .z), of: variant, seed, to: 0)
        paths.set(.z, variant, seed, 0, &findings)
        paths.set(.predicted, variant, seed, 5 + wanted, &findings)
        paths.set(.drift, variant, seed, 5, &findings)
      }
    }
  }

  private func windowRatio(
    _ variants: @escaping @Sendable (LipschitzPaths) -> [LipschitzVariant]
  ) -> Number {
    number {
      try $0.windowRatio(variants($0), $1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in variants(paths) { findings.set(.windowSquares, of: variant, seed, to: wanted) }
    }
  }

  /// A quantity at the upper end of a factor less that at its lower end, averaged over networks.
  ///
  /// - Parameter makeUp: gives a variant a number.
  private func rise(
    _ factor: LipschitzVariant.Factor, _ level: @escaping @Sendable (LipschitzVariant) -> Double,
    _ quantity: @escaping @Sendable (LipschitzPaths, LipschitzVariant, Int) throws -> Double,
    makeUp: @escaping @Sendable (Double, LipschitzVariant, Int, inout Findings<LipschitzVariant>) -> Void
  ) -> Number {
    number { paths, seed in
      try paths.difference(factor, by: level, seed) { try quantity(paths, $0, $1) }
    } makeUp: { wanted, paths, seed, findings in
      for rung in paths.ladder(factor, by: level) {
        makeUp(0, rung.first!, seed, &findings)
        makeUp(wanted, rung.last!, seed, &findings)
      }
    }
  }

  /// The same of the growth of Z.
  private func growth(
    _ factor: LipschitzVariant.Factor, _ level: @escaping @Sendable (LipschitzVariant) -> Double
  ) -> Number {
    let configuration = configuration
    return rise(factor, level) {
      try $0.growth($1, $2)
    } makeUp: { wanted, variant, seed, findings in
      findings.set(.at(0, .z), of: variant, seed, to: 0)
      LipschitzPaths(findings, configuration).set(.z, variant, seed, wanted, &findings)
    }
  }

  private var spreadLogRatio: Number {
    let configuration = configuration
    return .joint(of: paths) {
      try $0.spreadLogRatio($1)
    } makeUp: { wanted, seed, findings in
      let paths = LipschitzPaths(findings, configuration)
      // Every second seed above, every second below: the variance is about 1.
      let isAbove = paths.seeds.firstIndex(of: seed)!.isMultiple(of: 2)
      for variant in paths.variants(.sharedStart) {
        paths.set(.z, variant, seed, isAbove ? 1 : -1, &findings)
        paths.set(.diffusion, variant, seed, 8.0 / 7 * exp(-wanted), &findings)
      }
    }
  }

  private var batchExponent: Number {
    let configuration = configuration
    return number {
      try $0.batchExponent($1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in paths.ladder(.batch, by: { Double($0.batch) }).joined() {
        let time = Double(configuration.schedule(variant).window)
        findings.set(.windowSquares, of: variant, seed, to: time * pow(Double(variant.batch), wanted))
      }
    }
  }

  private var lateExponent: Number {
    let configuration = configuration
    return .joint(of: paths) {
      try $0.lateExponent($1)
    } makeUp: { wanted, seed, findings in
      let middle = 0.7 * Double(configuration.descent.steps)
      LipschitzPaths(findings, configuration).setLate(seed, &findings) { k in
        // ∫ (k / middle)^-p dk: seeds of different p have about one rate of growth.
        let x = k / middle
        return middle * (abs(1 - wanted) < 1e-9 ? log(x) : pow(x, 1 - wanted) / (1 - wanted))
      }
    }
  }

  // MARK: The band

  /// Descents of all variants with independent batches; those of one seed share data, so the interval is a rough one.
  private var bandCovers: ClaimTest<LipschitzVariant> {
    let configuration = configuration
    let (share, margin) = (0.954, configuration.decision.coverageMargin)
    return .custom(
      "band-covers", "The band of two standard deviations holds Z at the end in 95.4 % of descents.",
      source: Self.derived
    ) { claim, findings, alpha in
      let paths = LipschitzPaths(findings, configuration)
      let runs = paths.independent.tasks(on: paths.seeds)
      let inside = try runs.count { run in
        let miss = try paths.last(run.arm, run.seed, .z) - paths.last(run.arm, run.seed, .predicted)
        return abs(miss) <= 2 * (try paths.last(run.arm, run.seed, .deviation))
      }
      return try claim.decideShare(share, within: margin, successes: inside, trials: runs.count, alpha: alpha)
    } makeUp: { verdict, findings in
      let paths = LipschitzPaths(findings, configuration)
      let runs = paths.independent.tasks(on: paths.seeds)
      let wanted = verdict == .upheld ? share : verdict == .refuted ? 0 : share - margin
      for (index, run) in runs.enumerated() {
        let isInside = Double(index) < wanted * Double(runs.count)
        paths.set(.z, run.arm, run.seed, isInside ? 0 : 9, &findings)
        paths.set(.predicted, run.arm, run.seed, 0, &findings)
      }
    }
  }
}

extension LipschitzPaths {
  /// Makes a reading up at the last look.
  fileprivate func set(
    _ reading: LipschitzReading, _ variant: LipschitzVariant, _ seed: Int, _ value: Double,
    _ findings: inout Findings<LipschitzVariant>
  ) {
    findings.set(.at(steps(variant).last ?? 0, reading), of: variant, seed, to: value)
  }

  /// Makes Z up as a function of the update, over the second half of the bases.
  fileprivate func setLate(
    _ seed: Int, _ findings: inout Findings<LipschitzVariant>, _ law: (Double) -> Double
  ) {
    for variant in variants(.base) {
      for step in lateSteps(variant) { findings.set(.at(step, .z), of: variant, seed, to: law(Double(step))) }
    }
  }
}
