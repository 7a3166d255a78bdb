import Arrays
import Compilation
import Models

/// How one learns from several contexts.
public enum ContextJoining: String, Sendable, CaseIterable, Codable {
  /// A step on the loss of all of them.
  case batched
  /// A step on each, one after the other.
  case sequential
}

extension ConditionScorer {
  /// The scores of tasks after learning from their own context and from others.
  ///
  /// - Parameters:
  ///   - others: for each task, further contexts, of one number; each stands before the task's own where they are
  ///     learned from one after the other.
  ///   - parameters: by the paths of `types`.
  /// - Throws: `LanguageModelError` where a task or context does not fit into the shape.
  public func scores(
    _ joining: ContextJoining, _ tasks: [ContextTask], among others: [[[Int32]]], _ parameters: Tree<NDArray>
  ) throws -> [AnswerScore] {
    precondition(tasks.count == others.count && Set(others.map(\.count)).count <= 1, "as many contexts for each task")
    let program = try contextsProgram(joining, others.first?.count ?? 0)
    return try zip(tasks, others).map { task, others in
      let further = try others.flatMap { context in
        var other = task
        other.context = context
        let all = try arguments(other)
        return Self.contextPositions(all.count).map { all[$0] }
      }
      return AnswerScore(try program.run(parameters.leaves + arguments(task) + further), of: task)
    }
  }

  /// Which of a task's arrays are about its context.
  private static func contextPositions(_ count: Int) -> [Int] { count == 6 ? [0, 1] : [0, 1, 6] }

  private func contextsProgram(_ joining: ContextJoining, _ others: Int) throws -> Program {
    let key = ContextsKey(joining: joining, others: others)
    if let known = contextsPrograms[key] { return known }
    let program = try tracedContextsProgram(joining, others)
    contextsPrograms[key] = program
    return program
  }

  private func tracedContextsProgram(_ joining: ContextJoining, _ others: Int) throws -> Program {
    let (paths, n, own) = (types.paths, types.count, prompted.types(shape))
    let places = Self.contextPositions(own.count)
    let further = (0..<others).flatMap { _ in places.map { own[$0] } }
    return try Program(inputs: types.leaves + own + further) { _, x in
      let start = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<n])))
      let arrays = Array(x[n..<n + own.count])
      var tasks = (0..<others).map { index in
        var mine = arrays
        for (k, place) in places.enumerated() { mine[place] = x[n + own.count + index * places.count + k] }
        return PromptedDecoder.Inputs(mine, of: prompted.decoder)
      }
      tasks.append(PromptedDecoder.Inputs(arrays, of: prompted.decoder))
      var point = start
      switch joining {
      case .batched:
        let all = PromptedDecoder.Inputs(joining: tasks)
        point = try adaptation(start) { try prompted.contextLoss(all, $0) }
      case .sequential:
        for task in tasks {
          let next = try adaptation(point) { try prompted.contextLoss(task, $0) }
          // What an adaptation reads and does not hand on, as rates, serves the next one too.
          point = Parameters(next.tree.merging(start.tree.filter { path, _ in next.tree[path] == nil }))
        }
      }
      return try results(tasks[others], point)
    }
  }
}
