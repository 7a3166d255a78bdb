import Foundation

/// The rates that the tuning seeds chose, each method's own.
package struct MultiObjectiveChoice {
  private let experiment: MultiObjectiveExperiment
  private let results: [String: [String: Double]]
  private var configuration: MultiObjectiveConfiguration { experiment.configuration }

  package init(_ experiment: MultiObjectiveExperiment, _ results: [String: [String: Double]]) {
    self.experiment = experiment
    self.results = results
  }

  /// What is to be small: on synthetic problems the logarithm of the samples until a level, otherwise that of the true
  /// stationarity when the samples are used up. Infinite where a tuning seed failed or never saw the level.
  package func score(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, rate: Double, level: Int) -> Double {
    let seeds = experiment.tuningSeeds
    let logs = seeds.map { seed -> Double in
      let name = MultiObjectiveExperiment.taskName(arena, arm, rate: rate, seed: seed)
      guard let values = results[name], values["failed"] == 0 else { return .infinity }
      let value = arena.countsSamples ? values["level/\(level)"] : values["end"]
      // A start that is at the level already needs no sample.
      return value.map { log(max($0, .leastNormalMagnitude)) } ?? .infinity
    }
    return logs.reduce(0, +) / Double(seeds.count)
  }

  /// The best rate of the grid for a level, the lowest of equals; nil where none gets there on all tuning seeds.
  /// The level matters on synthetic problems only.
  package func rate(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int) -> Double? {
    let scores = configuration.rates(arena.problem).map { ($0, score(arena, arm, rate: $0, level: level)) }
    return scores.filter { $0.1 < .infinity }.min { $0.1 < $1.1 }?.0
  }

  /// The rate for a level, or where none gets there the one that ends nearest to stationary: so that it can be said how
  /// many samples a method took in vain. Nil where every rate fails on a tuning seed.
  package func rateOrNearest(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int) -> Double? {
    if let rate = rate(arena, arm, level: level) { return rate }
    let scores = configuration.rates(arena.problem).map { rate -> (rate: Double, end: Double) in
      let logs = experiment.tuningSeeds.map { seed -> Double in
        let name = MultiObjectiveExperiment.taskName(arena, arm, rate: rate, seed: seed)
        guard let values = results[name], values["failed"] == 0, let end = values["end"] else { return .infinity }
        return log(max(end, .leastNormalMagnitude))
      }
      return (rate, logs.reduce(0, +))
    }
    return scores.filter { $0.end < .infinity }.min { $0.end < $1.end }?.rate
  }

  /// The finest level for which a method has a rate; nil where it has none.
  package func finestLevel(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm) -> Int? {
    configuration[arena.problem].levels.indices.last { rate(arena, arm, level: $0) != nil }
  }

  /// The smallest of the rates that the ablation chose over its coefficients.
  package func commonRate(_ arena: MultiObjectiveArena) -> Double? {
    let rates = configuration.ablation.compactMap { arm in
      finestLevel(arena, arm).flatMap { rate(arena, arm, level: $0) }
    }
    return rates.count == configuration.ablation.count ? rates.min() : nil
  }

  /// All rates at which the reported seeds descend.
  package func reportedRates(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm) -> [Double] {
    var rates = configuration[arena.problem].levels.indices.compactMap { rateOrNearest(arena, arm, level: $0) }
    if configuration.hasAblation(arena), configuration.ablation.contains(arm), let common = commonRate(arena) {
      rates.append(common)
    }
    return Set(rates).sorted()
  }
}
