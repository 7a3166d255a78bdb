import Foundation
import LanguageModels
import MetaLearning
import Training

/// One arm on one seed, with all that is measured on it.
struct PromptingTask {
  let configuration: GradientPromptingConfiguration
  let arm: PromptingArm
  let seed: Int
  let grounds: PromptingGrounds
  /// Whether answers are recorded in words.
  let showsAnswers: Bool

  private typealias Kind = FictitiousFacts.Kind

  private var key: RandomKey { RandomKey(seed: seed) }

  func run(_ log: TaskLog<PromptingArm>) throws -> TaskOutcome {
    let start = log.elapsed
    let ground = try grounds.ground(seed)
    var values = arm.goal == nil ? try measurePlain(ground, log) : try teach(ground, log)
    values[.seconds] = log.elapsed - start
    return TaskOutcome(values, step: arm.goal == nil ? 0 : configuration.updates(of: arm))
  }

  private func test(_ ground: PromptingGround, _ kind: Kind) -> [ContextTask] {
    ground.tasks(configuration.data.test, .test, kind, key.split("test"))
  }

  private func tuning(_ ground: PromptingGround, _ kind: Kind) -> [ContextTask] {
    ground.tasks(configuration.data.tuning, .tuning, kind, key.split("tuning"))
  }

  // MARK: The plain model

  private func measurePlain(
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
      let step = try scorer.scores(.baseStep, test, ground.at(rate: rates.exact, ground.weights))
      let likely =
        rates.exact == rates.likely
        ? step : try scorer.scores(.baseStep, test, ground.at(rate: rates.likely, ground.weights))
      (values[.bestRate(kind, exact: true)], values[.bestRate(kind, exact: false)]) = (rates.exact, rates.likely)
      for (condition, scores) in [(PromptCondition.prompted, prompted), (.noContext, none)] {
        values[.exact(kind, condition)] = scores.exact
        values[.logProbability(kind, condition)] = scores.logProbability
      }
      values[.exact(kind, .baseStep)] = step.exact
      values[.logProbability(kind, .baseStep)] = likely.logProbability
      values[.taught(kind)] = prompted.exact - none.exact
      values[.left(kind)] = prompted.exact - step.exact
      if showsAnswers, kind == .description {
        try show(ground, test, [prompted, none, step], log)
      }
    }
    try several(
      ground, scorer, ground.at(rate: values[.bestRate(arm.kind, exact: true)]!, ground.weights), into: &values)
    for count in configuration.inner.moreSteps { try measurePlain(ground, steps: count, into: &values) }
    let error = try gradientError(ground)
    (values[.gradientError], values[.curvatureShare]) = (error.error, error.share)
    return values
  }

  /// The plain model after more steps, with a best rate of its own.
  private func measurePlain(_ ground: PromptingGround, steps: Int, into values: inout [Measure: Double]) throws {
    let (scorer, test) = (try ground.scorer(steps: steps), test(ground, arm.kind))
    let rates = Self.best(try tried(scorer, ground, arm.kind, ground.weights))
    let exact = try scorer.scores(.baseStep, test, ground.at(rate: rates.exact, ground.weights))
    let likely =
      rates.exact == rates.likely
      ? exact : try scorer.scores(.baseStep, test, ground.at(rate: rates.likely, ground.weights))
    values[.exact(afterSteps: steps)] = exact.exact
    values[.logProbability(afterSteps: steps)] = likely.logProbability
  }

  private typealias Tried = [(rate: Double, scores: [AnswerScore])]

  /// Scores after a step at each rate, on tuning questions.
  private func tried(
    _ scorer: ConditionScorer, _ ground: PromptingGround, _ kind: Kind, _ weights: Tree<NDArray>
  ) throws -> Tried {
    let tuning = tuning(ground, kind)
    return try configuration.inner.triedRates.map { rate in
      (rate, try scorer.scores(.trainedStep, tuning, ground.at(rate: rate, weights)))
    }
  }

  /// The best rates by exact answers and by log-probability.
  private static func best(_ found: Tried) -> (exact: Double, likely: Double) {
    func best(_ score: ([AnswerScore]) -> Double) -> Double { found.max { score($0.scores) < score($1.scores) }!.rate }
    // Of equal shares of exact answers the likelier.
    return (best { $0.exact + 1e-6 * max($0.logProbability, -1e3) }, best(\.logProbability))
  }

  /// The best rates, with the scores of all recorded for the arm's own kind.
  private func sweep(
    _ scorer: ConditionScorer, _ ground: PromptingGround, _ kind: Kind, _ weights: Tree<NDArray>,
    into values: inout [Measure: Double]
  ) throws -> (exact: Double, likely: Double) {
    let found = try tried(scorer, ground, kind, weights)
    if kind == arm.kind {
      for (rate, scores) in found {
        values[exactByRate[rate]] = scores.exact
        values[logProbabilityByRate[rate]] = scores.logProbability
      }
    }
    return Self.best(found)
  }

  /// The outer gradient of one task at the plain model, against (1 - rate * Hessian) times that of first order.
  private func gradientError(_ ground: PromptingGround) throws -> (error: Double, share: Double) {
    let task = try ground.prepared(ground.tasks(1, .test, arm.kind, key.split("test")))[0]
    return try OuterGradient(ground, configuration.inner, like: task).compare(task)
  }

  /// Exact answers after learning from several contexts, of the arm's own kind.
  private func several(
    _ ground: PromptingGround, _ scorer: ConditionScorer, _ weights: Tree<NDArray>, into values: inout [Measure: Double]
  ) throws {
    let test = test(ground, arm.kind)
    // Facts about other things, of which the outer descent may have seen some.
    let pool = ground.tasks(400, .train, arm.kind, key.split("contexts"))
    for count in configuration.data.contexts {
      let others = try test.indices.map { try strangers(count - 1, to: test[$0], from: pool, at: $0) }
      for joining in ContextJoining.allCases {
        values[.exact(count, joining)] = try scorer.scores(joining, test, among: others, weights).exact
      }
    }
  }

  /// Contexts of tasks with other questions than this one and one another.
  private func strangers(_ count: Int, to task: ContextTask, from pool: [ContextTask], at start: Int) throws
    -> [[Int32]]
  {
    var (asked, found): (Set<[Int32]>, [[Int32]]) = ([task.query], [])
    for index in pool.indices where found.count < count {
      let other = pool[(7 * start + index) % pool.count]
      if asked.insert(other.query).inserted { found.append(other.context) }
    }
    guard found.count == count else {
      throw SettingsError(
        "data.contexts asks for \(count + 1) contexts about different things, and there are \(found.count + 1)")
    }
    return found
  }

  // MARK: Taught models

  private func teach(_ ground: PromptingGround, _ log: TaskLog<PromptingArm>) throws -> [Measure: Double] {
    let (outer, updates) = (configuration.outer, configuration.updates(of: arm))
    let tasks = try grounds.tasks(seed, arm.kind)
    let descent = try PromptingDescent(ground, arm, configuration, like: tasks[0], key: key.split("descent"))
    let scorer = try ground.scorer(steps: arm.steps ?? configuration.inner.steps)
    let watched = tuning(ground, arm.kind)
    var best = BestEpoch()
    if let saved = try log.checkpoints.latestWithMemory() {
      try descent.step.restore(saved.state)
      best = BestEpoch(saved.memory)
    }
    let order = key.split("order")
    var (sum, count, last) = (0.0, 0, Double.nan)
    let interval = max(1, outer.updates / outer.looks)
    for update in descent.step.step / outer.tasks..<updates {
      for index in update * outer.tasks..<(update + 1) * outer.tasks {
        // Each pass over the tasks in an order of its own.
        let (pass, place) = index.quotientAndRemainder(dividingBy: tasks.count)
        let task = tasks[order.split(pass).permutation(tasks.count)[place]]
        sum += try descent.advance(task)
        count += 1
      }
      guard (update + 1) % interval == 0 || update + 1 == updates else { continue }
      last = sum / Double(count)
      (sum, count) = (0, 0)
      let scores = try scorer.scores(
        .trainedStep, watched, ground.at(rate: configuration.inner.rate, try descent.parameters))
      best.consider(
        EvaluatedState(parameters: descent.step.state.parameters, modelState: Tree()), epoch: update + 1,
        loss: -scores.logProbability)
      try log.record(
        "outer", step: update + 1,
        [
          .outerLoss: last, .exact(arm.kind, .trainedStep): scores.exact,
          .logProbability(arm.kind, .trainedStep): scores.logProbability,
        ])
      log.show(update + 1, String(format: "loss %.3f, exact %.2f", last, scores.exact))
      if update + 1 < updates { try log.checkpoints.save(descent.step.state, memory: best.memory) }
    }
    // Of all looks the best one counts, by questions that decide nothing: a descent that goes on for too long learns the
    // training names by heart.
    let learnt = best.epoch > 0 ? best.weights.parameters : descent.step.state.parameters
    var values = try measureTaught(ground, scorer, try descent.parameters(with: learnt), log)
    (values[.outerLoss], values[.bestUpdate]) = (last, Double(best.epoch))
    return values
  }

  private func measureTaught(
    _ ground: PromptingGround, _ scorer: ConditionScorer, _ weights: Tree<NDArray>, _ log: TaskLog<PromptingArm>
  ) throws -> [Measure: Double] {
    var values: [Measure: Double] = [:]
    _ = try sweep(scorer, ground, arm.kind, weights, into: &values)
    let taught = ground.at(rate: configuration.inner.rate, weights)
    if arm == .conditioning { try several(ground, scorer, taught, into: &values) }
    for kind in configuration.data.kinds {
      let test = test(ground, kind)
      var all: [[AnswerScore]] = []
      for condition in PromptCondition.allCases where condition.isTrained {
        let scores = try scorer.scores(condition, test, taught)
        values[.exact(kind, condition)] = scores.exact
        values[.logProbability(kind, condition)] = scores.logProbability
        all.append(scores)
      }
      if showsAnswers, kind == .description { try show(ground, test, Array(all.prefix(3)), log) }
    }
    return values
  }

  /// Records the first ten questions with answers in words, as fields between tabulators.
  private func show(
    _ ground: PromptingGround, _ tasks: [ContextTask], _ scores: [[AnswerScore]], _ log: TaskLog<PromptingArm>
  ) throws {
    for index in 0..<min(10, tasks.count) {
      let (task, answers) = (tasks[index], scores.map { ground.text($0[index].likeliest) })
      let fields = [ground.text(task.context), ground.text(task.query), ground.text(task.answer)] + answers
      let clean = fields.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        .map { $0.isEmpty ? "(nothing)" : $0 }
      try log.record("answers", step: index, [:], text: clean.joined(separator: "\t"))
    }
  }

  // MARK: Time

  /// A few outer steps, timed and thrown away, and a piece of the reading.
  static func cost(
    _ arm: PromptingArm, _ configuration: GradientPromptingConfiguration, _ ground: PromptingGround
  ) throws -> TaskCost {
    let task = try ground.prepared(ground.tasks(1, .train, arm.kind, RandomKey(seed: 0)))[0]
    var model = arm
    if model.goal == nil { model.goal = .conditioning }
    let descent = try PromptingDescent(ground, model, configuration, like: task, key: RandomKey(seed: 0))
    _ = try descent.advance(task)
    let start = Date()
    for _ in 0..<3 { _ = try descent.advance(task) }
    let step = Date().timeIntervalSince(start) / 3
    let (data, inner) = (configuration.data, configuration.inner)
    // A score costs about a third of a step of the outer descent.
    let tried = inner.triedRates.count * data.tuning
    let further = arm.goal == nil ? inner.moreSteps.reduce(0, +) * (tried + 2 * data.test) : 0
    let scores = 5 * data.kinds.count * data.test + tried + further
    let steps = arm.goal == nil ? 0 : configuration.updates(of: arm) * configuration.outer.tasks
    return TaskCost(
      seconds: step * (Double(steps) + Double(scores) / 3), bytes: descent.step.program.workingByteCount)
  }
}

extension [AnswerScore] {
  /// The share of exact answers.
  var exact: Double { Double(self.count { $0.isExact }) / Double(Swift.max(count, 1)) }
  /// The mean, in nats.
  var logProbability: Double { map(\.logProbability).reduce(0, +) / Double(Swift.max(count, 1)) }
}
