import Models
import Training

extension Objective {
  /// The mean outer loss of a model over the tasks of a step, as what a `TrainingStep` descends on.
  ///
  /// Inputs are those of `taskInputs`. Learnt inner rates are among the parameters.
  /// - Parameters:
  ///   - model: any layer without running values that must move.
  ///   - tasks: how many the step is given.
  public static func metaLearning(
    _ meta: MetaObjective, of model: any Layer, _ loss: LossFunction, tasks: Int
  ) -> Objective {
    Objective { parameters, inputs, scope in
      let given = try (0..<tasks).map { index in
        let names = taskNames.map { "task\(index)/" + $0 }
        return LayerTask(
          supportInputs: try inputs[names[0]], supportTargets: try inputs[names[1]], queryInputs: try inputs[names[2]],
          queryTargets: try inputs[names[3]])
      }
      return ObjectiveValue(
        try meta.loss(
          of: model, loss, at: parameters, state: scope.state, tasks: given, key: try scope.randomKey()))
    }
  }

  private static let taskNames = ["supportInputs", "supportTargets", "queryInputs", "queryTargets"]

  /// The named inputs of a step from the four arrays, or the four types, of each task.
  /// - Throws: `DescentError` where a task has another number.
  public static func taskInputs<Leaf>(_ tasks: [[Leaf]]) throws -> Tree<Leaf> {
    var items: [(path: String, leaf: Leaf)] = []
    for (index, task) in tasks.enumerated() {
      guard task.count == taskNames.count else {
        throw DescentError("a task is support and query, inputs and targets each, and not \(task.count) arrays")
      }
      items += zip(taskNames, task).map { (path: "task\(index)/\($0)", leaf: $1) }
    }
    return Tree(items)
  }
}
