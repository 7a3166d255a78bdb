/// Different transformations for different parameters, by path pattern: every parameter must match exactly one rule.
public struct Grouped: GradientTransformation {
  public let rules: [(pattern: String, transformation: any GradientTransformation)]

  public init(_ rules: [(pattern: String, transformation: any GradientTransformation)]) { self.rules = rules }

  public var requirements: Requirements { rules.reduce([]) { $0.union($1.transformation.requirements) } }
  public var description: String {
    "groups(" + rules.map { "\($0.pattern): \($0.transformation)" }.joined(separator: "; ") + ")"
  }

  /// The rule of each path.
  /// - Throws: `DescentError` for a path that matches none or several, or a rule without a path.
  public func assignment(of paths: [String]) throws -> [Int] {
    let result = try paths.map { path -> Int in
      let matching = rules.indices.filter { PathPattern(rules[$0].pattern).matches(path) }
      guard matching.count == 1 else {
        let names = matching.map { rules[$0].pattern }.joined(separator: ", ")
        throw DescentError(
          matching.isEmpty
            ? "no group takes the parameter \(path)" : "the groups \(names) all take the parameter \(path)")
      }
      return matching[0]
    }
    for index in rules.indices where !result.contains(index) {
      throw DescentError("the group \(rules[index].pattern) takes no parameter")
    }
    return result
  }

  private func members(_ paths: [String], _ assignment: [Int], _ rule: Int) -> Set<String> {
    Set(zip(paths, assignment).filter { $0.1 == rule }.map(\.0))
  }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    let assignment = try assignment(of: parameters.paths)
    return try rules.indices.reduce(Tree()) { state, rule in
      let inside = members(parameters.paths, assignment, rule)
      let part = try rules[rule].transformation.initialState(
        for: parameters.filter { path, _ in inside.contains(path) })
      return state.merging(part.prefixed("group\(rule)"))
    }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let assignment = try assignment(of: updates.paths)
    let parameters = requirements.contains(.parameters) ? try context.parameters() : nil
    var merged = Tree<Tensor>()
    var next = Tree<Tensor>()
    for (rule, entry) in rules.enumerated() {
      let inside = members(updates.paths, assignment, rule)
      let result = try context.run(
        entry.transformation, Updates(updates.tree.filter { path, _ in inside.contains(path) }),
        state.subtree("group\(rule)"),
        parameters: parameters.map { Parameters($0.tree.filter { path, _ in inside.contains(path) }) })
      merged = merged.merging(result.updates.tree)
      next = next.merging(result.state.prefixed("group\(rule)"))
    }
    return (Updates(merged), next)
  }
}

/// Means gradients over several micro-batches before the inner transformation sees them: k micro-batches equal one
/// batch of their union. Steps in between are zero.
public struct Accumulate: GradientTransformation {
  public let count: Int
  public let inner: any GradientTransformation

  public init(_ count: Int, then inner: any GradientTransformation) {
    self.count = count
    self.inner = inner
  }

  public var requirements: Requirements { inner.requirements }
  public var description: String { "accumulate(\(count), \(inner))" }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.map { NDArray.zeros($0.shape, $0.elementType) }.prefixed("sum")
      .merging(try inner.initialState(for: parameters).prefixed("inner"))
      .merging(Tree(["count": NDArray(Float(0)), "updates": NDArray(Float(0))]))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let sum = Updates(state.subtree("sum")) + updates
    let seen = state["count"]! + 1
    let full = seen .>= Double(count)
    let updatesMade = state["updates"]!
    let before = state.subtree("inner")
    // The inner transformation counts its own updates.
    var local = UpdateContext(
      counters: Counters(updates: updatesMade, samples: context.counters.samples, epochs: context.counters.epochs),
      parameters: requirements.contains(.parameters) ? try context.parameters() : nil,
      loss: requirements.contains(.loss) ? try context.loss() : nil,
      key: requirements.contains(.randomness) ? try context.key() : nil)
    let result = try local.run(inner, (1 / Double(count)) * sum, before)
    for (tag, reading) in local.readings { context.read(tag, reading) }
    func chosen(_ a: Tensor, _ b: Tensor) -> Tensor { select(full.broadcast(to: a.shape), a, b) }
    let next = before.zipped(with: result.state) { chosen($1, $0) }.prefixed("inner")
      .merging(sum.tree.map { chosen($0.filled(with: 0), $0) }.prefixed("sum"))
      .merging(
        Tree([
          "count": chosen(seen.filled(with: 0), seen), "updates": updatesMade + full.cast(to: .float32),
        ]))
    return (result.updates.map { chosen($0, $0.filled(with: 0)) }, next)
  }
}
