import Diagnostics
import Foundation
import RunLogs
import Statistics

/// What a log says: distances, flatness and gaps of all descents, and the bounds made of them for any set of seeds.
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
  /// Points where every seed has a result.
  let spots: [BoundsSpot]
  /// Reported seeds with a result at all these points.
  let seeds: [Int]
  private let results: [String: [String: Double]]
  private let chosen: [BoundsSpot: [Kind: [Choice: Int]]]

  package init(_ events: [RunEvent], _ experiment: GeneralizationBoundsExperiment) throws {
    let configuration = experiment.configuration
    let loss = try configuration.boundedLoss()
    let found = events.results
    let spots = experiment.spots.filter { spot in
      (experiment.reportedSeeds + experiment.tuningSeeds).allSatisfy { found[spot.task($0)] != nil }
    }
    var chosen: [BoundsSpot: [Kind: [Choice: Int]]] = [:]
    for spot in spots {
      for kind in Kind.allCases {
        let totals = configuration.deviations.indices.map { index in
          Self.bound(kind, spot, index, experiment.tuningSeeds, found, configuration, loss).total
        }
        chosen[spot, default: [:]][kind] = [
          .grid: totals.indices.min { totals[$0] < totals[$1] }!,
          .formula: Self.formulaIndex(kind, spot, experiment.tuningSeeds, found, configuration, loss),
        ]
      }
    }
    self.configuration = configuration
    self.loss = loss
    self.spots = spots
    self.results = found
    self.chosen = chosen
    seeds = spots.isEmpty ? [] : experiment.reportedSeeds
  }

  /// The position in `deviations` that the tuning seeds choose.
  package func noiseIndex(_ kind: Kind, _ spot: BoundsSpot, by choice: Choice = .grid) -> Int {
    chosen[spot]![kind]![choice]!
  }

  /// A bound from the given seeds, at the chosen noise or another.
  package func bound(
    _ kind: Kind, _ spot: BoundsSpot, by choice: Choice = .grid, seeds: [Int]? = nil, noise: Int? = nil
  ) -> GeneralizationBound {
    Self.bound(
      kind, spot, noise ?? noiseIndex(kind, spot, by: choice), seeds ?? self.seeds, results, configuration, loss)
  }

  /// |E[training risk - test risk]|.
  func gap(_ spot: BoundsSpot, seeds: [Int]? = nil) -> Double { abs(mean(spot, "gap", seeds)) }

  /// E D at a step, the last when there is none.
  func distance(_ spot: BoundsSpot, seeds: [Int]? = nil, step: Int? = nil) -> Double {
    let step = step ?? configuration.descent.steps
    return (0..<configuration.descent.twins).reduce(0) { $0 + mean(spot, "twin/\($1)/distance/\(step)", seeds) }
      / Double(configuration.descent.twins)
  }

  /// |E flatness| at a step under the same noise at each step, of type "one" or "two".
  func flatness(_ spot: BoundsSpot, type: String, step: Int, seeds: [Int]? = nil) -> Double {
    abs(mean(spot, "flatness/\(type)/\(step)", seeds))
  }

  /// The mean of a recorded value.
  func mean(_ spot: BoundsSpot, _ tag: String, _ seeds: [Int]? = nil) -> Double {
    Self.mean(spot, tag, seeds ?? self.seeds, results)
  }

  private static func mean(
    _ spot: BoundsSpot, _ tag: String, _ seeds: [Int], _ results: [String: [String: Double]]
  ) -> Double {
    seeds.reduce(0) { $0 + (results[spot.task($1)]?[tag] ?? .nan) } / Double(seeds.count)
  }

  /// The deviation next to a bound's own σ*, from its trajectory term and the curvature at the least noise that was
  /// looked at.
  private static func formulaIndex(
    _ kind: Kind, _ spot: BoundsSpot, _ seeds: [Int], _ results: [String: [String: Double]],
    _ configuration: GeneralizationBoundsConfiguration, _ loss: BoundedLoss
  ) -> Int {
    let deviations = configuration.deviations
    // All trajectory terms are memory / σ, that of Wang and Mao for large noise and that of the total variation too; that
    // of Neu et al. for small noise, which does not move the gradient.
    let index = kind == .wangMao || kind == .typeTwoTotalVariation ? deviations.count - 1 : 0
    let unit = bound(kind, spot, index, seeds, results, configuration, loss).trajectory * deviations[index]
    let flatness = abs(mean(spot, "flatness/two/\(configuration.descent.steps)", seeds, results))
    let curvature = flatness / (configuration.noise.stepDeviation * configuration.noise.stepDeviation)
    // Nothing remembered: no noise is best. Nothing to pay: the most is.
    guard unit > 0 else { return 0 }
    guard curvature > 0 else { return deviations.count - 1 }
    let best = log(NoiseTradeOff(memory: unit, curvature: curvature).optimalDeviation)
    return deviations.indices.min { abs(log(deviations[$0]) - best) < abs(log(deviations[$1]) - best) }!
  }

  private static func bound(
    _ kind: Kind, _ spot: BoundsSpot, _ index: Int, _ seeds: [Int], _ results: [String: [String: Double]],
    _ configuration: GeneralizationBoundsConfiguration, _ loss: BoundedLoss
  ) -> GeneralizationBound {
    func mean(_ tag: String) -> Double { Self.mean(spot, tag, seeds, results) }
    func twins(_ tag: String) -> [Double] {
      seeds.flatMap { seed in
        (0..<configuration.descent.twins).map { results[spot.task(seed)]?["twin/\($0)/\(tag)"] ?? .nan }
      }
    }
    let deviation = configuration.deviations[index]
    let steps = configuration.descent.steps
    // With this at each step the accumulated noise is the same for all bounds.
    let stepDeviation = deviation / Double(steps).squareRoot()
    let flatness = abs(mean("flatness/noise/\(index)"))
    func stretches() -> [GeneralizationBound.Stretch] {
      let ends = [0] + configuration.probes
      return zip(ends, ends.dropFirst()).map { start, end in
        // Between two looks the mean of both.
        .init(
          steps: Double(end - start), rate: configuration.descent.rate, deviation: stepDeviation,
          // Without bias, a difference of estimates: it may come out below 0.
          variance: max((mean("variance/\(start)") + mean("variance/\(end)")) / 2, 0),
          sensitivity: (mean("shift/\(index)/\(start)") + mean("shift/\(index)/\(end)")) / 2)
      }
    }
    switch kind {
    case .typeTwo:
      return .typeTwo(
        range: loss.range, distances: twins("distance/\(steps)"), deviation: deviation, flatness: flatness)
    case .typeTwoTotalVariation:
      return .typeTwoTotalVariation(
        range: loss.range, distances: twins("distance/\(steps)"), deviation: deviation, flatness: flatness)
    case .typeTwoSubGaussian:
      return .typeTwoSubGaussian(
        parameter: loss.subGaussianParameter, distances: twins("distance/\(steps)"), deviation: deviation,
        flatness: flatness)
    case .typeOne:
      return .typeOne(
        range: loss.range, pathSquares: twins("path"), stepDeviation: stepDeviation, flatness: flatness)
    case .neu:
      return .neu(
        parameter: loss.subGaussianParameter, sampleCount: spot.samples, stretches: stretches(), flatness: flatness)
    case .wangMao:
      return .wangMao(
        parameter: loss.subGaussianParameter, sampleCount: spot.samples,
        parameterCount: Int(mean("parameters")), stretches: stretches(), flatness: flatness)
    }
  }

  // MARK: Rates

  /// Data sets and batch sizes, in order.
  var lines: [(data: String, batch: Int)] {
    configuration.data.names.flatMap { data in configuration.descent.batchSizes.map { (data, $0) } }
      .filter { line in spots.contains { $0.data == line.0 && $0.batch == line.1 } }
  }

  func spots(_ data: String, batch: Int) -> [BoundsSpot] {
    spots.filter { $0.data == data && $0.batch == batch }.sorted { $0.samples < $1.samples }
  }

  func spots(_ data: String, samples: Int) -> [BoundsSpot] {
    spots.filter { $0.data == data && $0.samples == samples }.sorted { $0.batch < $1.batch }
  }

  /// The slope of log y on log x.
  static func exponent(_ x: [Double], _ y: [Double]) -> Double {
    guard x.count >= 2, (x + y).allSatisfy({ $0 > 0 }) else { return .nan }
    let (u, v) = (x.map { log($0) }, y.map { log($0) })
    let (a, b) = (u.reduce(0, +) / Double(u.count), v.reduce(0, +) / Double(v.count))
    return zip(u, v).reduce(0) { $0 + ($1.0 - a) * ($1.1 - b) } / u.reduce(0) { $0 + ($1 - a) * ($1 - a) }
  }

  /// The exponent in n of a quantity, averaged over data sets and batch sizes.
  package func exponentInSamples(_ value: (BoundsSpot) -> Double) -> Double {
    average(
      lines.map { line in
        let spots = spots(line.data, batch: line.batch)
        return Self.exponent(spots.map { Double($0.samples) }, spots.map(value))
      })
  }

  /// The exponent in b of a quantity, averaged over data sets and sizes.
  package func exponentInBatch(_ value: (BoundsSpot) -> Double) -> Double {
    let rows = configuration.data.names.flatMap { data in
      configuration.data.sampleCounts.map { spots(data, samples: $0) }
    }
    return average(
      rows.filter { !$0.isEmpty }.map { row in
        Self.exponent(row.map { Double($0.batch) }, row.map(value))
      })
  }

  /// The exponent in the iteration of the flatness term, averaged over all points first.
  package func exponentInSteps(type: String, seeds: [Int]) -> Double {
    let steps = configuration.probes
    return Self.exponent(
      steps.map(Double.init),
      steps.map { step in
        average(spots.map { flatness($0, type: type, step: step, seeds: seeds) })
      })
  }

  /// Pseudo-values over the reported seeds of a statistic of seeds.
  func pseudovalues(_ statistic: ([Int]) throws -> Double) throws -> [Double] {
    try jackknifePseudovalues(count: seeds.count) { units in try statistic(units.map { seeds[$0] }) }
  }

  func average(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
