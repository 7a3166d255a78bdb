/// A text to learn from, a question about it, and its answer, as tokens.
public struct ContextTask: Sendable, Hashable {
  /// What is learned from; may be empty.
  public var context: [Int32]
  /// What stands before the answer.
  public var query: [Int32]
  /// What is to come after the query, at least one token.
  public var answer: [Int32]
  /// Tasks of one group are not independent: about one passage, or with one name.
  public var group: Int

  public init(context: [Int32], query: [Int32], answer: [Int32], group: Int = 0) {
    (self.context, self.query, self.answer, self.group) = (context, query, answer, group)
  }

  /// The task whose question stands behind its context, with nothing left to learn from: what a prompt is.
  public var prompted: ContextTask {
    ContextTask(context: context, query: context + query, answer: answer, group: group)
  }
}

/// How long the sequences of tasks may be; shorter ones are padded, so that one program serves all.
public struct TaskShape: Sendable, Hashable {
  /// Tokens of the longest context, at least 2.
  public var context: Int
  /// Question and answer together.
  public var prompt: Int
  /// Tokens of the longest answer.
  public var answer: Int

  public init(context: Int, prompt: Int, answer: Int) {
    (self.context, self.prompt, self.answer) = (context, prompt, answer)
  }

  /// The smallest that holds all tasks; at least what the operations need.
  public init(holding tasks: [ContextTask]) {
    self.init(
      context: max(tasks.map(\.context.count).max() ?? 0, 2),
      prompt: max(tasks.map { $0.query.count + $0.answer.count }.max() ?? 0, 2),
      answer: max(tasks.map(\.answer.count).max() ?? 0, 1))
  }
}
