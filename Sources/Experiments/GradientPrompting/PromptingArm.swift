import LanguageModels
import MetaLearning

/// The plain model, or one that was taught to learn from a gradient step.
public struct PromptingArm: SweepArm {
  /// What the outer loss compares the model after the step with.
  package enum Goal: Sendable, Hashable {
    /// The plain model that has the context before its eyes (LC).
    case conditioning
    /// The answer (LG).
    case labels
  }

  public let description: String
  /// Nil for the plain model.
  package var goal: Goal?
  /// The order of words in the contexts that it is taught with.
  package var kind = FictitiousFacts.Kind.description
  package var derivative = InnerLoop.Derivative.exact
  /// Inner steps; nil for the setting.
  package var steps: Int?
  /// What the outer change of each matrix is held to; nil for no limit.
  package var rank: Int?

  /// Contexts that it is taught to learn from together; it is asked about each.
  package var contexts = 1
  package var joining = ContextJoining.batched

  /// Whether no claim is about it.
  package var isFurther: Bool { steps != nil || contexts > 1 }

  /// Arms beside the plain model and LC.
  public enum Other: String, Codable, Sendable, CaseIterable {
    case labels, firstOrder, rankOne

    var arm: PromptingArm {
      switch self {
      case .labels: .labels
      case .firstOrder: .firstOrder
      case .rankOne: .rankOne
      }
    }
  }

  package static let base = PromptingArm(description: "plain")
  package static let conditioning = PromptingArm(description: "LC", goal: .conditioning)
  package static let labels = PromptingArm(description: "LG", goal: .labels)
  package static let firstOrder = PromptingArm(
    description: "LC first order", goal: .conditioning, derivative: .firstOrder)
  package static let rankOne = PromptingArm(description: "LC rank 1", goal: .conditioning, rank: 1)
  package static let reversal = PromptingArm(description: "LC reversal", goal: .conditioning, kind: .reversal)

  package static func steps(_ count: Int) -> PromptingArm {
    PromptingArm(description: "LC \(count) steps", goal: .conditioning, steps: count)
  }

  package static func contexts(_ count: Int, _ joining: ContextJoining) -> PromptingArm {
    PromptingArm(
      description: "LC \(count) contexts \(joining)", goal: .conditioning, contexts: count, joining: joining)
  }
}
