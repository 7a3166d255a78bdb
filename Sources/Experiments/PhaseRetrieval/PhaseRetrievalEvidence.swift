import Arrays
import Foundation
import RunLogs
import SignalRecovery
import Statistics
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
  private var configuration: PhaseRetrievalConfiguration { experiment.configuration }

  package init(_ events: [RunEvent], _ experiment: PhaseRetrievalExperiment) {
    self.experiment = experiment
    values = Dictionary(
      events.filter { $0.kind == "result" }.map { ($0.task, $0.values) }, uniquingKeysWith: { _, last in last })
  }

  private var seeds: Range<Int> { configuration.seeds.first..<configuration.seeds.first + configuration.seeds.count }

  private func task(_ method: String, _ ensemble: String, _ n: Int, _ position: Double, _ seed: Int) -> [String:
    Double]?
  {
    values[
      PhaseRetrievalExperiment.Task(
        ensemble: ensemble, dimension: n, position: position, method: method, seed: seed
      ).name]
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

  /// The 50 % point of a curve with a percentile interval, from successes redrawn at the seen rates (parametric
  /// bootstrap; rates are moved off 0 and 1 by half a success, so that a small number of trials is not taken for certainty).
  package func halfPoint(_ points: [Point], level: Double) -> (estimate: Double, interval: Interval) {
    guard points.count > 1 else { return (.nan, .undefined(level: level)) }
    let ratios = points.map(\.ratio)
    let estimate = Self.halfPoint(ratios, points.map { Double($0.successes) / Double($0.trials) })
    let key = RandomKey(seed: 0).split("half points")
    let draws = (0..<configuration.decision.resamples).map { draw -> Double in
      let rates = points.enumerated().map { index, point -> Double in
        let rate = (Double(point.successes) + 0.5) / Double(point.trials + 1)
        let hits = key.split(draw).split(index).uniform(count: point.trials).count { $0 < rate }
        return Double(hits) / Double(point.trials)
      }
      return Self.halfPoint(ratios, rates)
    }.sorted()
    func quantile(_ p: Double) -> Double { draws[min(draws.count - 1, Int(p * Double(draws.count)))] }
    let tail = (1 - level) / 2
    return (estimate, Interval(low: quantile(tail), high: quantile(1 - tail), level: level))
  }
}
