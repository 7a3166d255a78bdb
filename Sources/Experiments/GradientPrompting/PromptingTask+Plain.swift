import LanguageModels
import MetaLearning
import Training

/// What is measured of the plain model.
extension PromptingTask {
  func measurePlain(
    _ ground: PromptingGround, _ log: TaskLog<PromptingArm>
  ) throws -> [Measure: Double] {
    var values: [Measure: Double] = [:]
    if let loss = ground.pretrainingLoss { values[.pretrainingLoss] = loss }
    let scorer = try ground.scorer(steps: configuration.inner.steps)
    for kind in configuration.data.kinds {
      let test = test(ground, kind)
      let plain = ground.at(rate: 1, ground.weights)
      let prompted = try scorer.scores(.prompted, test, plain)
      let none = try scorer.scores(.noContext, test, plain)
      // Its best rate, by either measure, on questions that decide nothing.
      let rates = try sweep(scorer, ground, kind, ground.weights, into: &values)
      let (step, likely) = try best(scorer, ground, test, rates)
      (values[.bestRate(kind, exact: true)], values[.bestRate(kind, exact: false)]) = (rates.exact, rates.likely)
      for (condition, scores) in [(PromptCondition.prompted, prompted), (.noContext, none), (.baseStep, step)] {
        values[.exact(kind, condition)] = exact(scores, of: test)
        values[.logProbability(kind, condition)] = scores.logProbability
      }
      values[.logProbability(kind, .baseStep)] = likely.logProbability
      values[.taught(kind)] = exact(prompted, of: test) - exact(none, of: test)
      values[.left(kind)] = exact(prompted, of: test) - exact(step, of: test)
      values[.taughtNats(kind)] = prompted.logProbability - none.logProbability
      values[.leftNats(kind)] = prompted.logProbability - likely.logProbability
      if showsAnswers, kind == .description {
        try show(ground, test, [prompted, none, step], log)
      }
    }
    try measureSeveral(
      ground, scorer, ground.at(rate: values[.bestRate(arm.kind, exact: true)]!, ground.weights), into: &values)
    for count in configuration.inner.moreSteps { try measurePlain(ground, steps: count, into: &values) }
    let error = try gradientError(ground)
    (values[.gradientError], values[.curvatureShare]) = (error.error, error.share)
    return values
  }

  /// The plain model after more steps, with a best rate of its own.
  private func measurePlain(_ ground: PromptingGround, steps: Int, into values: inout [Measure: Double]) throws {
    let scorer = try ground.scorer(steps: steps)
    let rates = Self.bestRates(try tried(scorer, ground, arm.kind, ground.weights))
    let test = test(ground, arm.kind)
    let (step, likely) = try best(scorer, ground, test, rates)
    values[.exact(afterSteps: steps)] = exact(step, of: test)
    values[.logProbability(afterSteps: steps)] = likely.logProbability
  }

  /// Test questions after the plain model's step, at the rate that is best by exact answers and by log-probability.
  private func best(
    _ scorer: ConditionScorer, _ ground: PromptingGround, _ test: [ContextTask], _ rates: Rates
  ) throws -> (exact: [AnswerScore], likely: [AnswerScore]) {
    let exact = try scorer.scores(.baseStep, test, ground.at(rate: rates.exact, ground.weights))
    guard rates.exact != rates.likely else { return (exact, exact) }
    return (exact, try scorer.scores(.baseStep, test, ground.at(rate: rates.likely, ground.weights)))
  }

  private typealias Rates = (exact: Double, likely: Double)
  private typealias Tried = [(rate: Double, exact: Double, logProbability: Double)]

  /// Scores after a step at each rate, on tuning questions.
  private func tried(
    _ scorer: ConditionScorer, _ ground: PromptingGround, _ kind: Kind, _ weights: Tree<NDArray>
  ) throws -> Tried {
    let tuning = tuning(ground, kind)
    return try configuration.inner.triedRates.map { rate in
      let scores = try scorer.scores(.trainedStep, tuning, ground.at(rate: rate, weights))
      return (rate, exact(scores, of: tuning), scores.logProbability)
    }
  }

  /// The best rates by exact answers and by log-probability.
  private static func bestRates(_ found: Tried) -> Rates {
    func best(_ score: (Tried.Element) -> Double) -> Double { found.max { score($0) < score($1) }!.rate }
    // Of equal shares of exact answers the likelier.
    return (best { $0.exact + 1e-6 * max($0.logProbability, -1e3) }, best { $0.logProbability })
  }

  /// The best rates, with the scores of all recorded for the arm's own kind.
  @discardableResult func sweep(
    _ scorer: ConditionScorer, _ ground: PromptingGround, _ kind: Kind, _ weights: Tree<NDArray>,
    into values: inout [Measure: Double]
  ) throws -> (exact: Double, likely: Double) {
    let found = try tried(scorer, ground, kind, weights)
    if kind == arm.kind {
      for (rate, exact, logProbability) in found {
        values[exactByRate[rate]] = exact
        values[logProbabilityByRate[rate]] = logProbability
      }
    }
    return Self.bestRates(found)
  }

  /// The outer gradient of one task at the plain model, against (1 - rate * Hessian) times that of first order.
  private func gradientError(_ ground: PromptingGround) throws -> (error: Double, share: Double) {
    let task = try ground.prepared(ground.tasks(1, .test, arm.kind, key.split("test")))[0]
    return try OuterGradient(ground, configuration.inner, like: task).compare(task)
  }
}
