import LanguageModels
import MetaLearning
import Training

/// Teaches a model to learn from a step: an outer descent on its answers after an inner one.
///
/// Tasks enter one after the other, and the chain takes their gradients together; so one program of one task serves any
/// number of them.
package struct PromptingDescent {
  package let step: TrainingStep
  private let frozen: Tree<NDArray>
  private let limit: RankLimit?

  package init(
    _ ground: PromptingGround, _ arm: PromptingArm, _ configuration: GradientPromptingConfiguration,
    like task: Tree<NDArray>, key: RandomKey
  ) throws {
    let (inner, outer) = (configuration.inner, configuration.outer)
    let updates = Double(configuration.updates(of: arm))
    let objective = MetaObjective(
      try InnerLoop(
        Chain { LearningRate(inner.rate) }, steps: arm.steps ?? inner.steps, derivative: arm.derivative,
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
          outer.tasks,
          then: Chain {
            ClipByGlobalNorm(outer.clip)
            Adam(beta2: 0.99)
            LearningRate(
              .warmUp(.updates(5), then: .linear(from: outer.rate, to: 0, over: .updates(updates))))
          })
      })
    let (prompted, goal) = (ground.prompted, arm.goal)
    step = try TrainingStep(
      Objective { point, inputs, _ in
        let rest = inputs.tree.subtree("frozen")
        let all = Parameters(limit.map { $0.changed(rest, by: point.tree) } ?? point.tree.merging(rest))
        return ObjectiveValue(try Self.loss(objective, goal, at: all, prompted, inputs))
      }, method: method, inputs: frozen.types.merging(task.types),
      from: try TrainingState(startingFrom: learnt, method: method), key: key)
  }

  /// The outer loss of one task.
  private static func loss(
    _ objective: MetaObjective, _ goal: PromptingArm.Goal?, at start: Parameters, _ prompted: PromptedDecoder,
    _ inputs: StepInputs
  ) throws -> Tensor {
    let names = PromptingGround.names(of: prompted.decoder)
    let task = PromptedDecoder.Inputs(try names.map { try inputs["task/" + $0] }, of: prompted.decoder)
    let teacher = try inputs["teacher"]
    return try objective.loss(at: start) {
      try prompted.contextLoss(task, $0)
    } query: {
      let logits = try prompted.answerLogits(task, $0)
      return goal == .labels
        ? AdaptedLoss.labels(logits, labels: task.labels, weights: task.weights)
        : AdaptedLoss.distillation(logits, teacher: teacher, weights: task.weights)
    }
  }

  /// One task; an update is made with the last of each number of them.
  ///
  /// - Returns: its outer loss.
  package func advance(_ task: Tree<NDArray>) throws -> Double { try step.advance(frozen.merging(task))[0] }

  /// All parameters as they are now.
  package var parameters: Tree<NDArray> { get throws { try parameters(with: step.state.parameters) } }

  /// All parameters, with other ones in place of those that are learnt.
  func parameters(with learnt: Tree<NDArray>) throws -> Tree<NDArray> {
    let rest = frozen.subtree("frozen")
    return try limit.map { try $0.changed(rest, by: learnt) } ?? learnt.merging(rest)
  }
}
