import Foundation
import RunLogs
import Statistics

/// What a run's log says of the reported seeds.
package struct MultiObjectiveEvidence {
  /// A look at a descent.
  package struct Look: Sendable {
    package var step: Double
    package var samples: Double
    /// min_λ ‖Σ λ_s ∇f_s‖² of all samples.
    package var stationarity: Double
    /// Squared distance from the Pareto-optimal points; NaN where it is not known.
    package var distance: Double

    package init(step: Double, samples: Double, stationarity: Double, distance: Double = .nan) {
      self.step = step
      self.samples = samples
      self.stationarity = stationarity
      self.distance = distance
    }
  }

  package let choice: MultiObjectiveChoice
  private let experiment: MultiObjectiveExperiment
  private let results: [String: [String: Double]]
  private var configuration: MultiObjectiveConfiguration { experiment.configuration }
  package var seeds: [Int] { experiment.reportedSeeds }

  package init(_ events: [RunEvent], _ experiment: MultiObjectiveExperiment) {
    self.experiment = experiment
    results = events.results
    choice = MultiObjectiveChoice(experiment, results)
  }

  /// Whether a problem was run.
  func has(_ problem: String) -> Bool { results.keys.contains { $0.hasPrefix("\(problem) n ") } }

  /// A recorded value of each reported seed, NaN where there is none.
  func values(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, rate: Double, _ key: String) -> [Double] {
    seeds.map { results[MultiObjectiveExperiment.taskName(arena, arm, rate: rate, seed: $0)]?[key] ?? .nan }
  }

  /// What methods are compared by, a logarithm for each seed: of samples until the level on synthetic problems, of the
  /// true stationarity when the samples are used up on others. NaN where there is no rate, or a seed never sees the level.
  package func scores(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int, rate: Double? = nil
  ) -> [Double] {
    guard let rate = rate ?? choice.rate(arena, arm, level: level) else { return seeds.map { _ in .nan } }
    return values(arena, arm, rate: rate, arena.countsSamples ? "level/\(level)" : "end").map { log($0) }
  }

  /// The scores of STIMULUS and of another method at a level of a synthetic problem. Where the other never sees the level,
  /// the samples that it took in vain stand in its place, if they are more than STIMULUS needed: its true number is larger.
  package func boundedScores(
    _ arena: MultiObjectiveArena, _ stimulus: MultiObjectiveArm, against other: MultiObjectiveArm, level: Int
  ) -> (stimulus: [Double], other: [Double], unseen: Int) {
    let own = scores(arena, stimulus, level: level)
    guard let rate = choice.rateOrNearest(arena, other, level: level) else { return (own, own.map { _ in .nan }, 0) }
    let found = scores(arena, other, level: level, rate: rate)
    let (taken, failed) = (values(arena, other, rate: rate, "samples"), values(arena, other, rate: rate, "failed"))
    var unseen = 0
    let bounded = found.indices.map { seed -> Double in
      guard found[seed].isNaN, failed[seed] == 0, log(taken[seed]) > own[seed] else { return found[seed] }
      unseen += 1
      return log(taken[seed])
    }
    return (own, bounded, unseen)
  }

  /// The finest level that all of these methods have a rate for.
  func commonLevel(_ arena: MultiObjectiveArena, _ arms: [MultiObjectiveArm]) -> Int? {
    let levels = arms.map { choice.finestLevel(arena, $0) }
    return levels.contains { $0 == nil } ? nil : levels.compactMap { $0 }.min()
  }

  /// A method's rate for the finest level that it has one for.
  package func finestRate(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm) -> Double? {
    choice.finestLevel(arena, arm).flatMap { choice.rate(arena, arm, level: $0) }
  }

  /// The looks at one descent, in order.
  package func curve(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, rate: Double, seed: Int) -> [Look] {
    let all = results[MultiObjectiveExperiment.taskName(arena, arm, rate: rate, seed: seed)] ?? [:]
    let steps = all.keys.compactMap { key -> Int? in
      let parts = key.split(separator: "/")
      return parts.count == 3 && parts[0] == "curve" && parts[2] == "samples" ? Int(parts[1]) : nil
    }
    return steps.sorted().map { step in
      func value(_ name: String) -> Double { all["curve/\(step)/\(name)"] ?? .nan }
      return Look(
        step: Double(step), samples: value("samples"), stationarity: value("stationarity"),
        distance: value("distance"))
    }
  }

  // MARK: Rates over the steps

  /// Looks above the floor of rounding, from a twentieth of the steps on, where the start is forgotten.
  private static func window(_ looks: [Look]) -> [Look] {
    guard let first = looks.first, let last = looks.last else { return [] }
    return looks.filter { $0.step >= max(2, last.step / 20) && $0.stationarity > 1e-12 * first.stationarity }
  }

  /// The slope of ln stationarity per step, and ln of the residual sum of squares of this exponential law over that of a
  /// power law; below 0 the exponential law fits better.
  package static func exponentialLaw(_ looks: [Look]) -> (slope: Double, ratio: Double)? {
    let looks = window(looks)
    let (steps, logs) = (looks.map(\.step), looks.map { log($0.stationarity) })
    guard let line = try? LineFit(steps, logs), let power = try? LineFit(steps.map { log($0) }, logs) else {
      return nil
    }
    return (line.slope, 2 * log(line.residualDeviation / power.residualDeviation))
  }

  /// The exponent in T of the least true stationarity until T, or of its mean over the steps before T (trapezoids between
  /// looks): what the theorem bounds.
  package static func powerLaw(_ looks: [Look], ofMean: Bool) -> Double? {
    guard let last = looks.last, last.step > 20 else { return nil }
    let values = ofMean ? runningMean(looks) : runningLeast(looks)
    let pairs = zip(looks, values).filter { $0.0.step >= max(2, last.step / 10) && $0.1 > 0 }
    return (try? LineFit.powerLaw(pairs.map(\.0.step), pairs.map(\.1)))?.slope
  }

  package static func runningLeast(_ looks: [Look]) -> [Double] {
    var least = Double.infinity
    return looks.map {
      least = min(least, $0.stationarity)
      return least
    }
  }

  package static func runningMean(_ looks: [Look]) -> [Double] {
    var (sum, before) = (0.0, looks.first)
    return looks.map { look in
      sum += (look.step - before!.step) * (look.stationarity + before!.stationarity) / 2
      before = look
      return look.step > 0 ? sum / look.step : look.stationarity
    }
  }

  /// A statistic of the reported descents at a method's rate for its finest level, NaN where a seed allows none.
  func statistic(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ body: ([Look]) -> Double?
  ) -> [Double] {
    guard let rate = finestRate(arena, arm) else { return seeds.map { _ in .nan } }
    return seeds.map { body(curve(arena, arm, rate: rate, seed: $0)) ?? .nan }
  }

  // MARK: Exponents of samples

  /// The finest level that a method has a rate for at every size, and sees on every seed.
  package func sharedLevel(_ arm: MultiObjectiveArm) -> Int? {
    configuration.logistic.levels.indices.last { level in
      logisticArenas.allSatisfy { scores($0, arm, level: level).allSatisfy { $0.isFinite } }
    }
  }

  var logisticArenas: [MultiObjectiveArena] { configuration.arenas.filter { $0.problem == "logistic" } }

  /// For each seed the exponent in n of the samples until the finest shared level.
  package func exponentInSamples(_ arm: MultiObjectiveArm) -> [Double] {
    guard let level = sharedLevel(arm) else { return seeds.map { _ in .nan } }
    let logs = logisticArenas.map { scores($0, arm, level: level) }
    let sizes = logisticArenas.map { log(Double($0.samples)) }
    return seeds.indices.map { seed in (try? LineFit(sizes, logs.map { $0[seed] }))?.slope ?? .nan }
  }

  /// For each seed the exponent in 1/ε of the samples, over the shared levels, at one size or in the mean of all.
  /// - Parameter limit: the last level to look at.
  package func exponentInLevels(
    _ arm: MultiObjectiveArm, at arena: MultiObjectiveArena? = nil, until limit: Int = .max
  ) -> [Double] {
    guard let last = sharedLevel(arm).map({ min($0, limit) }) else { return seeds.map { _ in .nan } }
    let inverse = (0...last).map { -log(configuration.logistic.levels[$0]) }
    let arenas = arena.map { [$0] } ?? logisticArenas
    return seeds.indices.map { seed in
      let slopes = arenas.map { arena in
        (try? LineFit(inverse, (0...last).map { scores(arena, arm, level: $0)[seed] }))?.slope ?? .nan
      }
      return slopes.reduce(0, +) / Double(slopes.count)
    }
  }

  // MARK: Momentum

  /// For each seed the slope of the score over the coefficient of momentum, each at its own rate or all at a common one.
  package func momentumSlopes(_ arena: MultiObjectiveArena, atCommonRate: Bool) -> [Double] {
    let arms = configuration.ablation
    guard let level = commonLevel(arena, arms) else { return seeds.map { _ in .nan } }
    let common = atCommonRate ? choice.commonRate(arena) : nil
    let all = arms.map { scores(arena, $0, level: level, rate: common) }
    return seeds.indices.map { seed in (try? LineFit(arms.map(\.momentum), all.map { $0[seed] }))?.slope ?? .nan }
  }
}
