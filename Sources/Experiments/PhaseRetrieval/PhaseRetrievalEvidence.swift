import Arrays
import Foundation
import RunLogs
import SignalRecovery
import Statistics
import Synchronization
import Theory

/// What a run's log says of success rates.
package struct PhaseRetrievalEvidence {
  /// Successes at one sampling ratio.
  package struct Point: Sendable {
    package var ratio: Double
    package var successes: Int
    package var trials: Int
    /// Clopper and Pearson's, level 0.95.
    package var interval: Interval {
      proportionInterval(successes: successes, trials: trials, method: .clopperPearson)
    }
  }

  private let values: [String: [String: Double]]
  private let experiment: PhaseRetrievalExperiment
  private let theory: [Int: (plain: Double, lifted: Double)]
  private var configuration: PhaseRetrievalConfiguration { experiment.configuration }

  package init(_ events: [RunEvent], _ experiment: PhaseRetrievalExperiment) throws {
    self.experiment = experiment
    theory = try Self.transitions(experiment.configuration)
    values = events.results
  }

  /// Transitions of all ranks that a report names. A lifted one takes a second: each is computed once.
  private static func transitions(
    _ configuration: PhaseRetrievalConfiguration
  ) throws -> [Int: (plain: Double, lifted: Double)] {
    let ranks = Set(
      configuration.theory.ranks + configuration.problem.ensembles.map(PhaseRetrievalConfiguration.ensembleRank))
    let found = Mutex([Int: (plain: Double, lifted: Double)]())
    try Workers.run(ranks.sorted()) { rank in
      let lifted = LiftedDuality(rank: rank, nodes: configuration.theory.nodes).transition()
      found.withLock { $0[rank] = (PhaseRetrievalDuality(rank: rank).transition, lifted) }
    }
    return found.withLock { $0 }
  }

  /// The transitions at length 1 of a rank.
  package func transitions(_ rank: Int) -> (plain: Double, lifted: Double) { theory[rank]! }

  private var seeds: Range<Int> { configuration.seeds.first..<configuration.seeds.first + configuration.seeds.count }

  private func task(
    _ method: String, _ ensemble: String, _ n: Int, _ position: Double, _ seed: Int
  ) -> [String: Double]? {
    let own = experiment.descending.contains(method)
    let found = values[
      PhaseRetrievalExperiment.Task(
        ensemble: ensemble, dimension: n, position: position, method: own ? method : "hybrid", seed: seed
      ).name]
    guard !own, var barrier = found else { return found }
    barrier["successes"] = barrier["barrierSuccesses"]
    return barrier
  }

  /// Success by sampling ratio; points without a result are missing.
  package func curve(_ method: String, _ ensemble: String, _ n: Int) -> [Point] {
    configuration.problem.positions.compactMap { position in
      let found = seeds.compactMap { task(method, ensemble, n, position, $0) }
      guard let ratio = found.first?["ratio"] else { return nil }
      func total(_ key: String) -> Int { Int(found.reduce(0) { $0 + ($1[key] ?? 0) }) }
      return Point(ratio: ratio, successes: total("successes"), trials: total("trials"))
    }
  }

  /// The share of signals found, over all ensembles, dimensions and ratios, of each seed that has all results.
  package func shares(_ methods: (String, String)) -> (first: [Double], second: [Double]) {
    let p = configuration.problem
    func share(_ method: String, _ seed: Int) -> Double? {
      var (successes, trials) = (0.0, 0.0)
      for n in p.dimensions {
        for ensemble in p.ensembles {
          for position in p.positions {
            guard let found = task(method, ensemble, n, position, seed) else { return nil }
            successes += found["successes"] ?? 0
            trials += found["trials"] ?? 0
          }
        }
      }
      return trials > 0 ? successes / trials : nil
    }
    let pairs = seeds.compactMap { seed -> (Double, Double)? in
      guard let a = share(methods.0, seed), let b = share(methods.1, seed) else { return nil }
      return (a, b)
    }
    return (pairs.map(\.0), pairs.map(\.1))
  }

  /// Where a curve, made to rise by pooling neighbours that fall, reaches one half: by linear interpolation; minus or
  /// plus infinity where it does so outside the ratios.
  package static func halfPoint(_ ratios: [Double], _ rates: [Double]) -> Double {
    var blocks: [(sum: Double, count: Int)] = []
    for rate in rates {
      blocks.append((rate, 1))
      while blocks.count > 1 {
        let (a, b) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
        guard a.sum / Double(a.count) > b.sum / Double(b.count) else { break }
        blocks.removeLast(2)
        blocks.append((a.sum + b.sum, a.count + b.count))
      }
    }
    let smooth = blocks.flatMap { Array(repeating: $0.sum / Double($0.count), count: $0.count) }
    guard let first = smooth.first, first < 0.5 else { return -.infinity }
    guard let right = smooth.firstIndex(where: { $0 >= 0.5 }) else { return .infinity }
    let (low, high) = (smooth[right - 1], smooth[right])
    return ratios[right - 1] + (0.5 - low) / (high - low) * (ratios[right] - ratios[right - 1])
  }

  /// The 50 % point of the hybrid or another descent, with successes redrawn at the seen rates (parametric bootstrap; rates
  /// are moved off 0 and 1 by half a success, so that a small number of trials is not taken for certainty).
  package func halfPoint(_ method: String, _ ensemble: String, _ n: Int) -> HalfPoint {
    let points = curve(method, ensemble, n)
    guard points.count > 1 else { return HalfPoint(estimate: .nan, draws: [], trials: 0) }
    let ratios = points.map(\.ratio)
    // Curves are redrawn apart from each other, so that their differences have the right spread.
    let key = RandomKey(seed: 0).split("half points").split("\(method) \(ensemble) \(n)")
    let draws = (0..<configuration.decision.resamples).map { draw -> Double in
      let rates = points.enumerated().map { index, point -> Double in
        let rate = (Double(point.successes) + 0.5) / Double(point.trials + 1)
        let hits = key.split(draw).split(index).uniform(count: point.trials).count { $0 < rate }
        return Double(hits) / Double(point.trials)
      }
      return Self.halfPoint(ratios, rates)
    }
    return HalfPoint(
      estimate: Self.halfPoint(ratios, points.map { Double($0.successes) / Double($0.trials) }), draws: draws,
      trials: points.reduce(0) { $0 + $1.trials })
  }
}

/// The sampling ratio at which a descent finds half of the signals, or a function of several, with its bootstrap draws.
package struct HalfPoint: Sendable {
  package var estimate: Double
  package var draws: [Double]
  package var trials: Int

  package init(estimate: Double, draws: [Double], trials: Int) {
    (self.estimate, self.draws, self.trials) = (estimate, draws, trials)
  }

  /// The percentile interval. Draws that are no number (differences of points outside of the ratios) may lie anywhere.
  package func interval(level: Double) -> Interval {
    guard !draws.isEmpty else { return .undefined(level: level) }
    func quantile(_ p: Double, unknown: Double) -> Double {
      let sorted = draws.map { $0.isNaN ? unknown : $0 }.sorted()
      return sorted[min(sorted.count - 1, Int(p * Double(sorted.count)))]
    }
    let tail = (1 - level) / 2
    return Interval(
      low: quantile(tail, unknown: -.infinity), high: quantile(1 - tail, unknown: .infinity), level: level)
  }

  /// A function of two independent points.
  package func combined(with other: HalfPoint, _ body: (Double, Double) -> Double) -> HalfPoint {
    HalfPoint(
      estimate: body(estimate, other.estimate), draws: zip(draws, other.draws).map(body),
      trials: trials + other.trials)
  }
}
