/// Different transformations for different parameters, by path patterns, joined by +: every parameter must match exactly one rule.
///
/// Readings carry the pattern of their group: "optimizer/learningRate[*/bias]".
public struct Grouped: NamedTransformation {
  /// A path pattern, and what is done to the parameters that match it.
  public typealias Rule = (pattern: String, transformation: any GradientTransformation)
  /// Together they match every parameter once.
  public let rules: [Rule]

  public init(_ rules: [Rule]) { self.rules = rules }

  public var requirements: Requirements { rules.reduce([]) { $0.union($1.transformation.requirements) } }
  public var makesStep: Bool { rules.contains { $0.transformation.makesStep } }
  public var presumesItsSteps: Bool { rules.contains { $0.transformation.presumesItsSteps } }
  public var bearsShorterSteps: Bool {
    rules.allSatisfy { !$0.transformation.presumesItsSteps || $0.transformation.bearsShorterSteps }
  }
  public var isDifferentiable: Bool { rules.allSatisfy(\.transformation.isDifferentiable) }

  public static let kind = TransformationKind(
    "groups", "different chains for different parameters",
    TransformationOption(
      "rules", .rules, "(pattern: chain; pattern: chain): each parameter matches exactly one"
    ) { (t: Grouped) in t.rules },
    examples: ["groups (a/*: momentum 0.9 | rate 0.05; ?: adam | rate 0.02)"]
  ) { Grouped($0) }

  /// The rule of each path.
  /// - Throws: `DescentError` for a path that matches none or several, or a rule without a path.
  public func assignment(of paths: [String]) throws -> [Int] {
    let result = try paths.map { path -> Int in
      let matching = matching(path)
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

  /// The rules that take a path; of a path that fits one.
  func matching(_ path: String) -> [Int] {
    rules.indices.filter { rule in
      rules[rule].pattern.split(separator: "+").contains { PathPattern(String($0)).matches(path) }
    }
  }

  /// One line for each path: the rule it follows.
  /// - Throws: as `assignment(of:)`.
  public func describeAssignment(of paths: [String]) throws -> String {
    zip(paths, try assignment(of: paths)).map { path, rule in
      "\(path): \(rules[rule].transformation) (\(rules[rule].pattern))"
    }.joined(separator: "\n")
  }

  private func part<Leaf>(_ tree: Tree<Leaf>, _ assignment: [Int], _ rule: Int) -> Tree<Leaf> {
    let inside = zip(zip(tree.paths, tree.leaves), assignment).filter { $0.1 == rule }.map(\.0)
    return Tree(sortedPaths: inside.map(\.0), leaves: inside.map(\.1))
  }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    let assignment = try assignment(of: parameters.paths)
    return try rules.indices.reduce(Tree()) { state, rule in
      let inner = try rules[rule].transformation.initialState(for: part(parameters, assignment, rule))
      return state.merging(inner.prefixed("group\(rule)"))
    }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let assignment = try assignment(of: updates.paths)
    let parameters = requirements.contains(.parameters) ? try context.parameters() : nil
    var merged = Tree<Tensor>()
    var next = Tree<Tensor>()
    try context.runParts(
      rules.enumerated().map { rule, entry in
        (
          name: entry.pattern,
          run: { context in
            let result = try context.run(
              entry.transformation, Updates(part(updates.tree, assignment, rule)), state.subtree("group\(rule)"),
              parameters: parameters.map { Parameters(part($0.tree, assignment, rule)) })
            merged = merged.merging(result.updates.tree)
            next = next.merging(result.state.prefixed("group\(rule)"))
          }
        )
      }, of: description)
    return (Updates(merged), next)
  }
}
