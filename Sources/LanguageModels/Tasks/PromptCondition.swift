/// How a model meets a question.
public enum PromptCondition: String, Sendable, CaseIterable, Codable {
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
  /// The trained model after a step on another task's context, with its own before the question: whether it still can be
  /// prompted.
  case promptedAfterStep

  /// Whether the model descends a step on a context before it is asked.
  public var takesStep: Bool {
    switch self {
    case .baseStep, .trainedStep, .irrelevantContext, .promptedAfterStep: true
    case .prompted, .noContext, .noStep: false
    }
  }

  /// Whether the parameters are those of the outer descent.
  public var isTrained: Bool {
    switch self {
    case .trainedStep, .noStep, .irrelevantContext, .promptedAfterStep: true
    case .prompted, .noContext, .baseStep: false
    }
  }

  /// Whether the context stands before the question.
  public var isPrompted: Bool { self == .prompted || self == .promptedAfterStep }
  /// Whether the step is on another task's context.
  public var isMisled: Bool { self == .irrelevantContext || self == .promptedAfterStep }
}

/// What a model made of one question.
public struct AnswerScore: Sendable, Hashable, Codable {
  /// Whether each token of the answer is the likeliest of the whole vocabulary.
  public var isExact: Bool
  /// In nats, of the whole answer.
  public var logProbability: Double
  /// The likeliest token at each place of the answer, those before it being given.
  public var likeliest: [Int32]
  /// That of the task; answers of one group are not independent.
  public var group: Int

  public init(isExact: Bool, logProbability: Double, likeliest: [Int32], group: Int) {
    (self.isExact, self.logProbability, self.likeliest, self.group) = (isExact, logProbability, likeliest, group)
  }
}
