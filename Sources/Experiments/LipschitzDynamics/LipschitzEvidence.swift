import Foundation
import RunLogs
import Statistics

/// What a log says: paths of Z with their predictions, for each variant and seed.
package struct LipschitzEvidence {
  let configuration: LipschitzDynamicsConfiguration
  /// Variants where every seed has a result.
  let variants: [LipschitzVariant]
  let seeds: [Int]
  private let results: [String: [String: Double]]
  /// Recorded steps of each variant, rising.
  private let recorded: [LipschitzVariant: [Int]]

  package init(_ events: [RunEvent], _ experiment: LipschitzDynamicsExperiment) {
    configuration = experiment.configuration
    let found = events.results
    let complete = configuration.variants.filter { variant in
      experiment.reportedSeeds.allSatisfy { found[variant.task($0)] != nil }
    }
    var recorded: [LipschitzVariant: [Int]] = [:]
    for variant in complete {
      let tags = found[variant.task(experiment.reportedSeeds[0])]!.keys
      recorded[variant] = tags.filter { $0.hasPrefix("at/") && $0.hasSuffix("/z") }
        .compactMap { Int($0.dropFirst(3).dropLast(2)) }.sorted()
    }
    variants = complete
    seeds = complete.isEmpty ? [] : experiment.reportedSeeds
    results = found
    self.recorded = recorded
  }

  // MARK: Values

  func value(_ variant: LipschitzVariant, _ seed: Int, _ tag: String) -> Double {
    results[variant.task(seed)]?[tag] ?? .nan
  }

  /// A value of a recorded look.
  func value(_ variant: LipschitzVariant, _ seed: Int, _ tag: String, at step: Int) -> Double {
    value(variant, seed, "at/\(step)/\(tag)")
  }

  /// A value at the last look.
  func last(_ variant: LipschitzVariant, _ seed: Int, _ tag: String) -> Double {
    value(variant, seed, tag, at: steps(variant).last ?? 0)
  }

  func steps(_ variant: LipschitzVariant) -> [Int] { recorded[variant] ?? [] }

  /// Recorded steps of the second half of a descent.
  func lateSteps(_ variant: LipschitzVariant) -> [Int] {
    steps(variant).filter { 2 * $0 >= configuration.descent.steps }
  }

  /// Growth of Z, or of an integral, over the second half.
  func late(_ variant: LipschitzVariant, _ seed: Int, _ tag: String) -> Double {
    value(variant, seed, tag, at: lateSteps(variant).last ?? 0)
      - value(variant, seed, tag, at: lateSteps(variant).first ?? 0)
  }

  /// Names of values of a variant that begin and end so, without both.
  func names(_ variant: LipschitzVariant, from prefix: String, to suffix: String) -> [String] {
    (results[variant.task(seeds[0])] ?? [:]).keys.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
      .map { String($0.dropFirst(prefix.count).dropLast(suffix.count)) }.sorted()
  }

  // MARK: Variants

  func variants(_ factor: LipschitzVariant.Factor) -> [LipschitzVariant] { variants.filter { $0.factor == factor } }

  /// Variants that the equation is about: independent batches, a largest singular value that is simple, the base's rate.
  var independent: [LipschitzVariant] {
    variants.filter { $0.order == .replacement && $0.initialization != "orthogonal" && $0.factor != .rate }
  }

  var orthogonal: [LipschitzVariant] {
    variants.filter { $0.order == .replacement && $0.initialization == "orthogonal" }
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

  func perSeed(_ statistic: (Int) -> Double) -> [Double] { seeds.map(statistic) }

  func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// Predicted over observed change of Z, each summed over the variants.
  package func predictedShare(_ variants: [LipschitzVariant], _ seed: Int) -> Double {
    let changes = variants.map { variant -> (predicted: Double, observed: Double) in
      let start = value(variant, seed, "z", at: 0)
      return (last(variant, seed, "predicted") - start, last(variant, seed, "z") - start)
    }
    return changes.reduce(0) { $0 + $1.predicted } / changes.reduce(0) { $0 + $1.observed }
  }

  /// What the noise terms add to the absolute error of the prediction, averaged over variants.
  package func errorChange(_ seed: Int) -> Double {
    mean(
      independent.map { variant in
        let growth = growth(variant, seed)
        let predicted = last(variant, seed, "predicted") - value(variant, seed, "z", at: 0)
        return abs(growth - predicted) - abs(growth - last(variant, seed, "drift"))
      })
  }

  /// Mean square of windows' residuals over what the diffusion says.
  package func windowRatio(_ variants: [LipschitzVariant], _ seed: Int) -> Double {
    variants.reduce(0) { $0 + value($1, seed, "windows/squares") / value($1, seed, "windows/count") }
      / variants.reduce(0) { $0 + value($1, seed, "windows/diffusion") / value($1, seed, "windows/count") }
  }

  /// |λ_Z|² with the layers' noises together over their sum.
  package func jointRatio(_ seed: Int) -> Double {
    independent.reduce(0) { $0 + last($1, seed, "joint") } / independent.reduce(0) { $0 + last($1, seed, "diffusion") }
  }

  /// The exponent in the batch size of the noise that is seen in Z, averaged over networks.
  package func batchExponent(_ seed: Int) -> Double {
    mean(
      ladder(.batch) { Double($0.batch) }.map { rung in
        slope(
          rung.map { log(Double($0.batch)) },
          rung.map { variant in
            let time = Double(value(variant, seed, "windows/count")) * windowLength(variant)
            return log(value(variant, seed, "windows/squares") / time)
          })
      })
  }

  /// Steps of one window.
  private func windowLength(_ variant: LipschitzVariant) -> Double {
    let epoch = configuration.data.samples / variant.batch
    return Double((configuration.looks.interval + epoch - 1) / epoch * epoch)
  }

  /// Rise of Z by log k over the second half of the base, averaged over networks.
  package func lateSlope(_ seed: Int) -> Double {
    mean(
      variants(.base).map { variant in
        let steps = lateSteps(variant)
        return slope(steps.map { log(Double($0)) }, steps.map { value(variant, seed, "z", at: $0) })
      })
  }

  /// p of dZ/dk ∝ k^(-p) over the second half, of means over the given seeds, averaged over the networks' bases.
  package func lateExponent(_ seeds: [Int]) -> Double {
    mean(variants(.base).map { variant in -slope(latePoints(variant, seeds)) })
  }

  /// Logarithms of step and growth rate, between recorded steps of the second half.
  func latePoints(_ variant: LipschitzVariant, _ seeds: [Int]) -> (x: [Double], y: [Double]) {
    let steps = lateSteps(variant)
    let z = steps.map { step in mean(seeds.map { value(variant, $0, "z", at: step) }) }
    // A few wide stretches: growth over narrow ones is mostly noise.
    let ends = (0...4).map { $0 * max(steps.count - 1, 0) / 4 }.filter { $0 < steps.count }
    let pairs = zip(ends, ends.dropFirst()).filter { $0 < $1 }
    return (
      pairs.map { log(Double(steps[$0] * steps[$1])) / 2 },
      pairs.map { log((z[$1] - z[$0]) / Double(steps[$1] - steps[$0])) }
    )
  }

  private func slope(_ points: (x: [Double], y: [Double])) -> Double { slope(points.x, points.y) }

  private func slope(_ x: [Double], _ y: [Double]) -> Double {
    guard x.count >= 2 else { return .nan }
    let (a, b) = (mean(x), mean(y))
    return zip(x, y).reduce(0) { $0 + ($1.0 - a) * ($1.1 - b) } / x.reduce(0) { $0 + ($1 - a) * ($1 - a) }
  }

  /// The variance over seeds of Z at the end from a shared start, over the mean of ∫ |λ_Z|²: logarithm, averaged over
  /// networks.
  package func spreadLogRatio(_ seeds: [Int]) -> Double {
    mean(
      variants(.sharedStart).map { variant in
        let z = seeds.map { last(variant, $0, "z") }
        return log(Summary(z).variance / mean(seeds.map { last(variant, $0, "diffusion") }))
      })
  }

  /// A last value at the upper end of a factor less that at its lower end, averaged over networks.
  package func difference(
    _ factor: LipschitzVariant.Factor, by level: (LipschitzVariant) -> Double, _ seed: Int,
    _ quantity: (LipschitzVariant, Int) -> Double
  ) -> Double {
    mean(ladder(factor, by: level).map { quantity($0.last!, seed) - quantity($0.first!, seed) })
  }

  /// Z at the end less Z at the start.
  func growth(_ variant: LipschitzVariant, _ seed: Int) -> Double {
    last(variant, seed, "z") - value(variant, seed, "z", at: 0)
  }
}
