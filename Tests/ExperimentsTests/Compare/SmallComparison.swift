import Experiments

/// Settings of a comparison on functions that takes no time.
enum SmallComparison {
  static func configuration(
    _ functions: [String], _ arms: [String], _ change: (inout ComparisonConfiguration) -> Void = { _ in }
  ) throws -> ComparisonConfiguration {
    var c = try ComparisonConfiguration(functions: functions, arms: arms)
    (c.trials, c.budget, c.looks) = (4, "40gradients", 8)
    c.seeds = TunedSeeds(count: 5, tuningCount: 2)
    c.finalists = Finalists(count: 2, seeds: 4)
    change(&c)
    return c
  }
}
