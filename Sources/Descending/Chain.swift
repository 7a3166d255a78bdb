/// Transformations one after the other, each on what the one before it gives.
///
/// ```swift
/// let optimizer = Chain { OrthogonalProjection(); WeightDecay(5e-4); Momentum(0.9); LearningRate(.constant(0.01)) }
/// ```
public struct Chain: GradientTransformation {
  /// In the order in which they are applied.
  public let stages: [any GradientTransformation]

  public init(_ stages: [any GradientTransformation]) { self.stages = stages }
  public init(@ChainBuilder _ stages: () -> [any GradientTransformation]) { self.stages = stages() }

  /// The chain that a text describes: `orthogonal | decay 5e-4 | momentum 0.9 nesterov=true | rate cosine(0.1, 5epochs)`.
  /// - Throws: `DescentError` naming the nearest known name.
  public init(_ text: String) throws { self = try ChainParser.parse(text) }

  public var requirements: Requirements { stages.reduce([]) { $0.union($1.requirements) } }
  public var makesStep: Bool { stages.contains(where: \.makesStep) }
  public var presumesItsSteps: Bool { stages.contains(where: \.presumesItsSteps) }
  public var bearsShorterSteps: Bool { stages.allSatisfy { !$0.presumesItsSteps || $0.bearsShorterSteps } }
  public var isDifferentiable: Bool { stages.allSatisfy(\.isDifferentiable) }
  /// Text that `init(_:)` reads again, where all stages are registered kinds.
  public var description: String { stages.map(\.description).joined(separator: " | ") }

  private func name(_ index: Int) -> String { "\(index / 10)\(index % 10)" }

  /// What one stage remembers, of what all of them do.
  package func state(of stage: Int, in state: Tree<NDArray>) -> Tree<NDArray> { state.subtree(name(stage)) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    for (index, stage) in stages.enumerated()
    where stage.presumesItsSteps && stages[...index].contains(where: \.makesStep) {
      let changing = stages[(index + 1)...].first {
        !($0 is MovingAverage) && !$0.makesStep && !($0 is Bounds && (stage is Bounds || stage is SoftThreshold))
      }
      guard let later = changing else { continue }
      throw DescentError(
        "\(later) stands behind \(stage), which takes for granted where its steps lead: put what changes steps before it"
      )
    }
    let isProximal = { (stage: any GradientTransformation) in stage is Bounds || stage is SoftThreshold }
    if let last = stages.lastIndex(where: isProximal),
      stages[..<last].contains(where: { $0.parts().contains { $0 is LBFGS } })
    {
      throw DescentError(
        "\(stages[last]) stands behind lbfgs, and would change its steps element by element, which leads elsewhere: use momentum or adam"
      )
    }
    for stage in stages { try (stage as? any NamedTransformation)?.checkNumbers(in: parameters) }
    return try stages.enumerated().reduce(Tree()) { state, stage in
      state.merging(try stage.element.initialState(for: parameters).prefixed(name(stage.offset)))
    }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var current = updates
    var next = Tree<Tensor>()
    for (index, stage) in stages.enumerated() {
      let result = try context.run(stage, current, state.subtree(name(index)))
      current = result.updates
      next = next.merging(result.state.prefixed(name(index)))
    }
    return (current, next)
  }
}

/// Collects the stages of a chain.
@resultBuilder public enum ChainBuilder {
  /// One stage.
  public static func buildExpression(_ stage: any GradientTransformation) -> [any GradientTransformation] { [stage] }
  /// Stages one after the other.
  public static func buildBlock(_ parts: [any GradientTransformation]...) -> [any GradientTransformation] {
    parts.flatMap { $0 }
  }
  /// The stages of an `if` without `else`.
  public static func buildOptional(_ part: [any GradientTransformation]?) -> [any GradientTransformation] { part ?? [] }
  /// The stages of an `if`.
  public static func buildEither(first: [any GradientTransformation]) -> [any GradientTransformation] { first }
  /// The stages of an `else`.
  public static func buildEither(second: [any GradientTransformation]) -> [any GradientTransformation] { second }
  /// The stages of a loop.
  public static func buildArray(_ parts: [[any GradientTransformation]]) -> [any GradientTransformation] {
    parts.flatMap { $0 }
  }
}
