import Compilation
import Descending

/// What every transformation must do; each check returns what is wrong, or nil.
public struct Conformance {
  private let transformation: any GradientTransformation
  private let problems: [TestProblem]

  /// - Parameter problems: where it must converge; the last one serves the other checks.
  public init(_ transformation: any GradientTransformation, problems: [TestProblem] = TestProblem.all) {
    self.transformation = transformation
    self.problems = problems
  }

  private var problem: TestProblem { problems.last! }

  public func failures() -> [String] {
    let checks: [(String, () throws -> String?)] = [
      ("requirements", declaresWhatItUses), ("converges", converges), ("element types", keepsTypes),
      ("deterministic", isDeterministic), ("save and restore", restoresBitwise), ("state", movesItsState),
      ("differentiable", isDifferentiable), ("rate factor", obeysTheRateFactor), ("readings", readsFiniteNumbers),
    ]
    return checks.compactMap { name, check in
      do { return try check().map { "\(name): \($0)" } } catch { return "\(name): \(error)" }
    }
  }

  private func run(_ problem: TestProblem, _ type: ElementType = .float64) throws -> DescentRun {
    try DescentRun(transformation, from: problem.start.map { $0.converted(to: type) }) { problem.loss($0) }
  }

  /// Steps unrolled in one graph, as the inner loop of meta-learning.
  private func unrolled(
    _ count: Int, _ graph: Graph, from start: Parameters, factor: Tensor
  ) throws -> (point: Parameters, state: Tree<Tensor>, used: Requirements) {
    var point = start
    var memory = try transformation.initialState(for: start.tree.map(\.type)).map { graph.constant($0) }
    var used: Requirements = []
    for step in 0..<count {
      let loss = problem.loss(point)
      let time = graph.fill(Double(step), TensorType(.scalar))
      var context = UpdateContext(
        counters: Counters(updates: time, samples: time, epochs: time), parameters: point, loss: loss,
        key: graph.constant(RandomKey(seed: step).array),
        hessianProduct: { Descending.hessianProduct(of: loss, at: point, along: $0) })
      context.rateFactor = factor
      let result = try context.run(transformation, gradients(of: loss, withRespectTo: point), memory)
      point = point.moved(by: result.updates)
      memory = result.state
      used = context.used
    }
    return (point, memory, used)
  }

  private func declaresWhatItUses() throws -> String? {
    let graph = Graph()
    let start = Parameters(problem.start.map { graph.constant($0) })
    let used = try unrolled(1, graph, from: start, factor: graph.fill(1, TensorType(.scalar))).used
    return used == transformation.requirements ? nil : "declares \(transformation.requirements) and uses \(used)"
  }

  private func converges() throws -> String? {
    for problem in problems {
      let descent = try run(problem)
      try descent.run(2500)
      let (first, last) = (descent.losses[0], descent.losses.suffix(50).reduce(0, +) / 50)
      if !(last < 0.05 * first) { return "\(problem.name) went from \(first) to \(last)" }
    }
    return nil
  }

  private func keepsTypes() throws -> String? {
    for type in [ElementType.float32, .float64] {
      let descent = try run(problem, type)
      let before = (descent.parameters.types, descent.state.types)
      try descent.run(3)
      if descent.parameters.types != before.0 || descent.state.types != before.1 { return "\(type) did not stay" }
    }
    return nil
  }

  private func isDeterministic() throws -> String? {
    let (a, b) = (try run(problem), try run(problem))
    try a.run(20)
    try b.run(20)
    return a.parameters == b.parameters && a.state == b.state ? nil : "two runs differ"
  }

  private func restoresBitwise() throws -> String? {
    for type in [ElementType.float32, .float64] {
      let (whole, part, other) = (try run(problem, type), try run(problem, type), try run(problem, type))
      try whole.run(20)
      try part.run(9)
      try other.restore(part.parameters, part.state, steps: 9)
      try other.run(11)
      if other.parameters != whole.parameters || other.state != whole.state { return "20 steps differ from 9 + 11" }
    }
    return nil
  }

  private func movesItsState() throws -> String? {
    let descent = try run(problem)
    let before = descent.state
    try descent.run(3)
    return before.isEmpty || descent.state != before || ignoresGoodSteps ? nil : "three steps left it as it was"
  }

  /// A counter of bad steps alone has nothing to count here.
  private var ignoresGoodSteps: Bool { transformation.description.hasPrefix("finite |") }

  /// Three unrolled steps, differentiated with respect to the start and the rate, against central differences.
  private func isDifferentiable() throws -> String? {
    // It says so itself.
    guard transformation.isDifferentiable else { return nil }
    let paths = problem.start.paths
    let error = try GradientCheck.worstError(
      of: { graph, x in
        let start = Parameters(Tree(sortedPaths: paths, leaves: Array(x.dropLast())))
        let end = try unrolled(3, graph, from: start, factor: x.last!)
        return [problem.loss(end.point)] + end.state.leaves.filter { $0.elementType == .float64 }
      }, at: problem.start.leaves + [NDArray(0.8)], step: 1e-6)
    return error < GradientCheck.tolerance(step: 1e-6) ? nil : "central differences differ by \(error)"
  }

  private func obeysTheRateFactor() throws -> String? {
    let start = problem.start
    let ends = try Evaluation.compiled.run(start.leaves) { graph, x in
      let point = Parameters(Tree(sortedPaths: start.paths, leaves: x))
      return try unrolled(3, graph, from: point, factor: graph.fill(0, TensorType(.scalar, .float64))).point.tree.leaves
    }
    return ends == start.leaves ? nil : "it moves at a rate of 0"
  }

  private func readsFiniteNumbers() throws -> String? {
    let descent = try run(problem)
    for step in 0..<3 {
      try descent.run(1)
      if descent.readings.isEmpty { return "there are none" }
      if let bad = descent.readings.first(where: { !$0.value.isFinite }) {
        return "\(bad.key) is \(bad.value) at step \(step)"
      }
    }
    return nil
  }
}
