import Foundation
import Synchronization

/// The rates that the tuning seeds chose, each method's own.
package struct MultiObjectiveChoice {
  private let experiment: MultiObjectiveExperiment
  private let findings: Findings<MultiObjectiveRun>
  private let known = Memory()
  private var configuration: MultiObjectiveConfiguration { experiment.configuration }

  /// Searches and rates that were looked at.
  private final class Memory: Sendable {
    struct Key: Hashable {
      var arena: MultiObjectiveArena
      var measure: Measure
    }
    let grids = Mutex([Key: Grid<MultiObjectiveRun>]())
    let rates = Mutex([Key: [MultiObjectiveArm: Double?]]())
  }

  package init(_ experiment: MultiObjectiveExperiment, _ findings: Findings<MultiObjectiveRun>) {
    (self.experiment, self.findings) = (experiment, findings)
  }

  /// The rate with the lowest mean logarithm of a measure on the tuning seeds; nil where each fails, or lacks the measure,
  /// on one of them.
  private func best(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, by measure: Measure) throws -> Double? {
    let key = Memory.Key(arena: arena, measure: measure)
    if let rate = known.rates.withLock({ $0[key]?[arm] }) { return rate }
    let rate = try grid(key).best(of: "\(arm)", findings)?.arm.rate
    known.rates.withLock { $0[key, default: [:]][arm] = .some(rate) }
    return rate
  }

  private func grid(_ key: Memory.Key) throws -> Grid<MultiObjectiveRun> {
    if let grid = known.grids.withLock({ $0[key] }) { return grid }
    let grid = try experiment.grid(key.arena) { findings, run, seed in
      guard try findings[run, seed, .failed] == 0, let value = try findings.ifMeasured(key.measure, of: run, seed)
      else {
        return .infinity
      }
      // A start that is at the level already needs no sample.
      return log(max(value, .leastNormalMagnitude))
    }
    known.grids.withLock { $0[key] = grid }
    return grid
  }

  /// The same method with the coefficients that serve best for a level, where it has several: MoCo's are chosen as rates are,
  /// so that it has more trials than the others.
  package func tuned(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int
  ) throws -> MultiObjectiveArm {
    let variants = configuration.variants(arm.method)
    guard variants.count > 1, variants.contains(arm) else { return arm }
    for measure in [arena.countsSamples ? .samples(untilLevel: level) : Measure.endStationarity, .endStationarity] {
      let grid = try grid(Memory.Key(arena: arena, measure: measure))
      let scores = try variants.map { try grid.best(of: "\($0)", findings)?.score ?? .infinity }
      if let least = scores.min(), least < .infinity { return variants[scores.firstIndex(of: least)!] }
    }
    return arm
  }

  /// Whether every tuning seed sees a level at the rate for it within half of the samples that a descent may take: the others
  /// then have room to see it too.
  ///
  /// - Parameter fixed: another rate than that which is best for the level.
  func isWithinReach(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int, rate fixed: Double? = nil
  ) throws -> Bool {
    guard let rate = try fixed ?? rate(arena, arm, level: level) else { return false }
    let half = configuration[arena.problem].epochs * Double(arena.samples) / 2
    return try experiment.tuningSeeds.allSatisfy {
      (try findings.ifMeasured(.samples(untilLevel: level), of: MultiObjectiveRun(arena, arm, rate: rate), $0)
        ?? .infinity)
        <= half
    }
  }

  /// The one rate at which a method's growth in n is asked for; nil where it is each size's best. SMGD's theorem has a rate
  /// that falls with ε.
  func growthRate(_ problem: String, _ arm: MultiObjectiveArm) -> Double? {
    let isBase = arm == configuration.arm(arm.method)
    return isBase && MultiObjectiveExperiment.linear.contains(arm.method)
      ? configuration.growthRate(problem, momentum: arm.momentum) : nil
  }

  /// The lowest rate of the grid, at which the theorem's condition on the rate is to hold.
  func theoremRate(_ arena: MultiObjectiveArena) -> Double { configuration.rates(arena.problem)[0] }

  /// The best rate of the grid for a level, the lowest of equals: on synthetic problems by the samples until it, otherwise
  /// by the true stationarity when the samples are used up. Nil where none gets there on all tuning seeds.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  package func rate(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int) throws -> Double? {
    try best(arena, arm, by: arena.countsSamples ? .samples(untilLevel: level) : .endStationarity)
  }

  /// The rate for a level, or where none gets there the one that ends nearest to stationary: so that it can be said how
  /// many samples a method took in vain. Nil where every rate fails on a tuning seed.
  package func rateOrNearest(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int) throws -> Double? {
    try rate(arena, arm, level: level) ?? best(arena, arm, by: .endStationarity)
  }

  /// The finest level for which a method has a rate; nil where it has none.
  package func finestLevel(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm) throws -> Int? {
    try configuration[arena.problem].levels.indices.last { try rate(arena, arm, level: $0) != nil }
  }

  /// A method's rate for the finest level that it has one for.
  package func finestRate(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm) throws -> Double? {
    try finestLevel(arena, arm).flatMap { try rate(arena, arm, level: $0) }
  }

  /// The finest level that all of these methods have a rate for.
  func commonLevel(_ arena: MultiObjectiveArena, _ arms: [MultiObjectiveArm]) throws -> Int? {
    let levels = try arms.map { try finestLevel(arena, $0) }
    return levels.contains { $0 == nil } ? nil : levels.compactMap { $0 }.min()
  }

  /// The smallest of the rates that the ablation chose over its coefficients.
  package func commonRate(_ arena: MultiObjectiveArena) throws -> Double? {
    let rates = try configuration.ablation.compactMap { try finestRate(arena, $0) }
    return rates.count == configuration.ablation.count ? rates.min() : nil
  }

  /// All rates at which the reported seeds descend.
  package func reportedRates(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm) throws -> [Double] {
    var rates = try configuration[arena.problem].levels.indices.compactMap {
      try rateOrNearest(arena, arm, level: $0)
    }
    if configuration.hasAblation(arena), configuration.ablation.contains(arm), let common = try commonRate(arena) {
      rates.append(common)
    }
    if arena == configuration.largest("logistic"), MultiObjectiveExperiment.linear.contains(arm.method) {
      rates.append(theoremRate(arena))
    }
    if let rate = growthRate(arena.problem, arm) { rates.append(rate) }
    return Set(rates).sorted()
  }
}
