import Arrays
import Foundation

extension Findings<PhaseRetrievalArm> {
  /// How many trials found their signal, over seeds.
  ///
  /// - Throws: as `count`.
  func share(_ successes: Measure, of arm: PhaseRetrievalArm, on seeds: [Int]) throws -> (found: Int, trials: Int) {
    try seeds.reduce((0, 0)) { sum, seed in
      let (found, trials) = (try count(successes, of: arm, seed), try count(.trials, of: arm, seed))
      let (wrong, value) = trials == 0 ? (Measure.trials, trials) : (successes, found)
      guard trials > 0, found <= trials else {
        throw FindingsError.impossible(measure: wrong, task: SweepTask(arm, seed: seed).name, value: Double(value))
      }
      return (sum.0 + found, sum.1 + trials)
    }
  }
}

/// What findings say of success rates.
package struct SuccessCurves {
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

  private let findings: Findings<PhaseRetrievalArm>
  private let experiment: PhaseRetrievalExperiment

  package init(_ findings: Findings<PhaseRetrievalArm>, _ experiment: PhaseRetrievalExperiment) {
    (self.findings, self.experiment) = (findings, experiment)
  }

  /// Success by sampling ratio, over the seeds that have ended; points without any are missing.
  package func curve(_ method: String, _ ensemble: String, _ n: Int) throws -> [Point] {
    try experiment.configuration.problem.positions.compactMap { position in
      let (arm, successes) = experiment.source(method, ensemble, n, position)
      guard let first = findings.finished(arm).first else { return nil }
      let (share, ratio) = (
        try findings.share(successes, of: arm, on: findings.finished(arm)), try findings[arm, first, .ratio]
      )
      guard ratio.isFinite else {
        throw FindingsError.impossible(measure: .ratio, task: SweepTask(arm, seed: first).name, value: ratio)
      }
      return Point(ratio: ratio, successes: share.found, trials: share.trials)
    }
  }

  /// Where a curve, made to rise by pooling neighbours that fall, reaches one half: by linear interpolation; minus or
  /// plus infinity where it does so outside the ratios.
  package static func halfPoint(_ ratios: [Double], _ rates: [Double]) -> Double {
    let smooth = rising(rates)
    guard let first = smooth.first, first < 0.5 else { return -.infinity }
    guard let right = smooth.firstIndex(where: { $0 >= 0.5 }) else { return .infinity }
    let (low, high) = (smooth[right - 1], smooth[right])
    return ratios[right - 1] + (0.5 - low) / (high - low) * (ratios[right] - ratios[right - 1])
  }

  /// How far apart the ratios on both sides of the 50 % point are, between which it is a straight line that says where it lies; 0 where it lies
  /// outside the ratios.
  func gap(_ method: String, _ ensemble: String, _ n: Int) throws -> Double {
    let points = try curve(method, ensemble, n)
    let smooth = Self.rising(points.map { Double($0.successes) / Double($0.trials) })
    guard let right = smooth.firstIndex(where: { $0 >= 0.5 }), right > 0 else { return 0 }
    return points[right].ratio - points[right - 1].ratio
  }

  /// Rates, with neighbours that fall pooled.
  private static func rising(_ rates: [Double]) -> [Double] {
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
    return blocks.flatMap { Array(repeating: $0.sum / Double($0.count), count: $0.count) }
  }

  /// The 50 % point of the hybrid or another descent, with successes redrawn at the seen rates (parametric bootstrap; rates
  /// are moved off 0 and 1 by half a success, so that a small number of trials is not taken for certainty).
  package func halfPoint(_ method: String, _ ensemble: String, _ n: Int) throws -> HalfPoint {
    let points = try curve(method, ensemble, n)
    guard points.count > 1 else { return HalfPoint(estimate: .nan, draws: [], trials: 0) }
    let ratios = points.map(\.ratio)
    // Curves are redrawn apart from each other, so that their differences have the right spread.
    let key = RandomKey(seed: 0).split("half points").split("\(method) \(ensemble) \(n)")
    let draws = (0..<experiment.configuration.decision.resamples).map { draw -> Double in
      let rates = points.enumerated().map { index, point -> Double in
        let rate = (Double(point.successes) + 0.5) / Double(point.trials + 1)
        let hits = key.split(draw).split(index).uniform(count: point.trials).count { $0 < rate }
        return Double(hits) / Double(point.trials)
      }
      return Self.halfPoint(ratios, rates)
    }
    return HalfPoint(
      estimate: Self.halfPoint(ratios, points.map { Double($0.successes) / Double($0.trials) }), draws: draws,
      trials: points.reduce(0) { $0 + $1.trials }, ratios: (ratios.min() ?? 0)...(ratios.max() ?? 0))
  }
}
