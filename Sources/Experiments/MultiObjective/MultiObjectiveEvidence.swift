import Foundation

/// What findings say of the reported seeds.
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
  private let findings: Findings<MultiObjectiveRun>
  private let configuration: MultiObjectiveConfiguration
  package var seeds: [Int] { findings.seeds }

  package init(_ findings: Findings<MultiObjectiveRun>, _ experiment: MultiObjectiveExperiment) {
    (self.findings, configuration) = (findings, experiment.configuration)
    choice = MultiObjectiveChoice(experiment, findings)
  }

  /// Whether a problem was run.
  func has(_ problem: String) -> Bool {
    configuration.arenas.filter { $0.problem == problem }.contains { arena in
      configuration.arms(arena).contains { arm in
        configuration.rates(problem).contains { !findings.finished(MultiObjectiveRun(arena, arm, rate: $0)).isEmpty }
      }
    }
  }

  /// A measure of a descent; no number where it has none, as the samples until a level that it never saw.
  func value(_ measure: Measure, of run: MultiObjectiveRun?, _ seed: Int) throws -> Double {
    guard let run, let value = try findings.ifMeasured(measure, of: run, seed) else { return .nan }
    return value
  }

  /// The same of each deciding seed.
  func values(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, rate: Double?, _ measure: Measure
  ) throws -> [Double] {
    let run = rate.map { MultiObjectiveRun(arena, arm, rate: $0) }
    return try seeds.map { try value(measure, of: run, $0) }
  }

  /// What is made of descents that may not have ended; nil where one of them has not.
  func ifFinished<Value>(_ body: () throws -> Value) throws -> Value? { try findings.ifFinished(body) }

  // MARK: Scores

  /// By what methods are compared at a level.
  func scoreMeasure(_ arena: MultiObjectiveArena, level: Int) -> Measure {
    arena.countsSamples ? .samples(untilLevel: level) : .endStationarity
  }

  /// A method's descent for a level, or at another rate; nil where it has none. MoCo's is that with the coefficients that
  /// serve best.
  package func run(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int, rate: Double? = nil
  ) throws -> MultiObjectiveRun? {
    let arm = rate == nil ? try choice.tuned(arena, arm, level: level) : arm
    return try (rate ?? choice.rate(arena, arm, level: level)).map { MultiObjectiveRun(arena, arm, rate: $0) }
  }

  /// What methods are compared by, a logarithm: of samples until the level on synthetic problems, of the true stationarity
  /// when the samples are used up on others. NaN where there is no rate, or the seed never sees the level.
  package func score(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int, rate: Double? = nil, _ seed: Int
  ) throws -> Double {
    log(
      try value(
        scoreMeasure(arena, level: level), of: run(arena, arm, level: level, rate: rate), seed))
  }

  package func scores(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int, rate: Double? = nil
  ) throws -> [Double] {
    try seeds.map { try score(arena, arm, level: level, rate: rate, $0) }
  }

  /// The score of another method against STIMULUS at a level of a synthetic problem, and whether it stands for a larger one.
  /// Where the other never sees the level, the samples that it took in vain stand in its place, if they are more than
  /// STIMULUS needed: its true number is larger.
  package func boundedScore(
    _ arena: MultiObjectiveArena, _ stimulus: MultiObjectiveArm, against other: MultiObjectiveArm, level: Int,
    _ seed: Int
  ) throws -> (score: Double, isBound: Bool) {
    let other = try choice.tuned(arena, other, level: level)
    guard let rate = try choice.rateOrNearest(arena, other, level: level) else { return (.nan, false) }
    let found = try score(arena, other, level: level, rate: rate, seed)
    let run = MultiObjectiveRun(arena, other, rate: rate)
    let (taken, own) = (
      log(try value(.samplesTaken, of: run, seed)), try score(arena, stimulus, level: level, seed)
    )
    guard found.isNaN, try value(.failed, of: run, seed) == 0, taken > own else { return (found, false) }
    return (taken, true)
  }

  /// The looks at one descent, in order.
  package func curve(_ run: MultiObjectiveRun, _ seed: Int) throws -> [Look] {
    try findings.indices(of: lookSamples, of: run, seed).map { step in
      Look(
        step: Double(step), samples: try findings[run, seed, lookSamples[step]],
        stationarity: try findings[run, seed, .lookStationarity(at: step)],
        distance: try value(.lookDistance(at: step), of: run, seed))
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

  /// A statistic of a seed's descent at a method's rate for its finest level, NaN where there is none.
  func statistic(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ seed: Int, _ body: ([Look]) -> Double?
  ) throws -> Double {
    guard let rate = try choice.finestRate(arena, arm),
      let value = body(try curve(MultiObjectiveRun(arena, arm, rate: rate), seed))
    else { return .nan }
    return value
  }

  func statistics(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ body: ([Look]) -> Double?
  ) throws -> [Double] {
    try seeds.map { try statistic(arena, arm, $0, body) }
  }

  // MARK: Exponents of samples

  /// The finest level that all tuning seeds see in half of the samples at every size. Reported seeds have no say in it:
  /// where one of them does not see it, nothing is decided.
  package func sharedLevel(_ arm: MultiObjectiveArm, _ problem: String = "logistic") throws -> Int? {
    try configuration[problem].levels.indices.last { level in
      try arenas(problem).allSatisfy { try choice.isWithinReach($0, arm, level: level) }
    }
  }

  func arenas(_ problem: String) -> [MultiObjectiveArena] { configuration.arenas.filter { $0.problem == problem } }
  var logisticArenas: [MultiObjectiveArena] { arenas("logistic") }

  /// The same at the rate at which growth in n is asked for.
  package func growthLevel(_ arm: MultiObjectiveArm, _ problem: String = "logistic") throws -> Int? {
    guard let rate = choice.growthRate(problem, arm) else { return try sharedLevel(arm, problem) }
    return try configuration[problem].levels.indices.last { level in
      try arenas(problem).allSatisfy { try choice.isWithinReach($0, arm, level: level, rate: rate) }
    }
  }

  /// The descent that growth in n is asked of.
  package func growthRun(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, level: Int
  ) throws -> MultiObjectiveRun? {
    try run(arena, arm, level: level, rate: choice.growthRate(arena.problem, arm))
  }

  /// The exponent in n of the samples that a seed takes on the quadratic from the first level to the finest shared one, at
  /// one rate: of the published n + √n ln(μ/ε) it is the second part, for n is over at the first level.
  package func exponentOfPrecision(_ arm: MultiObjectiveArm, _ seed: Int) throws -> Double {
    guard let level = try growthLevel(arm, "quadratic"), level > 0 else { return .nan }
    return slope(
      arenas("quadratic").map { log(Double($0.samples)) },
      try arenas("quadratic").map { arena in
        let run = try growthRun(arena, arm, level: level)
        return log(
          try value(.samples(untilLevel: level), of: run, seed) - value(.samples(untilLevel: 0), of: run, seed))
      })
  }

  /// The steps that a seed takes to the finest level of a method at the largest size, over √n: from the start, or from the
  /// first level.
  package func stepRatio(
    _ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ seed: Int, fromFirstLevel: Bool = false
  ) throws -> Double {
    guard let level = try growthLevel(arm, arena.problem), let run = try growthRun(arena, arm, level: level) else {
      return .nan
    }
    // A descent goes on to the last level: its steps up to this one are about in proportion to samples.
    let before = fromFirstLevel ? try value(.samples(untilLevel: 0), of: run, seed) : 0
    let share = try (value(.samples(untilLevel: level), of: run, seed) - before) / value(.samplesTaken, of: run, seed)
    return try share * value(.stepsMade, of: run, seed) / Double(arena.samples).squareRoot()
  }

  /// Where a seed's descent stands in the end at a size, over the level that growth in n is asked for: the median of the
  /// true stationarity over the second half of the steps. Above 1 the level is seen now and then, and not held.
  package func standOverLevel(_ arena: MultiObjectiveArena, _ arm: MultiObjectiveArm, _ seed: Int) throws -> Double {
    guard let level = try growthLevel(arm, arena.problem), let run = try growthRun(arena, arm, level: level) else {
      return .nan
    }
    let looks = try curve(run, seed)
    guard let last = looks.last?.step else { return .nan }
    let late = looks.filter { $0.step >= last / 2 }.map(\.stationarity).sorted()
    return late[late.count / 2] / configuration[arena.problem].levels[level]
  }

  /// The logarithm of the largest ratio, over the looks, of the mean true stationarity over T steps to the theorem's bound
  /// 8 (f(x_0) - f(x_end)) / (η T).
  package func boundRatio(_ run: MultiObjectiveRun, _ seed: Int) throws -> Double {
    let fall = try value(.startLoss, of: run, seed) - value(.finalLoss, of: run, seed)
    let looks = try curve(run, seed)
    return log(Self.boundRatio(looks, rate: run.rate, fall: fall))
  }

  package static func boundRatio(_ looks: [Look], rate: Double, fall: Double) -> Double {
    var largest = Double.nan
    for (look, mean) in zip(looks, runningMean(looks)) where look.step > 0 {
      let ratio = mean * rate * look.step / (8 * fall)
      if !(ratio <= largest) { largest = ratio }
    }
    return largest
  }

  /// The exponent in n of a seed's samples until the finest shared level.
  package func exponentInSamples(_ arm: MultiObjectiveArm, _ seed: Int) throws -> Double {
    guard let level = try growthLevel(arm) else { return .nan }
    return slope(
      logisticArenas.map { log(Double($0.samples)) },
      try logisticArenas.map {
        try log(value(.samples(untilLevel: level), of: growthRun($0, arm, level: level), seed))
      })
  }

  /// The exponent in 1/ε of a seed's samples, over the shared levels, at one size or in the mean of all.
  /// - Parameter limit: the last level to look at.
  package func exponentInLevels(
    _ arm: MultiObjectiveArm, at arena: MultiObjectiveArena? = nil, until limit: Int = .max, _ seed: Int
  ) throws -> Double {
    guard let last = try sharedLevel(arm).map({ min($0, limit) }) else { return .nan }
    let inverse = (0...last).map { -log(configuration.logistic.levels[$0]) }
    let arenas = arena.map { [$0] } ?? logisticArenas
    let slopes = try arenas.map { arena in
      slope(inverse, try (0...last).map { try score(arena, arm, level: $0, seed) })
    }
    return slopes.reduce(0, +) / Double(slopes.count)
  }

  // MARK: Momentum

  /// The slope of a seed's score over the coefficient of momentum, each at its own rate or all at a common one.
  package func momentumSlope(_ arena: MultiObjectiveArena, atCommonRate: Bool, _ seed: Int) throws -> Double {
    let arms = configuration.ablation
    guard let level = try choice.commonLevel(arena, arms) else { return .nan }
    let common = atCommonRate ? try choice.commonRate(arena) : nil
    return slope(
      arms.map(\.momentum), try arms.map { try score(arena, $0, level: level, rate: common, seed) })
  }

  /// NaN for fewer than three points.
  private func slope(_ x: [Double], _ y: [Double]) -> Double { x.count < 3 ? .nan : LineFit.slope(x, y) }
}
