import LanguageModels
import Training

extension Measure {
  package typealias Kind = FictitiousFacts.Kind

  /// The share of test questions whose answer is the likeliest of all words; of a text's continuations, the mean share of
  /// their tokens that are.
  package static func exact(_ kind: Kind, _ condition: PromptCondition) -> Measure {
    Measure("\(kind)/\(condition)/exact")
  }
  /// The mean log-probability of answers to test questions, in nats.
  package static func logProbability(_ kind: Kind, _ condition: PromptCondition) -> Measure {
    Measure("\(kind)/\(condition)/logProbability")
  }
  /// The share of exact answers after learning from several contexts, of which one is the question's.
  package static func exact(_ contexts: Int, _ joining: ContextJoining) -> Measure {
    Measure("contexts/\(contexts)/\(joining)/exact")
  }
  /// The mean log-probability after learning from several contexts, in nats.
  package static func logProbability(_ contexts: Int, _ joining: ContextJoining) -> Measure {
    Measure("contexts/\(contexts)/\(joining)/logProbability")
  }
  /// The share of exact answers about the first of several contexts that are learned from one after the other.
  package static func retained(_ contexts: Int) -> Measure { Measure("contexts/\(contexts)/sequential/first/exact") }
  /// The plain model's share of exact answers after another number of steps on a context, at its best rate.
  package static func exact(afterSteps count: Int) -> Measure { Measure("steps/\(count)/exact") }
  /// The mean log-probability after so many steps, at the rate that is best by it, in nats.
  package static func logProbability(afterSteps count: Int) -> Measure { Measure("steps/\(count)/logProbability") }
  /// What a prompt adds to the plain model's share of exact answers.
  package static func taught(_ kind: Kind) -> Measure { Measure("\(kind)/prompted-none") }
  /// How much more the plain model answers exactly with a prompt than after its best step.
  package static func left(_ kind: Kind) -> Measure { Measure("\(kind)/prompted-step") }
  /// What a prompt adds to the plain model's log-probability of answers, in nats.
  package static func taughtNats(_ kind: Kind) -> Measure { Measure("\(kind)/prompted-none/logProbability") }
  /// How much likelier the plain model's answers are with a prompt than after its best step, in nats.
  package static func leftNats(_ kind: Kind) -> Measure { Measure("\(kind)/prompted-step/logProbability") }
  /// The plain model's best rate of a step, by exact answers and by log-probability, on questions that are not the test's.
  static func bestRate(_ kind: Kind, exact: Bool) -> Measure {
    Measure("\(kind)/rate/\(exact ? "exact" : "logProbability")")
  }

  /// The outer update whose parameters count, the best on tuning questions.
  static let bestUpdate = Measure("outer/bestUpdate")
  static let outerLoss = Measure("outer/loss")
  static let pretrainingLoss = Measure("pretraining/loss")
  /// Of the second derivatives' part in the outer gradient, relative to the whole, at the plain model.
  static let curvatureShare = Measure("outer/curvature")
  /// How far the outer gradient is from (1 - rate * Hessian) times that of first order, relative to the second-order part.
  package static let gradientError = Measure("outer/gradientError")
}

/// Over rates of the step: tuning questions, the arm's own kind.
let exactByRate = MeasureFamily<Double>("byRate/", "/exact")
let logProbabilityByRate = MeasureFamily<Double>("byRate/", "/logProbability")
