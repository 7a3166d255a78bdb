/// How a model meets a question.
public enum Condition: String, Sendable, CaseIterable, Codable {
  /// The plain model, with the context before the question.
  case prompted
  /// The plain model, with the question alone.
  case noContext
  /// The plain model after a step on the context.
  case baseStep
  /// The trained model after a step on the context.
  case trainedStep
  /// The trained model without a step: what it learnt beside learning.
  case noStep
  /// The trained model after a step on another task's context.
  case irrelevantContext

  /// Whether the model descends a step on a context before it is asked.
  public var takesStep: Bool { self == .baseStep || self == .trainedStep || self == .irrelevantContext }
  /// Whether the parameters are those of the outer descent.
  public var isTrained: Bool { self == .trainedStep || self == .noStep || self == .irrelevantContext }
}

/// What a model made of one question.
public struct AnswerScore: Sendable, Hashable, Codable {
  /// Whether each token of the answer is the likeliest of the whole vocabulary.
  public var isExact: Bool
  /// In nats, of the whole answer.
  public var logProbability: Double
  /// That of the task; answers of one group are not independent.
  public var group: Int

  public init(isExact: Bool, logProbability: Double, group: Int) {
    (self.isExact, self.logProbability, self.group) = (isExact, logProbability, group)
  }
}
