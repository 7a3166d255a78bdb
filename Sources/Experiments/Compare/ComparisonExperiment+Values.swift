import Foundation
import Statistics

/// What a comparison's findings say of an arm.
extension ComparisonExperiment {
  /// The measure that decides on a data set: of the test part where there is one, unless it is of training rows.
  func deciding(_ data: Int) throws -> Measure {
    let measure = try plan().measure
    return try decidesByTest(data) ? .test(measure) : .choosing(measure)
  }

  private func decidesByTest(_ data: Int) throws -> Bool {
    try problem(data).hasTest && plan().measure.part == .validation
  }

  /// The part of the measure by which settings are chosen, in words.
  func choosingName(_ data: Int) throws -> String {
    try plan().measure.partName + measureName(data)
  }

  /// What curves show, in words.
  func followedName(_ data: Int) throws -> String {
    let measure = try plan().measure
    return measure == measure.followed ? try choosingName(data) : measure.followed.name
  }

  /// In words, as "test loss".
  func decidingName(_ data: Int) throws -> String {
    try decidesByTest(data) ? "test " + (try measureName(data)) : try choosingName(data)
  }

  /// Without the part, as "loss".
  func measureName(_ data: Int) throws -> String {
    try plan().measureName([problem(data)])
  }

  /// The values of one arm on a data set, on reported seeds.
  ///
  /// A descent that diverged predicts nothing: it has the worst value that one of the compared arms had on the data set, or that of the
  /// constant prediction where that is worse. Our choice.
  struct Values {
    let trial: ComparisonTrial
    let measure: Measure
    let worst: Double

    func callAsFunction(_ findings: Findings<ComparisonTrial>, _ seed: Int) throws -> Double {
      try findings[trial, seed, .comparedDivergence] == 0 ? try findings[trial, seed, measure] : worst
    }
  }

  /// - Parameter arms: that are compared; nil for all. What two are worth beside each other does not depend on a third.
  /// - Throws: `FindingsError.unfinished` while the search has not ended; `StatisticsError` where every trial of the arm
  ///   diverged.
  func values(
    _ data: Int, _ arm: Int, _ measure: Measure, among arms: [Int]? = nil, _ findings: Findings<ComparisonTrial>
  ) throws -> Values {
    let plan = try plan()
    guard let own = try chosen(data, arm, findings) else {
      throw StatisticsError.tooFewValues(what: plan.arms[arm].name, needed: 1, found: 0)
    }
    var worst: Double?
    func consider(_ value: Double?) {
      guard let value, value.isFinite else { return }
      worst = worst.map { plan.measure.cost($0) >= plan.measure.cost(value) ? $0 : value } ?? value
    }
    for (other, trial) in try standing(data, findings) where arms?.contains(other) ?? true {
      for seed in findings.finished(trial) {
        if try findings[trial, seed, .comparedDivergence] == 0 { consider(try findings[trial, seed, measure]) }
        consider(try findings.ifMeasured(.constant(measure), of: trial, seed))
      }
    }
    return Values(trial: own, measure: measure, worst: worst ?? .nan)
  }

  /// The value of a measure at which a descent on a data set has arrived: what was asked for, or 90 % of the way from the
  /// constant prediction to the best arm, both as means over the tuning seeds that all trials have seen; nil where no arm beats that
  /// prediction.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended.
  package func target(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> Double? {
    if let target = configuration.target { return target }
    let plan = try plan()
    // Whose minimum is known, that is where a descent is to arrive.
    guard plan.measure.part != .function || plan.measure.tag == ComparedMeasure.value else {
      return FunctionTask.arrived
    }
    let trials = try standing(data, findings).map(\.trial)
    let first = tuningSeeds.count
    guard let best = try trials.map({ try scored($0, findings).mean(first: first) }).min() else { return nil }
    let constants = try tuningSeeds.compactMap {
      try findings.ifMeasured(.constant(.choosing(plan.measure)), of: trials[0], $0)
    }
    let start = plan.measure.cost(constants.reduce(0, +) / Double(max(constants.count, 1)))
    guard start.isFinite, best < start else { return nil }
    let cost = start + 0.9 * (best - start)
    return plan.measure.isLower ? cost : -cost
  }

  /// The gradients that an update of the chosen setting of an arm asks for, as a budget of gradients counts them; nil while none is chosen.
  func gradientsOfUpdate(_ data: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> Double? {
    guard case let trial?? = try findings.ifFinished({ try chosen(data, arm, findings) }) else { return nil }
    func found(_ measure: Measure) throws -> Double? {
      try findings.ifMeasured(measure, of: trial, tuningSeeds[0])
    }
    guard let updates = try found(.comparedUpdates), let gradients = try found(.comparedGradients),
      let losses = try found(.comparedLosses), updates > 0
    else { return nil }
    return (gradients + losses / 3) / updates
  }

  /// What a descent had used when it arrived.
  struct Arrival {
    var updates: Double
    var samples: Double
    var gradients: Double
    var losses: Double
    var seconds: Double
    /// Gradients and losses together, as a budget of gradients counts them.
    var cost: Double { gradients + losses / 3 }
  }

  /// Whether descents on functions have measured when they arrived at the target.
  func knowsArrivals() throws -> Bool {
    switch try plan().measure.tag {
    case ComparedMeasure.arrival: true
    case ComparedMeasure.gap: configuration.target ?? FunctionTask.arrived == FunctionTask.arrived
    default: false
    }
  }

  /// When the chosen setting of an arm first showed the target at a look; nil where it never did.
  func arrival(
    _ trial: ComparisonTrial, _ seed: Int, at target: Double?, _ findings: Findings<ComparisonTrial>
  ) throws -> Arrival? {
    guard let target else { return nil }
    let plan = try plan()
    if try knowsArrivals() {
      guard try findings[trial, seed, .comparedDivergence] == 0,
        let updates = try findings.ifMeasured(.arrivalUpdates, of: trial, seed)
      else { return nil }
      let all = max(try findings[trial, seed, .comparedUpdates], 1)
      func used(_ measure: Measure) throws -> Double { try findings[trial, seed, measure] * max(updates, 1) / all }
      return Arrival(
        updates: updates, samples: try used(.comparedSamples), gradients: try used(.comparedGradients),
        losses: try used(.comparedLosses), seconds: try used(.seconds))
    }
    let looks = findings.records("look", of: trial, seed)
    guard let look = try looks.first(where: { plan.measure.reaches(try $0[.choosing(plan.measure.followed)], target) })
    else { return nil }
    let (all, step) = (try findings[trial, seed, .comparedUpdates], Double(max(look.step, 1)))
    func used(_ measure: Measure) throws -> Double { try findings[trial, seed, measure] * step / max(all, 1) }
    return Arrival(
      updates: step, samples: try used(.comparedSamples), gradients: try used(.comparedGradients),
      losses: try used(.comparedLosses), seconds: try look[.seconds])
  }
}
