import LanguageModels
import Training

/// Learning from several contexts, of which one, or each, is asked about.
extension PromptingTask {
  /// Scores of questions after learning from their own context and others.
  struct Several {
    let tasks: [ContextTask]
    let others: [[[Int32]]]

    /// Where contexts are learned from one after the other, a question's own is the last.
    func scores(
      _ joining: ContextJoining, _ scorer: ConditionScorer, _ weights: Tree<NDArray>
    ) throws -> [AnswerScore] { try scorer.scores(joining, tasks, among: others, weights) }

    /// What is left of the first context after a step on each of the others.
    func retained(_ scorer: ConditionScorer, _ weights: Tree<NDArray>) throws -> [AnswerScore] {
      var turned = self.tasks
      for index in turned.indices { turned[index].context = others[index][others[index].count - 1] }
      let before = zip(tasks, others).map { [$0.context] + $1.dropLast() }
      return try scorer.scores(.sequential, turned, among: before, weights)
    }
  }

  /// Questions, each with contexts about other things, of which the outer descent may have seen some.
  func several(_ tasks: [ContextTask], _ count: Int, _ ground: PromptingGround) throws -> Several {
    let pool = ground.tasks(400, .train, arm.kind, key.split("contexts"))
    return Several(
      tasks: tasks, others: try tasks.indices.map { try strangers(count - 1, to: tasks[$0], from: pool, at: $0) })
  }

  /// Answers to test questions after learning from several contexts, of the arm's own kind.
  func measureSeveral(
    _ ground: PromptingGround, _ scorer: ConditionScorer, _ weights: Tree<NDArray>, into values: inout [Measure: Double]
  ) throws {
    let test = test(ground, arm.kind)
    for count in configuration.contexts(of: arm) {
      let questions = try several(test, count, ground)
      for joining in configuration.joinings(of: arm) {
        let scores = try questions.scores(joining, scorer, weights)
        values[.exact(count, joining)] = exact(scores, of: test)
        values[.logProbability(count, joining)] = scores.logProbability
        if joining == .sequential {
          values[.retained(count)] = exact(try questions.retained(scorer, weights), of: test)
        }
      }
    }
  }

  /// Contexts of tasks that are unlike this one and one another.
  private func strangers(_ count: Int, to task: ContextTask, from pool: [ContextTask], at start: Int) throws
    -> [[Int32]]
  {
    var (apart, found) = (DifferentTasks(), [[Int32]]())
    _ = apart.takes(task)
    for index in pool.indices where found.count < count {
      let other = pool[(7 * start + index) % pool.count]
      if apart.takes(other) { found.append(other.context) }
    }
    guard found.count == count else {
      throw SettingsError(
        "data.contexts asks for \(count + 1) contexts about different things, and there are \(found.count + 1)")
    }
    return found
  }
}
