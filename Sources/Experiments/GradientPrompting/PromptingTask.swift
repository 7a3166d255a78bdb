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

  typealias Kind = FictitiousFacts.Kind

  var key: RandomKey { RandomKey(seed: seed) }

  func run(_ log: TaskLog<PromptingArm>) throws -> TaskOutcome {
    let start = log.elapsed
    let ground = try grounds.ground(seed)
    var values = arm.goal == nil ? try measurePlain(ground, log) : try teach(ground, log)
    values[.seconds] = log.elapsed - start
    return TaskOutcome(values, step: arm.goal == nil ? 0 : configuration.updates(of: arm))
  }

  func test(_ ground: PromptingGround, _ kind: Kind) -> [ContextTask] {
    ground.tasks(configuration.data.test, .test, kind, key.split("test"))
  }

  func tuning(_ ground: PromptingGround, _ kind: Kind) -> [ContextTask] {
    ground.tasks(configuration.data.tuning, .tuning, kind, key.split("tuning"))
  }

  /// The share of exact answers; of a text's continuations, the mean share of their exact tokens.
  func exact(_ scores: [AnswerScore], of tasks: [ContextTask]) -> Double {
    guard configuration.readsText else { return scores.exact }
    let shares = zip(scores, tasks).map { score, task in
      Double(zip(score.likeliest, task.answer).filter { $0 == $1 }.count) / Double(max(task.answer.count, 1))
    }
    return shares.reduce(0, +) / Double(max(shares.count, 1))
  }

  // MARK: Taught models

  private func teach(_ ground: PromptingGround, _ log: TaskLog<PromptingArm>) throws -> [Measure: Double] {
    let (outer, updates) = (configuration.outer, configuration.updates(of: arm))
    let tasks = try grounds.tasks(seed, arm.kind)
    let order = TaskOrder(
      ground.tasks(tasks.count, .train, arm.kind, key.split("train")), contexts: arm.contexts, key: key.split("order"))
    let descent = try PromptingDescent(ground, arm, configuration, like: tasks[0], key: key.split("descent"))
    let scorer = try ground.scorer(steps: arm.steps ?? configuration.inner.steps)
    let watched = try several(tuning(ground, arm.kind), arm.contexts, ground)
    var best = BestEpoch()
    if let saved = try log.checkpoints.latestWithMemory() {
      try descent.step.restore(saved.state)
      best = BestEpoch(saved.memory)
    }
    var (sum, count, last) = (0.0, 0, Double.nan)
    let interval = max(1, outer.updates / outer.looks)
    let groups = outer.tasks / arm.contexts
    for update in descent.step.step / groups..<updates {
      for number in update * groups..<(update + 1) * groups {
        sum += try descent.advance(try order.group(number).map { tasks[$0] })
        count += 1
      }
      guard (update + 1) % interval == 0 || update + 1 == updates else { continue }
      last = sum / Double(count)
      (sum, count) = (0, 0)
      let scores = try look(scorer, watched, ground.at(rate: configuration.rate(of: arm), try descent.parameters))
      let exact = exact(scores, of: watched.tasks)
      best.consider(
        EvaluatedState(parameters: descent.step.state.parameters, modelState: Tree()), epoch: update + 1,
        loss: -scores.logProbability)
      try log.record(
        "outer", step: update + 1,
        [.outerLoss: last, watchedMeasures.exact: exact, watchedMeasures.likely: scores.logProbability])
      log.show(update + 1, String(format: "loss %.3f, exact %.2f", last, exact))
      if update + 1 < updates { try log.checkpoints.save(descent.step.state, memory: best.memory) }
    }
    // Of all looks the best one counts, by questions that decide nothing: a descent that goes on for too long learns the
    // training names by heart.
    let learnt = best.epoch > 0 ? best.weights.parameters : descent.step.state.parameters
    var values = try measureTaught(ground, scorer, try descent.parameters(with: learnt), log)
    (values[.outerLoss], values[.bestUpdate]) = (last, Double(best.epoch))
    return values
  }

  /// Tuning questions after what the arm is taught for: a step on one context, or on several.
  private func look(
    _ scorer: ConditionScorer, _ watched: Several, _ weights: Tree<NDArray>
  ) throws -> [AnswerScore] {
    arm.contexts > 1
      ? try watched.scores(arm.joining, scorer, weights) : try scorer.scores(.trainedStep, watched.tasks, weights)
  }

  private var watchedMeasures: (exact: Measure, likely: Measure) {
    arm.contexts > 1
      ? (.exact(arm.contexts, arm.joining), .logProbability(arm.contexts, arm.joining))
      : (.exact(arm.kind, .trainedStep), .logProbability(arm.kind, .trainedStep))
  }

  private func measureTaught(
    _ ground: PromptingGround, _ scorer: ConditionScorer, _ weights: Tree<NDArray>, _ log: TaskLog<PromptingArm>
  ) throws -> [Measure: Double] {
    var values: [Measure: Double] = [:]
    if arm.contexts == 1 { try sweep(scorer, ground, arm.kind, weights, into: &values) }
    let taught = ground.at(rate: configuration.rate(of: arm), weights)
    if arm == .conditioning || arm.contexts > 1 { try measureSeveral(ground, scorer, taught, into: &values) }
    for kind in configuration.data.kinds {
      let test = test(ground, kind)
      var all: [[AnswerScore]] = []
      for condition in PromptCondition.allCases where condition.isTrained {
        let scores = try scorer.scores(condition, test, taught)
        values[.exact(kind, condition)] = exact(scores, of: test)
        values[.logProbability(kind, condition)] = scores.logProbability
        all.append(scores)
      }
      if showsAnswers, kind == .description { try show(ground, test, Array(all.prefix(3)), log) }
    }
    return values
  }

  /// Records the first ten questions with answers in words, as fields between tabulators.
  func show(
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
    let together = Array(repeating: task, count: arm.contexts)
    _ = try descent.advance(together)
    let start = Date()
    for _ in 0..<3 { _ = try descent.advance(together) }
    let step = Date().timeIntervalSince(start) / 3
    let (data, inner) = (configuration.data, configuration.inner)
    // A score costs about a third of a step of the outer descent.
    let tried = inner.triedRates.count * data.tuning
    let further = arm.goal == nil ? inner.moreSteps.reduce(0, +) * (tried + 2 * data.test) : 0
    let scores = 5 * data.kinds.count * data.test + tried + further
    let steps = arm.goal == nil ? 0 : configuration.updates(of: arm) * configuration.outer.tasks / arm.contexts
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
