import Diagnostics
import Foundation
import Synchronization

/// What findings say: distances, flatness and gaps of all descents, and the bounds made of them for any set of seeds.
///
/// Expectations are means over seeds and twins. The deviation of each bound's noise is chosen on the tuning seeds, so
/// that no reported bound is the luckiest of its grid.
package struct BoundsEvidence {
  /// How a bound's noise is chosen.
  package enum Choice: CaseIterable {
    /// σ*, where trajectory / σ + curvature · σ² is least: the formula for small noise.
    case formula
    /// The best of the grid.
    case grid
  }

  package enum Kind: String, CaseIterable {
    case typeTwo = "type II"
    case typeTwoTotalVariation = "type II, total variation"
    case typeTwoSubGaussian = "type II, sub-Gaussian"
    case typeOne = "type I"
    case neu = "Neu et al."
    case wangMao = "Wang and Mao"
  }

  let configuration: GeneralizationBoundsConfiguration
  let loss: BoundedLoss
  /// Points with twins where every seed has a result.
  let spots: [BoundsSpot]
  /// Descents along which flatness is followed, where every seed has a result.
  let plateaus: [BoundsSpot]
  /// The deciding seeds, none where no point is complete.
  let seeds: [Int]
  private let tuningSeeds: [Int]
  private let findings: Findings<BoundsSpot>
  private let chosen = Memory()

  /// Positions of noises that were chosen.
  private final class Memory: Sendable {
    struct Key: Hashable {
      var kind: Kind
      var spot: BoundsSpot
      var choice: Choice
    }
    let indices = Mutex([Key: Int]())
  }

  package init(_ findings: Findings<BoundsSpot>, _ experiment: GeneralizationBoundsExperiment) throws {
    (self.findings, configuration) = (findings, experiment.configuration)
    loss = try configuration.boundedLoss()
    tuningSeeds = experiment.tuningSeeds
    let all = findings.seeds + tuningSeeds
    let complete = experiment.spots.filter { spot in all.allSatisfy { findings.isFinished(spot, $0) } }
    spots = complete.filter { $0.regime != .plateau }
    plateaus = complete.filter { $0.regime == .plateau }
    seeds = complete.isEmpty ? [] : findings.seeds
  }

  /// The position in `deviations` that the tuning seeds choose.
  package func noiseIndex(_ kind: Kind, _ spot: BoundsSpot, by choice: Choice = .grid) throws -> Int {
    let key = Memory.Key(kind: kind, spot: spot, choice: choice)
    if let known = chosen.indices.withLock({ $0[key] }) { return known }
    let index: Int
    switch choice {
    case .formula: index = try formulaIndex(kind, spot)
    case .grid:
      let totals = try configuration.deviations.indices.map {
        try bound(kind, spot, seeds: tuningSeeds, noise: $0).total
      }
      index = totals.indices.min { totals[$0] < totals[$1] }!
    }
    chosen.indices.withLock { $0[key] = index }
    return index
  }

  /// |E[training risk - test risk]|.
  func gap(_ spot: BoundsSpot, seeds: [Int]? = nil) throws -> Double { abs(try mean(spot, .riskGap, seeds)) }

  /// Points of one regime.
  func spots(_ regime: BoundsRegime) -> [BoundsSpot] { spots.filter { $0.regime == regime } }

  /// E D at a step, the last when there is none: that of visited samples, times their share.
  func distance(_ spot: BoundsSpot, seeds: [Int]? = nil, step: Int? = nil) throws -> Double {
    let step = step ?? spot.steps
    return try mean(spot, .visitedShare, seeds)
      * (0..<configuration.descent.twins).reduce(0) {
        $0 + (try mean(spot, .twinDistance($1, at: step), seeds))
      } / Double(configuration.descent.twins)
  }

  /// |E flatness| at a step under the same noise at each step.
  func flatness(_ spot: BoundsSpot, _ type: FlatnessType, step: Int, seeds: [Int]? = nil) throws -> Double {
    abs(try mean(spot, .flatness(type, at: step), seeds))
  }

  /// The fall of the training loss from the first look at flatness to the last, as a share of its whole fall.
  func plateauFall(_ spot: BoundsSpot, seeds: [Int]) throws -> Double {
    let steps = configuration.probes(spot)
    let (start, end) = (
      try mean(spot, .trainingRisk(at: steps.first ?? 0), seeds),
      try mean(spot, .trainingRisk(at: steps.last ?? 0), seeds)
    )
    return (start - end) / (try mean(spot, .trainingRisk(at: 0), seeds) - end)
  }

  /// What accumulated noise takes of the room between the loss on new data and its limit.
  func saturation(_ spot: BoundsSpot, seeds: [Int]) throws -> Double {
    let risk = try mean(spot, .testRisk, seeds)
    return (try mean(spot, .noisyRisk, seeds) - risk) / (loss.range - risk)
  }

  /// What the flatness term is of the squared deviation, for small noise.
  func curvature(_ spot: BoundsSpot, seeds: [Int]? = nil) throws -> Double {
    try flatness(spot, .two, step: spot.steps, seeds: seeds)
      / (configuration.noise.stepDeviation * configuration.noise.stepDeviation)
  }

  /// The mean of a measure.
  private func mean(_ spot: BoundsSpot, _ measure: Measure, _ seeds: [Int]? = nil) throws -> Double {
    let seeds = seeds ?? self.seeds
    return try seeds.reduce(0) { $0 + (try findings[spot, $1, measure]) } / Double(seeds.count)
  }

  /// The deviation next to a bound's own σ*, from its trajectory term and the curvature at the least noise that was
  /// looked at.
  private func formulaIndex(_ kind: Kind, _ spot: BoundsSpot) throws -> Int {
    let deviations = configuration.deviations
    // All trajectory terms are memory / σ, that of Wang and Mao for large noise and that of the total variation too; that
    // of Neu et al. for small noise, which does not move the gradient.
    let index = kind == .wangMao || kind == .typeTwoTotalVariation ? deviations.count - 1 : 0
    let unit = try bound(kind, spot, seeds: tuningSeeds, noise: index).trajectory * deviations[index]
    let curvature = try curvature(spot, seeds: tuningSeeds)
    // Nothing remembered: no noise is best. Nothing to pay: the most is.
    guard unit > 0 else { return 0 }
    guard curvature > 0 else { return deviations.count - 1 }
    let best = log(NoiseTradeOff(memory: unit, curvature: curvature).optimalDeviation)
    return deviations.indices.min { abs(log(deviations[$0]) - best) < abs(log(deviations[$1]) - best) }!
  }

  /// A bound from the given seeds, at the chosen noise or another.
  package func bound(
    _ kind: Kind, _ spot: BoundsSpot, by choice: Choice = .grid, seeds: [Int]? = nil, noise: Int? = nil
  ) throws -> GeneralizationBound {
    let (seeds, index) = (seeds ?? self.seeds, try noise ?? noiseIndex(kind, spot, by: choice))
    func mean(_ measure: Measure) throws -> Double { try self.mean(spot, measure, seeds) }
    func twins(_ measure: (Int) -> Measure) throws -> [Double] {
      try seeds.flatMap { seed in
        try (0..<configuration.descent.twins).map { try findings[spot, seed, measure($0)] }
      }
    }
    let deviation = configuration.deviations[index]
    let steps = spot.steps
    let visited = try mean(.visitedShare)
    // With this at each step the accumulated noise is the same for all bounds.
    let stepDeviation = deviation / Double(steps).squareRoot()
    let flatness = abs(try mean(.flatness(underNoise: index)))
    func distances() throws -> [Double] { try twins { .twinDistance($0, at: steps) } }
    func stretches() throws -> [GeneralizationBound.Stretch] {
      let ends = [0] + configuration.probes(spot)
      return try zip(ends, ends.dropFirst()).map { start, end in
        // Between two looks the mean of both.
        func between(_ measure: (Int) -> Measure) throws -> Double {
          (try mean(measure(start)) + mean(measure(end))) / 2
        }
        return .init(
          steps: Double(end - start), rate: configuration.descent.rate, deviation: stepDeviation,
          // Without bias, a difference of estimates: it may come out below 0.
          variance: max(try between(Measure.gradientVariance), 0),
          sensitivity: try between { .gradientShift(underNoise: index, at: $0) })
      }
    }
    switch kind {
    case .typeTwo:
      return .typeTwo(
        range: loss.range, distances: try distances(), visited: visited, deviation: deviation, flatness: flatness)
    case .typeTwoTotalVariation:
      return .typeTwoTotalVariation(
        range: loss.range, distances: try distances(), visited: visited, deviation: deviation, flatness: flatness)
    case .typeTwoSubGaussian:
      return .typeTwoSubGaussian(
        parameter: loss.subGaussianParameter, distances: try distances(), visited: visited, deviation: deviation,
        flatness: flatness)
    case .typeOne:
      return .typeOne(
        range: loss.range, pathSquares: try twins(Measure.twinPath), visited: visited, stepDeviation: stepDeviation,
        flatness: flatness)
    case .neu:
      return .neu(
        parameter: loss.subGaussianParameter, sampleCount: spot.samples, stretches: try stretches(),
        flatness: flatness)
    case .wangMao:
      return .wangMao(
        parameter: loss.subGaussianParameter, sampleCount: spot.samples,
        parameterCount: Int(saturating: try mean(.parameterCount)), stretches: try stretches(), flatness: flatness)
    }
  }

  // MARK: Rates

  /// Points of all sizes at one data set, batch size and regime.
  struct Line: Hashable, CustomStringConvertible {
    var data: String
    var batch: Int
    var regime: BoundsRegime
    var description: String { "\(data), b = \(batch), \(regime.rawValue)" }
    /// For names of files.
    var tag: String { "\(data)-b\(batch)-\(regime)" }

    func holds(_ spot: BoundsSpot) -> Bool { spot.data == data && spot.batch == batch && spot.regime == regime }
  }

  /// In the order of the grid.
  var lines: [Line] {
    var known = Set<Line>()
    return spots.map { Line(data: $0.data, batch: $0.batch, regime: $0.regime) }.filter { known.insert($0).inserted }
  }

  func spots(_ line: Line) -> [BoundsSpot] { spots.filter(line.holds).sorted { $0.samples < $1.samples } }

  /// The slope of log y on log x; NaN where one is not positive.
  static func exponent(_ x: [Double], _ y: [Double]) -> Double {
    (x + y).allSatisfy { $0 > 0 } ? LineFit.slope(x.map { log($0) }, y.map { log($0) }) : .nan
  }

  /// The exponent in n of a quantity, averaged over a regime's data sets and batch sizes.
  package func exponentInSamples(_ regime: BoundsRegime, _ value: (BoundsSpot) throws -> Double) rethrows -> Double {
    average(
      try lines.filter { $0.regime == regime }.map { line in
        let spots = spots(line)
        return Self.exponent(spots.map { Double($0.samples) }, try spots.map(value))
      })
  }

  /// The exponent in b of a quantity, averaged over a regime's data sets and sizes.
  package func exponentInBatch(_ regime: BoundsRegime, _ value: (BoundsSpot) throws -> Double) rethrows -> Double {
    let rows = Dictionary(grouping: spots(regime)) { "\($0.data) \($0.samples)" }.sorted { $0.key < $1.key }
    return average(
      try rows.map { _, row in Self.exponent(row.map { Double($0.batch) }, try row.map(value)) })
  }

  /// The exponent in the iteration of the flatness term along the plateaus, averaged over them first.
  package func exponentInSteps(_ type: FlatnessType, seeds: [Int]) throws -> Double {
    let steps = plateaus.first.map(configuration.probes) ?? []
    return Self.exponent(
      steps.map(Double.init),
      try steps.map { step in
        average(try plateaus.map { try flatness($0, type, step: step, seeds: seeds) })
      })
  }

  /// The least flatness term of the looks along the plateaus as a share of the largest.
  func leastFlatness(_ type: FlatnessType, seeds: [Int]) throws -> Double {
    let steps = plateaus.first.map(configuration.probes) ?? []
    return Self.leastShare(
      try steps.map { step in average(try plateaus.map { try mean($0, .flatness(type, at: step), seeds) }) })
  }

  /// The least of some numbers over the largest, by size and with the sign: below zero where their signs differ.
  package static func leastShare(_ values: [Double]) -> Double {
    guard let least = values.min(), let most = values.max() else { return .nan }
    return most > -least ? least / most : most / least
  }

  /// Pseudo-values over the reported seeds of a statistic of seeds.
  func pseudovalues(_ statistic: ([Int]) throws -> Double) throws -> [Double] {
    try jackknifePseudovalues(count: seeds.count) { units in try statistic(units.map { seeds[$0] }) }
  }

  func average(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
