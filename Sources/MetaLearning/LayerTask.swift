import Models

/// A task for a model of the user's: examples to adapt to, and examples to be judged by, traced.
public struct LayerTask {
  /// What is adapted on, `[examples, ...]`.
  public var supportInputs: Tensor
  /// As the loss takes them: classes `[examples]`, int32, or numbers.
  public var supportTargets: Tensor
  /// What adapted parameters are judged on, `[examples, ...]`.
  public var queryInputs: Tensor
  /// As the loss takes them.
  public var queryTargets: Tensor

  public init(supportInputs: Tensor, supportTargets: Tensor, queryInputs: Tensor, queryTargets: Tensor) {
    (self.supportInputs, self.supportTargets) = (supportInputs, supportTargets)
    (self.queryInputs, self.queryTargets) = (queryInputs, queryTargets)
  }
}

extension MetaObjective {
  /// The mean outer loss of a model over tasks.
  ///
  /// - Parameters:
  ///   - model: any layer; its running values are those of `state` and do not move.
  ///   - key: 2 x int32, for layers and chains with randomness.
  /// - Throws: `DescentError` for no task; `ModelError` or `ShapeError` where a task does not fit the model.
  public func loss(
    of model: any Layer, _ loss: LossFunction, at start: Parameters, state: Tree<Tensor> = Tree(), tasks: [LayerTask],
    key: Tensor? = nil
  ) throws -> Tensor {
    guard !tasks.isEmpty else { throw DescentError("an outer loss needs a task") }
    let losses = try tasks.map { task in
      try self.loss(at: start, key: key) { point in
        loss(try model(task.supportInputs, point, state: state, key: key).output, task.supportTargets)
      } query: { point in
        loss(try model(task.queryInputs, point, state: state, key: key).output, task.queryTargets)
      }
    }
    return losses.dropFirst().reduce(losses[0], +) * (1 / Double(losses.count))
  }
}
