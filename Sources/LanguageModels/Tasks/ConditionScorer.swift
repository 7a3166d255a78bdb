import Arrays
import Compilation
import Models

/// Scores tasks under conditions: prompted, without context, after a step on it, after a step on another.
public final class ConditionScorer {
  /// Parameters after learning from a context whose loss is given: an inner loop.
  public typealias Adaptation = (Parameters, _ loss: (Parameters) throws -> Tensor) throws -> Parameters

  /// The room that each task is padded to.
  public let shape: TaskShape
  let prompted: PromptedDecoder
  private let trunk: FrozenTrunk?
  let adaptation: Adaptation
  let types: Tree<TensorType>
  /// By whether a step is taken and by the length of the prompt.
  private var programs: [Key: Program] = [:]

  private struct Key: Hashable {
    var takesStep: Bool
    var shape: TaskShape
  }

  /// Of learning from several contexts.
  var contextsPrograms: [ContextsKey: Program] = [:]

  struct ContextsKey: Hashable {
    var joining: ContextJoining
    var others: Int
  }

  /// - Parameters:
  ///   - trunk: below the decoder, where that does not take tokens.
  ///   - types: of the decoder's parameters, and of what else the adaptation reads.
  public init(
    _ prompted: PromptedDecoder, trunk: FrozenTrunk?, shape: TaskShape, types: Tree<TensorType>,
    adaptation: @escaping Adaptation
  ) {
    precondition(prompted.decoder.takesTokens == (trunk == nil), "a part of a model stands on a trunk")
    (self.prompted, self.trunk, self.shape, self.types) = (prompted, trunk, shape, types)
    self.adaptation = adaptation
  }

  /// A task as arguments of a program: its arrays, and the trunk's output.
  ///
  /// - Throws: `LanguageModelError` where the task does not fit into the shape.
  public func arguments(_ task: ContextTask, _ shape: TaskShape? = nil) throws -> [NDArray] {
    let arrays = try TaskArrays(task, shape ?? self.shape)
    guard let trunk else { return arrays.all }
    return arrays.all + [try trunk.output(arrays.context), try trunk.output(arrays.prompt)]
  }

  private func program(_ key: Key) throws -> Program {
    if let known = programs[key] { return known }
    let (paths, prompted, adaptation) = (types.paths, prompted, adaptation)
    let n = types.count
    let program = try Program(inputs: types.leaves + prompted.types(key.shape)) { _, x in
      let all = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<n])))
      let task = PromptedDecoder.Inputs(x[n...], of: prompted.decoder)
      var point = all
      if key.takesStep { point = try adaptation(all) { try prompted.contextLoss(task, $0) } }
      return try results(task, point)
    }
    programs[key] = program
    return program
  }

  /// What an `AnswerScore` is made of, traced.
  func results(_ task: PromptedDecoder.Inputs, _ point: Parameters) throws -> [Tensor] {
    let declared = Set(prompted.decoder.layout.entries.paths)
    let own = Parameters(point.tree.filter { path, _ in declared.contains(path) })
    let logits = try prompted.answerLogits(task, own)
    let score = prompted.score(task, logits)
    return [score.logProbability, score.isExact, logits.argumentOfMaximum()]
  }

  /// The scores of tasks under a condition.
  ///
  /// - Parameter parameters: of the plain model or of the trained one, as the condition wants; by the paths of `types`.
  /// - Throws: `LanguageModelError` where a task does not fit into the shape, or has no other to take an irrelevant
  ///   context from.
  public func scores(
    _ condition: PromptCondition, _ tasks: [ContextTask], _ parameters: Tree<NDArray>
  ) throws -> [AnswerScore] {
    try tasks.enumerated().map { index, task in
      var (asked, room) = (condition.isPrompted ? task.prompted : task, shape)
      if condition.isPrompted { room.prompt += shape.context }
      if condition.isMisled {
        guard let other = Self.stranger(to: index, among: tasks) else {
          throw LanguageModelError(
            "an irrelevant context needs a task of another group with another answer, and the \(tasks.count) tasks have none"
          )
        }
        asked.context = other.context
      }
      // Without a step there is nothing to learn from.
      if !condition.takesStep { (asked.context, room.context) = ([], 2) }
      let results = try program(Key(takesStep: condition.takesStep, shape: room))
        .run(parameters.leaves + arguments(asked, room))
      return AnswerScore(results, of: task)
    }
  }

  /// The next task of another group with another answer.
  static func stranger(to index: Int, among tasks: [ContextTask]) -> ContextTask? {
    (1..<max(tasks.count, 1)).lazy.map { tasks[(index + $0) % tasks.count] }
      .first { $0.group != tasks[index].group && $0.answer != tasks[index].answer }
  }
}

extension AnswerScore {
  /// From what a scorer's program gives.
  init(_ results: [NDArray], of task: ContextTask) {
    self.init(
      isExact: results[1].item == 1, logProbability: results[0].item,
      likeliest: Array(results[2].integers.prefix(task.answer.count)), group: task.group)
  }
}
