import Foundation

/// What claims are about, and what they take for granted.
extension LipschitzDynamicsExperiment {
  // MARK: Conditions

  var eachStep: Condition<LipschitzVariant> {
    Condition(
      "updates between two looks at the drift", .atMost(1), "The drift is integrated step by step.",
      .measure(.lookStride, of: configuration.variants[0]))
  }

  /// The equation is the limit of short steps: what steps of finite length add is within half of what the claim allows.
  var shortSteps: Condition<LipschitzVariant> {
    Condition(
      "growth that discrete steps add, of the observed (%)", .atMost(50 * configuration.decision.changeMargin),
      "Steps are short enough for the equation, which is one of continuous time.",
      number { paths, seed in
        100 * (try paths.discreteShare(seed))
      } makeUp: { wanted, paths, seed, findings in
        for variant in paths.independent {
          findings.set(.at(0, .z), of: variant, seed, to: 0)
          paths.set(.z, variant, seed, 1, &findings)
          let predicted = (try? paths.last(variant, seed, .predicted)) ?? .nan
          paths.set(.stepped, variant, seed, predicted + wanted / 100, &findings)
        }
      })
  }

  var fits: Condition<LipschitzVariant> {
    Condition(
      "training accuracy at half time, base (%)", .atLeast(95), "The networks of the base are near convergence.",
      number { paths, seed in
        100 * paths.mean(try paths.variants(.base).map { try paths.half($0, seed, .accuracy) })
      } makeUp: { wanted, paths, seed, findings in
        for variant in paths.variants(.base) { paths.setHalf(.accuracy, variant, seed, wanted / 100, &findings) }
      })
  }

  var cannotFit: Condition<LipschitzVariant> {
    Condition(
      "training accuracy at the end, random labels (%)", .atMost(90), "The network does not learn the labels by heart.",
      number { paths, seed in
        100 * paths.mean(try [paths.unfit].compactMap(\.self).map { try paths.last($0, seed, .accuracy) })
      } makeUp: { wanted, paths, seed, findings in
        if let variant = paths.unfit { paths.set(.accuracy, variant, seed, wanted / 100, &findings) }
      })
  }

  var hasSettled: Condition<LipschitzVariant> {
    Condition(
      "fall of the training loss over the second half, random labels (%)", .atMost(5), "The descent has settled.",
      number { paths, seed in
        100
          * paths.mean(
            try [paths.unfit].compactMap(\.self).map {
              1 - (try paths.last($0, seed, .loss)) / (try paths.half($0, seed, .loss))
            })
      } makeUp: { wanted, paths, seed, findings in
        if let variant = paths.unfit {
          paths.setHalf(.loss, variant, seed, 1, &findings)
          paths.set(.loss, variant, seed, 1 - wanted / 100, &findings)
        }
      })
  }

  // MARK: Quantities

  func paths(_ findings: Findings<LipschitzVariant>) -> LipschitzPaths {
    LipschitzPaths(findings, configuration)
  }

  /// A number of each seed, made of paths.
  func number(
    _ value: @escaping @Sendable (LipschitzPaths, Int) throws -> Double,
    makeUp: @escaping @Sendable (Double, LipschitzPaths, Int, inout Findings<LipschitzVariant>) -> Void
  ) -> Quantity<LipschitzVariant> {
    let configuration = configuration
    return Quantity(of: paths, value) { wanted, seed, findings in
      makeUp(wanted, LipschitzPaths(findings, configuration), seed, &findings)
    }
  }

  /// Predicted over observed growth of some variants.
  func predictedShare(
    _ variants: @escaping @Sendable (LipschitzPaths) -> [LipschitzVariant]
  ) -> Quantity<LipschitzVariant> {
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

  var errorChange: Quantity<LipschitzVariant> {
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

  func windowRatio(
    _ variants: @escaping @Sendable (LipschitzPaths) -> [LipschitzVariant]
  ) -> Quantity<LipschitzVariant> {
    number {
      try $0.windowRatio(variants($0), $1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in variants(paths) { findings.set(.windowSquares, of: variant, seed, to: wanted) }
    }
  }

  /// A quantity at the upper end of a factor less that at its lower end, averaged over networks.
  ///
  /// - Parameter makeUp: gives a variant a number.
  func rise(
    _ factor: LipschitzVariant.Factor, _ level: @escaping @Sendable (LipschitzVariant) -> Double,
    _ quantity: @escaping @Sendable (LipschitzPaths, LipschitzVariant, Int) throws -> Double,
    makeUp: @escaping @Sendable (Double, LipschitzVariant, Int, inout Findings<LipschitzVariant>) -> Void
  ) -> Quantity<LipschitzVariant> {
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
  func growth(
    _ factor: LipschitzVariant.Factor, _ level: @escaping @Sendable (LipschitzVariant) -> Double
  ) -> Quantity<LipschitzVariant> {
    let configuration = configuration
    return rise(factor, level) {
      try $0.growth($1, $2)
    } makeUp: { wanted, variant, seed, findings in
      findings.set(.at(0, .z), of: variant, seed, to: 0)
      LipschitzPaths(findings, configuration).set(.z, variant, seed, wanted, &findings)
    }
  }

  var stepRatio: Quantity<LipschitzVariant> {
    number {
      try $0.stepRatio($0.independent, $1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in paths.independent { findings.set(.stepSquares, of: variant, seed, to: wanted) }
    }
  }

  var shuffledRatio: Quantity<LipschitzVariant> {
    @Sendable func shuffled(_ paths: LipschitzPaths) -> [LipschitzVariant] {
      paths.variants(.order).filter { $0.order == .shuffled }
    }
    return number {
      try $0.windowRatio(shuffled($0), $1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in shuffled(paths) { findings.set(.windowSquares, of: variant, seed, to: wanted) }
    }
  }

  var spreadLogRatio: Quantity<LipschitzVariant> {
    number {
      try $0.spreadLogRatio($1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in paths.variants(.replicates) {
        findings.set(.replicateVariance, of: variant, seed, to: exp(wanted + paths.spreadBias))
      }
    }
  }

  var batchExponent: Quantity<LipschitzVariant> {
    number {
      try $0.batchExponent($1)
    } makeUp: { wanted, paths, seed, findings in
      for variant in paths.ladder(.batch, by: { Double($0.batch) }).joined() {
        findings.set(.stepSquares, of: variant, seed, to: pow(Double(variant.batch), wanted))
      }
    }
  }

  /// What noise does over the second half, less what the mean gradient does.
  func lateExcess(
    _ variants: @escaping @Sendable (LipschitzPaths) -> [LipschitzVariant]
  ) -> Quantity<LipschitzVariant> {
    number { paths, seed in
      paths.mean(
        try variants(paths).map {
          try paths.late($0, seed, .curvature) - paths.late($0, seed, .diffusion) / 2 - paths.late($0, seed, .drift)
        })
    } makeUp: { wanted, paths, seed, findings in
      // Everything else is the same at both ends of the second half.
      for variant in variants(paths) { paths.set(.curvature, variant, seed, 1 + wanted, &findings) }
    }
  }

  var lateExponent: Quantity<LipschitzVariant> {
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
}

extension LipschitzPaths {
  /// Makes a reading up at the last look.
  func set(
    _ reading: LipschitzReading, _ variant: LipschitzVariant, _ seed: Int, _ value: Double,
    _ findings: inout Findings<LipschitzVariant>
  ) {
    findings.set(.at(steps(variant).last ?? 0, reading), of: variant, seed, to: value)
  }

  /// Makes a reading up where the second half begins.
  func setHalf(
    _ reading: LipschitzReading, _ variant: LipschitzVariant, _ seed: Int, _ value: Double,
    _ findings: inout Findings<LipschitzVariant>
  ) {
    findings.set(.at(lateSteps(variant).first ?? 0, reading), of: variant, seed, to: value)
  }

  /// Makes Z up as a function of the update, over the second half of the bases.
  func setLate(
    _ seed: Int, _ findings: inout Findings<LipschitzVariant>, _ law: (Double) -> Double
  ) {
    for variant in variants(.base) {
      for step in lateSteps(variant) { findings.set(.at(step, .z), of: variant, seed, to: law(Double(step))) }
    }
  }
}
