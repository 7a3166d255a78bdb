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
  /// Rate of the inner steps; nil for the setting.
  package var rate: Double?
  /// What the outer change of each matrix is held to; nil for no limit.
  package var rank: Int?
  /// Whether it is of the model that is taught beside the small one.
  package var isBeside = false

  /// Contexts that it is taught to learn from together; it is asked about each.
  package var contexts = 1
  package var joining = ContextJoining.batched

  /// Whether no claim is about it.
  package var isFurther: Bool { steps != nil || rate != nil || contexts > 1 }

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
  package static let twoFacts = PromptingArm(description: "LC two facts", goal: .conditioning, kind: .twoFacts)

  package static func steps(_ count: Int) -> PromptingArm {
    PromptingArm(description: "LC \(count) steps", goal: .conditioning, steps: count)
  }

  package static func rate(_ rate: Double, _ derivative: InnerLoop.Derivative) -> PromptingArm {
    let order = derivative == .exact ? "" : " first order"
    return PromptingArm(
      description: "LC\(order) at rate \(rate)", goal: .conditioning, derivative: derivative, rate: rate)
  }

  /// The plain pre-trained model of this name, or the same taught by answers.
  package static func beside(_ name: String, _ goal: Goal?) -> PromptingArm {
    PromptingArm(description: "\(name) \(goal == nil ? base : labels)", goal: goal, isBeside: true)
  }

  package static func contexts(_ count: Int, _ joining: ContextJoining) -> PromptingArm {
    PromptingArm(
      description: "LC \(count) contexts \(joining)", goal: .conditioning, contexts: count, joining: joining)
  }
}
