import LanguageModels
import MetaLearning
import Training

/// Teaches a model to learn from a step: an outer descent on its answers after an inner one.
///
/// Tasks enter one after the other, or as many at a time as are learned from together, and the chain takes their gradients
/// together; so one program serves any number of them.
package struct PromptingDescent {
  package let step: TrainingStep
  private let frozen: Tree<NDArray>
  private let limit: RankLimit?

  /// - Parameter task: any, for its types.
  package init(
    _ ground: PromptingGround, _ arm: PromptingArm, _ configuration: GradientPromptingConfiguration,
    like task: Tree<NDArray>, key: RandomKey
  ) throws {
    let (inner, outer) = (configuration.inner, configuration.outer)
    let updates = configuration.updates(of: arm)
    let objective = MetaObjective(
      try InnerLoop(
        Chain { LearningRate(configuration.rate(of: arm)) }, steps: arm.steps ?? inner.steps,
        derivative: arm.derivative,
        moving: .matching(ground.moving)))
    let (limit, weights) = (arm.rank.map { RankLimit(rank: $0) }, ground.weights)
    let frozen = weights.filter { path, _ in limit != nil || !ground.isLearnt(path) }.prefixed("frozen")
    (self.limit, self.frozen) = (limit, frozen)
    let learnt =
      limit.map { $0.start(for: weights.filter { path, _ in ground.isLearnt(path) }, key: key.split("change")) }
      ?? weights.filter { path, _ in ground.isLearnt(path) }
    let method = GradientDescent(
      Chain {
        Accumulate(
          outer.tasks / arm.contexts,
          then: Chain {
            ClipByGlobalNorm(outer.clip)
            Adam(beta2: 0.99)
            LearningRate(
              .warmUp(
                .updates(Double(min(5, max(1, updates / 5)))),
                then: .linear(from: outer.rate, to: 0, over: .updates(Double(updates)))))
          })
      })
    let prompted = ground.prompted
    step = try TrainingStep(
      Objective { point, inputs, _ in
        let rest = inputs.tree.subtree("frozen")
        let all = Parameters(limit.map { $0.changed(rest, by: point.tree) } ?? point.tree.merging(rest))
        return ObjectiveValue(try Self.loss(objective, arm, at: all, prompted, inputs))
      }, method: method, inputs: frozen.types.merging(Self.named(Array(repeating: task.types, count: arm.contexts))),
      from: try TrainingState(startingFrom: learnt, method: method), key: key)
  }

  /// Tasks that are learned from together, as inputs of a step.
  private static func named<Leaf>(_ tasks: [Tree<Leaf>]) -> Tree<Leaf> {
    tasks.enumerated().reduce(Tree()) { $0.merging($1.element.prefixed("task\($1.offset)")) }
  }

  /// The mean outer loss of tasks that are learned from together: each is asked about after all contexts.
  private static func loss(
    _ objective: MetaObjective, _ arm: PromptingArm, at start: Parameters, _ prompted: PromptedDecoder,
    _ inputs: StepInputs
  ) throws -> Tensor {
    let names = PromptingGround.names(of: prompted.decoder)
    let tasks = try (0..<arm.contexts).map { index in
      PromptedDecoder.Inputs(try names.map { try inputs["task\(index)/task/" + $0] }, of: prompted.decoder)
    }
    let all = PromptedDecoder.Inputs(joining: tasks)
    let teacher = concatenate(try (0..<arm.contexts).map { try inputs["task\($0)/teacher"] }, axis: 0)
    let turns = arm.joining == .batched ? [all] : tasks
    let before = try turns.dropLast().reduce(start) { point, task in
      try objective.inner.adapt(point) { try prompted.contextLoss(task, $0) }
    }
    return try objective.loss(at: before) {
      try prompted.contextLoss(turns[turns.count - 1], $0)
    } query: {
      let logits = try prompted.answerLogits(all, $0)
      let loss =
        arm.goal == .labels
        ? AdaptedLoss.labels(logits, labels: all.labels, weights: all.weights)
        : AdaptedLoss.distillation(logits, teacher: teacher, weights: all.weights)
      return loss * (1 / Double(arm.contexts))
    }
  }

  /// Tasks that are learned from together, one where the arm is taught with one context; an update is made when as many
  /// have been seen as the configuration says.
  ///
  /// - Returns: their mean outer loss.
  package func advance(_ tasks: [Tree<NDArray>]) throws -> Double {
    try step.advance(frozen.merging(Self.named(tasks)))[0]
  }

  /// All parameters as they are now.
  package var parameters: Tree<NDArray> { get throws { try parameters(with: step.state.parameters) } }

  /// All parameters, with other ones in place of those that are learnt.
  func parameters(with learnt: Tree<NDArray>) throws -> Tree<NDArray> {
    let rest = frozen.subtree("frozen")
    return try limit.map { try $0.changed(rest, by: learnt) } ?? learnt.merging(rest)
  }
}
