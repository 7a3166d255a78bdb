import Foundation

/// What findings say: paths of Z with their predictions, for each variant and seed.
package struct LipschitzPaths {
  let configuration: LipschitzDynamicsConfiguration
  /// Variants that have ended on every seed.
  let variants: [LipschitzVariant]
  /// All seeds where any variant has ended.
  let seeds: [Int]
  let findings: Findings<LipschitzVariant>
  /// Recorded steps of each variant, rising.
  private let recorded: [LipschitzVariant: [Int]]

  package init(_ findings: Findings<LipschitzVariant>, _ configuration: LipschitzDynamicsConfiguration) {
    (self.findings, self.configuration) = (findings, configuration)
    variants = configuration.variants.filter { findings.finished($0).count == findings.seeds.count }
    seeds = variants.isEmpty ? [] : findings.seeds
    recorded = Dictionary(
      uniqueKeysWithValues: variants.map { ($0, [0] + configuration.schedule($0).recorded) })
  }

  // MARK: Values

  func value(_ variant: LipschitzVariant, _ seed: Int, _ measure: Measure) throws -> Double {
    try findings[variant, seed, measure]
  }

  /// A value of a recorded look.
  func value(_ variant: LipschitzVariant, _ seed: Int, _ reading: LipschitzReading, at step: Int) throws -> Double {
    try findings[variant, seed, .at(step, reading)]
  }

  /// A value at the last look.
  func last(_ variant: LipschitzVariant, _ seed: Int, _ reading: LipschitzReading) throws -> Double {
    try value(variant, seed, reading, at: steps(variant).last ?? 0)
  }

  func steps(_ variant: LipschitzVariant) -> [Int] { recorded[variant] ?? [] }

  /// Recorded steps of the second half of a descent.
  func lateSteps(_ variant: LipschitzVariant) -> [Int] {
    steps(variant).filter { 2 * $0 >= configuration.descent.steps }
  }

  /// A value where the second half begins.
  func half(_ variant: LipschitzVariant, _ seed: Int, _ reading: LipschitzReading) throws -> Double {
    try value(variant, seed, reading, at: lateSteps(variant).first ?? 0)
  }

  /// Growth of Z, or of an integral, over the second half.
  func late(_ variant: LipschitzVariant, _ seed: Int, _ reading: LipschitzReading) throws -> Double {
    let steps = lateSteps(variant)
    return try value(variant, seed, reading, at: steps.last ?? 0)
      - value(variant, seed, reading, at: steps.first ?? 0)
  }

  /// Names of a family that a variant has.
  func names(_ variant: LipschitzVariant, _ family: MeasureFamily<String>) throws -> [String] {
    try findings.indices(of: family, of: variant, seeds[0])
  }

  // MARK: Variants

  /// Variants whose paths were looked at.
  var watched: [LipschitzVariant] { variants.filter { !$0.isReplicated } }

  func variants(_ factor: LipschitzVariant.Factor) -> [LipschitzVariant] { variants.filter { $0.factor == factor } }

  /// Variants that the equation is about: independent batches, a largest singular value that is simple, the base's rate.
  var independent: [LipschitzVariant] {
    watched.filter { $0.order == .replacement && $0.initialization != "orthogonal" && $0.factor != .rate }
  }

  var orthogonal: [LipschitzVariant] {
    watched.filter { $0.order == .replacement && $0.initialization == "orthogonal" }
  }

  /// The descent that cannot fit its data, if any can: the last network's with the most random labels.
  var unfit: LipschitzVariant? {
    variants(.labelNoise).filter { $0.kind == configuration.model.kinds.last }.max { $0.labelNoise < $1.labelNoise }
  }

  func base(_ kind: String) -> LipschitzVariant? { variants(.base).first { $0.kind == kind } }

  /// Each network's variants of a factor, the base among them, in the order of a value.
  func ladder(_ factor: LipschitzVariant.Factor, by value: (LipschitzVariant) -> Double) -> [[LipschitzVariant]] {
    configuration.model.kinds.map { kind in
      variants.filter { $0.kind == kind && ($0.factor == factor || $0.factor == .base) }
        .sorted { value($0) < value($1) }
    }.filter { $0.count >= 2 }
  }

  // MARK: Statistics, one number for each seed

  func perSeed(_ statistic: (Int) throws -> Double) rethrows -> [Double] { try seeds.map(statistic) }

  func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// Predicted over observed change of Z, each summed over the variants.
  package func predictedShare(_ variants: [LipschitzVariant], _ seed: Int) throws -> Double {
    let changes = try variants.map { variant -> (predicted: Double, observed: Double) in
      let start = try value(variant, seed, .z, at: 0)
      return (try last(variant, seed, .predicted) - start, try last(variant, seed, .z) - start)
    }
    return changes.reduce(0) { $0 + $1.predicted } / changes.reduce(0) { $0 + $1.observed }
  }

  /// What discrete steps add to the predicted change of Z, over the observed one, each summed over the variants that the
  /// equation is about.
  package func discreteShare(_ seed: Int) throws -> Double {
    let added = try independent.reduce(0) { $0 + (try last($1, seed, .stepped) - last($1, seed, .predicted)) }
    return try added / independent.reduce(0) { $0 + (try growth($1, seed)) }
  }

  /// What the noise terms add to the absolute error of the prediction, averaged over variants.
  package func errorChange(_ seed: Int) throws -> Double {
    mean(
      try independent.map { variant in
        let growth = try growth(variant, seed)
        let predicted = try last(variant, seed, .predicted) - value(variant, seed, .z, at: 0)
        return abs(growth - predicted) - abs(growth - (try last(variant, seed, .drift)))
      })
  }

  /// Squared residuals of single steps over what the diffusion says of them.
  package func stepRatio(_ variants: [LipschitzVariant], _ seed: Int) throws -> Double {
    try ratio(of: .stepSquares, to: .stepDiffusion, each: .stepCount, variants, seed)
  }

  /// Mean square of windows' residuals over what the diffusion says.
  package func windowRatio(_ variants: [LipschitzVariant], _ seed: Int) throws -> Double {
    try ratio(of: .windowSquares, to: .windowDiffusion, each: .windowCount, variants, seed)
  }

  private func ratio(
    of squares: Measure, to diffusion: Measure, each count: Measure, _ variants: [LipschitzVariant], _ seed: Int
  ) throws -> Double {
    func sum(_ measure: Measure) throws -> Double {
      try variants.reduce(0) { $0 + (try value($1, seed, measure) / value($1, seed, count)) }
    }
    return try sum(squares) / sum(diffusion)
  }

  /// The share of variants whose Z ends within two deviations of its prediction, discrete steps and layers together.
  package func coverage(_ seed: Int) throws -> Double {
    mean(
      try independent.map { variant in
        let miss = try last(variant, seed, .z) - last(variant, seed, .stepped)
        return abs(miss) <= 2 * (try last(variant, seed, .joint)).squareRoot() ? 1 : 0
      })
  }

  /// |λ_Z|² with the layers' noises together over their sum.
  package func jointRatio(_ seed: Int) throws -> Double {
    try independent.reduce(0) { $0 + (try last($1, seed, .joint)) }
      / independent.reduce(0) { $0 + (try last($1, seed, .diffusion)) }
  }

  /// The exponent in the batch size of the noise that is seen in Z, averaged over networks.
  package func batchExponent(_ seed: Int) throws -> Double {
    mean(
      try ladder(.batch) { Double($0.batch) }.map { rung in
        LineFit.slope(
          rung.map { log(Double($0.batch)) },
          try rung.map { log(try value($0, seed, .stepSquares) / value($0, seed, .stepCount)) })
      })
  }

  /// Rise of Z by log k over the second half of the base, averaged over networks.
  package func lateSlope(_ seed: Int) throws -> Double {
    mean(
      try variants(.base).map { variant in
        let steps = lateSteps(variant)
        return LineFit.slope(steps.map { log(Double($0)) }, try steps.map { try value(variant, seed, .z, at: $0) })
      })
  }

  /// p of dZ/dk ∝ k^(-p) over the second half, of means over the given seeds, averaged over the networks' bases.
  package func lateExponent(_ seeds: [Int]) throws -> Double {
    mean(
      try variants(.base).map { variant in
        let points = try latePoints(variant, seeds)
        return -LineFit.slope(points.x, points.y)
      })
  }

  /// Logarithms of step and growth rate, between recorded steps of the second half.
  func latePoints(_ variant: LipschitzVariant, _ seeds: [Int]) throws -> (x: [Double], y: [Double]) {
    let steps = lateSteps(variant)
    let z = try steps.map { step in mean(try seeds.map { try value(variant, $0, .z, at: step) }) }
    // A few wide stretches: growth over narrow ones is mostly noise.
    let ends = (0...4).map { $0 * max(steps.count - 1, 0) / 4 }.filter { $0 < steps.count }
    let pairs = zip(ends, ends.dropFirst()).filter { $0 < $1 }
    return (
      pairs.map { log(Double(steps[$0] * steps[$1])) / 2 },
      pairs.map { log((z[$1] - z[$0]) / Double(steps[$1] - steps[$0])) }
    )
  }

  /// The variance of Z at the end over descents from one start, over ∫ |λ_Z|² of the base's: logarithm without its bias,
  /// averaged over networks.
  package func spreadLogRatio(_ seed: Int) throws -> Double {
    mean(
      try variants(.replicates).compactMap { variant in
        guard let base = base(variant.kind) else { return nil }
        return log(try value(variant, seed, .replicateVariance) / last(base, seed, .joint)) - spreadBias
      })
  }

  /// E log s² - log σ² of the variance of as many Gaussian numbers as there are replicates: ψ(f/2) - log(f/2) with f
  /// degrees of freedom, by the asymptotic series of ψ (the next term is below 1e-4 from f = 6 on).
  package var spreadBias: Double {
    let x = Double(configuration.factors.replicates - 1) / 2
    return -1 / (2 * x) - 1 / (12 * x * x) + 1 / (120 * x * x * x * x)
  }

  /// A last value at the upper end of a factor less that at its lower end, averaged over networks.
  package func difference(
    _ factor: LipschitzVariant.Factor, by level: (LipschitzVariant) -> Double, _ seed: Int,
    _ quantity: (LipschitzVariant, Int) throws -> Double
  ) throws -> Double {
    mean(try ladder(factor, by: level).map { try quantity($0.last!, seed) - quantity($0.first!, seed) })
  }

  /// Z at the end less Z at the start.
  func growth(_ variant: LipschitzVariant, _ seed: Int) throws -> Double {
    try last(variant, seed, .z) - value(variant, seed, .z, at: 0)
  }
}
