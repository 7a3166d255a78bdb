import Foundation

/// What claims are about, and what they take for granted.
extension GeneralizationBoundsExperiment {
  typealias Number = Quantity<BoundsSpot>

  // MARK: Conditions

  var singlePass: Condition<BoundsSpot> {
    let spot = configuration.spots.filter { $0.regime == .single }
      .max { $0.batch * $1.samples < $1.batch * $0.samples }!
    return Condition(
      "passes over the smallest training set", .atMost(1), "No sample is visited twice.",
      .measure(.passes, of: spot))
  }

  var forgets: Condition<BoundsSpot> {
    Condition(
      "exponent in n of E D, one pass", .atMost(-1 + configuration.decision.exponentMargin),
      "The trajectory term's A falls as 1/n.",
      distanceExponent(.single, over: { Double($0.samples) }, { e, value in try e.exponentInSamples(.single, value) }))
  }

  var hasSettled: Condition<BoundsSpot> {
    Condition(
      "fall of the training loss while flatness is followed, of its whole fall",
      .atMost(configuration.decision.plateauFall), "Training has settled.",
      statistic { e, seeds in
        e.average(try e.plateaus.map { try e.plateauFall($0, seeds: seeds) })
      } makeUp: { wanted, e, seed, findings in
        for spot in e.plateaus {
          let steps = configuration.probes(spot)
          findings.set(.trainingRisk(at: 0), of: spot, seed, to: 1)
          findings.set(.trainingRisk(at: steps.first ?? 0), of: spot, seed, to: wanted)
          findings.set(.trainingRisk(at: steps.last ?? 0), of: spot, seed, to: 0)
        }
      })
  }

  var isSmall: Condition<BoundsSpot> {
    Condition(
      "rise of the loss under type I's noise at the last look, of the room to its limit", .atMost(0.5),
      "Accumulated noise leaves room for the loss to rise.",
      statistic { e, seeds in
        e.average(try e.plateaus.map { try e.saturation($0, seeds: seeds) })
      } makeUp: { wanted, e, seed, findings in
        for spot in e.plateaus {
          findings.set(.testRisk, of: spot, seed, to: 0)
          findings.set(.noisyRisk, of: spot, seed, to: wanted * e.loss.range)
        }
      })
  }

  /// The exponent of a term that passes through zero says nothing.
  var keepsItsSign: Condition<BoundsSpot> {
    Condition(
      "least flatness of type II along the looks over the largest, with its sign", .atLeast(0.1),
      "The flatness term of type II stays clear of zero.",
      statistic {
        try $0.leastFlatness(.two, seeds: $1)
      } makeUp: { wanted, e, seed, findings in
        for spot in e.plateaus {
          for (index, step) in configuration.probes(spot).enumerated() {
            findings.set(.flatness(.two, at: step), of: spot, seed, to: index == 0 ? max(-1, min(1, wanted)) : 1)
          }
        }
      })
  }

  // MARK: Quantities

  private func evidence(_ findings: Findings<BoundsSpot>) throws -> BoundsEvidence {
    try BoundsEvidence(findings, self)
  }

  /// A statistic of means over seeds.
  func statistic(
    _ value: @escaping @Sendable (BoundsEvidence, [Int]) throws -> Double,
    makeUp: @escaping @Sendable (Double, BoundsEvidence, Int, inout Findings<BoundsSpot>) throws -> Void
  ) -> Number {
    .joint(of: evidence, value) { wanted, seed, findings in
      try makeUp(wanted, BoundsEvidence(findings, self), seed, &findings)
    }
  }

  func setDistance(
    _ spot: BoundsSpot, to value: Double, _ seed: Int, _ findings: inout Findings<BoundsSpot>
  ) {
    for twin in 0..<configuration.descent.twins {
      findings.set(.twinDistance(twin, at: spot.steps), of: spot, seed, to: value)
    }
  }

  /// A flatness term that grows with an exponent; all exponents meet in the middle, so that none outweighs the others.
  func setFlatness(
    _ type: FlatnessType, to exponent: Double, _ seed: Int, _ findings: inout Findings<BoundsSpot>
  ) {
    for spot in spots where spot.regime == .plateau {
      let steps = configuration.probes(spot)
      for (step, value) in zip(steps, Self.powerLaw(steps.map(Double.init), exponent)) {
        findings.set(.flatness(type, at: step), of: spot, seed, to: value)
      }
    }
  }

  /// x^exponent, 1 at the geometric mean.
  private static func powerLaw(_ x: [Double], _ exponent: Double) -> [Double] {
    let middle = exp(x.reduce(0) { $0 + log($1) } / Double(x.count))
    return x.map { pow($0 / middle, exponent) }
  }

  func distanceExponent(
    _ regime: BoundsRegime, over place: @escaping @Sendable (BoundsSpot) -> Double,
    _ exponent: @escaping @Sendable (BoundsEvidence, (BoundsSpot) throws -> Double) throws -> Double
  ) -> Number {
    statistic { e, seeds in
      try exponent(e) { try e.distance($0, seeds: seeds) }
    } makeUp: { wanted, e, seed, findings in
      let spots = e.spots(regime)
      for (spot, value) in zip(spots, Self.powerLaw(spots.map(place), wanted)) {
        setDistance(spot, to: value, seed, &findings)
      }
    }
  }

  func boundExponent(_ regime: BoundsRegime) -> Number {
    statistic { e, seeds in
      try e.exponentInSamples(regime) { try e.bound(.typeTwo, $0, by: .formula, seeds: seeds).total }
    } makeUp: { wanted, e, seed, findings in
      // Both parts of the bound are proportional to these.
      let spots = e.spots(regime)
      for (spot, value) in zip(spots, Self.powerLaw(spots.map { Double($0.samples) }, wanted)) {
        setDistance(spot, to: value, seed, &findings)
        let index = try e.noiseIndex(.typeTwo, spot, by: .formula)
        findings.set(.flatness(underNoise: index), of: spot, seed, to: value)
      }
    }
  }

  /// The logarithm of a bound of type II over the least of others, so that no point outweighs the others.
  func ratio(
    of kind: BoundsEvidence.Kind = .typeTwo, to others: [BoundsEvidence.Kind], _ choice: BoundsEvidence.Choice
  ) -> Number {
    @Sendable func logRatio(_ e: BoundsEvidence, _ spot: BoundsSpot, _ seeds: [Int]) throws -> Double {
      let least = try others.map { try e.bound($0, spot, by: choice, seeds: seeds).total }.min()!
      return log(try e.bound(kind, spot, by: choice, seeds: seeds).total / least)
    }
    return statistic { e, seeds in
      e.average(try e.spots.map { try logRatio(e, $0, seeds) })
    } makeUp: { wanted, e, seed, findings in
      for spot in e.spots {
        for index in configuration.deviations.indices {
          findings.set(.flatness(underNoise: index), of: spot, seed, to: 0)
        }
        setDistance(spot, to: 1, seed, &findings)
      }
      // Without flatness type II is proportional to the distance, and the others do not depend on it.
      let found = try BoundsEvidence(findings, self)
      // The sub-Gaussian one takes the root of a mean of squares over seeds: seeds above and below shall cancel in that mean.
      let factor = kind == .typeTwoSubGaussian ? (1 + tanh(wanted)).squareRoot() : exp(wanted)
      for spot in e.spots {
        setDistance(spot, to: factor / exp(try logRatio(found, spot, [seed])), seed, &findings)
      }
    }
  }

  func ratio(to other: BoundsEvidence.Kind, _ choice: BoundsEvidence.Choice) -> Number {
    ratio(to: [other], choice)
  }
}
