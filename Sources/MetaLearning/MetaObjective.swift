import Models

/// What an outer descent descends on: how good the parameters are after an inner descent on each of several tasks.
///
/// ```swift
/// let maml = MetaObjective.maml(inner)
/// let loss = try maml.loss(at: point, support: { ... }, query: { ... })
/// ```
public struct MetaObjective: Sendable {
  /// What makes a start good.
  public enum Goal: String, Sendable, Hashable {
    /// The query loss at the adapted point (Finn, Abbeel, Levine 2017).
    case queryLoss
    /// The way from the start to the adapted point: its opposite serves as gradient (Nichol, Achiam, Schulman 2018).
    case displacement
  }

  /// The descent on each task.
  public let inner: InnerLoop
  /// What is asked of the point that it reaches.
  public let goal: Goal

  public init(_ inner: InnerLoop, goal: Goal = .queryLoss) {
    self.inner = inner
    self.goal = goal
  }

  /// Model-agnostic meta-learning (Finn et al. 2017).
  public static func maml(_ inner: InnerLoop) -> MetaObjective { MetaObjective(inner) }

  /// MAML whose inner loop moves only the last layer (Raghu et al. 2020).
  ///
  /// - Parameter head: a pattern over the paths of that layer's parameters, as "linear2/*".
  /// - Throws: `DescentError` where the steps are negative, or the chain makes no step.
  public static func anil(_ chain: Chain, steps: Int, head: String) throws -> MetaObjective {
    MetaObjective(try InnerLoop(chain, steps: steps, moving: .matching(head)))
  }

  /// Reptile: towards the point that k steps reach; no derivative of steps is taken. An outer rate of 1 with one task
  /// goes all the way.
  ///
  /// - Throws: `DescentError` where the steps are negative, or the chain makes no step.
  public static func reptile(_ chain: Chain, steps: Int) throws -> MetaObjective {
    MetaObjective(try InnerLoop(chain, steps: steps, derivative: .firstOrder), goal: .displacement)
  }

  /// One task's share of the outer loss.
  ///
  /// - Parameters:
  ///   - support: what the inner steps descend on.
  ///   - query: what the adapted parameters are judged by.
  /// - Throws: `DescentError` where no parameter is selected, or the chain does not fit.
  public func loss(
    at start: Parameters, key: Tensor? = nil, support: InnerLoop.Loss, query: InnerLoop.Loss
  ) throws -> Tensor {
    switch goal {
    case .queryLoss: return try inner.objective(at: start, key: key, support: support, query: query)
    case .displacement:
      let adapted = try inner.adapt(start, key: key, support: support)
      let value = try query(adapted)
      return scalar(value, withGradient: start.difference(from: adapted), at: start)
    }
  }
}

/// Losses of adapted predictions, each a scalar.
public enum AdaptedLoss {
  /// The weighted sum of cross-entropies against labels: learning from gold labels (LG of Zhang, Choshen, Andreas 2025).
  ///
  /// - Parameters:
  ///   - logits: [rows, classes].
  ///   - labels: [rows], int32.
  ///   - weights: [rows].
  public static func labels(_ logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor {
    (softmaxCrossEntropy(logits, labels: labels) * weights.cast(to: logits.elementType)).sum()
  }

  /// The weighted sum of divergences KL(teacher || student): learning to say after a step what the teacher says with the
  /// context before its eyes (LC of Zhang, Choshen, Andreas 2025).
  ///
  /// - Parameters:
  ///   - logits: of the student, [rows, classes].
  ///   - teacher: the teacher's logits, like the student's; constant.
  ///   - weights: [rows].
  public static func distillation(_ logits: Tensor, teacher: Tensor, weights: Tensor) -> Tensor {
    let target = logSoftmax(teacher.stoppingGradient)
    let divergence = (exp(target) * (target - logSoftmax(logits))).sum([-1])
    return (divergence * weights.cast(to: logits.elementType)).sum()
  }
}
