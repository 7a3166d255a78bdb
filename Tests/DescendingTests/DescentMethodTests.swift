import Compilation
import Descending
import TestSupport
import Testing

@Suite struct DescentMethodTests {
  static let methods = [
    "momentum 0.9 | rate 0.05", "sam 0.01 (rate 0.1)", "sam (momentum 0.9 | rate 0.02)",
    "newton (rate 1)", "newton 3 damping=0.1 tolerance=0.1 (rate 0.5)",
    "linesearch (rate 1)", "linesearch trials=20 (lbfgs | rate 1)",
    "linesearch shrink=0.3 trials=5 (momentum 0.3 | rate 0.5)",
  ]

  private func run(_ text: String, _ problem: TestProblem, _ type: ElementType = .float64) throws -> DescentRun {
    func make(_ method: some DescentMethod) throws -> DescentRun {
      try DescentRun(method, from: problem.start.map { $0.converted(to: type) }) { problem.loss($0) }
    }
    return try make(try DescentMethodKind.parse(text))
  }

  @Test(arguments: methods)
  func everyMethodConforms(_ text: String) throws {
    for problem in TestProblem.all {
      let descent = try run(text, problem)
      try descent.run(1000)
      #expect(descent.losses.last! < 0.05 * descent.losses[0], "\(text) on \(problem.name)")
      #expect(!descent.readings.values.contains { !$0.isFinite })
    }
    for type in [ElementType.float32, .float64] {
      let (whole, part, other) = try (run(text, .bowl, type), run(text, .bowl, type), run(text, .bowl, type))
      try whole.run(12)
      try part.run(5)
      try other.restore(part.parameters, part.state, steps: 5)
      try other.run(7)
      #expect(whole.parameters == other.parameters && whole.state == other.state)
      #expect(whole.parameters.types == TestProblem.bowl.start.map { $0.converted(to: type) }.types)
    }
  }

  @Test(arguments: methods)
  func descriptionsCanBeReadAgain(_ text: String) throws {
    let method = try DescentMethodKind.parse(text)
    #expect(try DescentMethodKind.parse(method.description).description == method.description)
  }

  @Test func everyKindIsTested() {
    for kind in DescentMethodKind.all { #expect(Self.methods.contains { $0.hasPrefix(kind.name) }) }
  }

  @Test func callsAreCounted() throws {
    let plain = try run("rate 0.1", .bowl).calls
    #expect(plain.gradients == 1 && plain.losses == 0 && plain.samples == 10)
    let aware = try run("sam (rate 0.1)", .bowl).calls
    #expect(aware.gradients == 2 && aware.samples == 20)
    let searching = try run("linesearch trials=3 (rate 0.1)", .bowl).calls
    #expect(searching.gradients == 1 && searching.losses == 3 && searching.samples == 40)
  }

  /// On (x - 1)^2 / 2 at 3 the gradient is 2, the second point 3 + radius, and the step -0.1 (2 + radius).
  @Test func sharpnessAwareFollowsTheGradientNearby() throws {
    let descent = try run("sam 0.5 (rate 0.1)", .parabola)
    try descent.run(1)
    // Rates and readings are float32.
    #expect(abs(descent.parameters["x"]!.item - 2.75) < rounding(.float32, terms: 1, scale: 0.25))
    let sharpness = 0.5 * 2.5 * 2.5 - 2
    #expect(
      abs(descent.readings["optimizer/sharpness"]! - sharpness) < rounding(.float32, terms: 1, scale: sharpness))
    #expect(abs(descent.losses[0] - 2) < rounding(terms: 3, scale: 2))
  }

  /// From 3 on the parabola a rate of 8 must be halved to 2 or less (L(-1) = L(3) does not suffice, so to 1).
  @Test func theSearchTakesTheFirstLengthThatFits() throws {
    let descent = try run("linesearch (rate 8)", .parabola)
    try descent.run(1)
    #expect(descent.readings["optimizer/stepFraction"] == 0.125)
    #expect(abs(descent.parameters["x"]!.item - 1) < rounding(.float32, terms: 1, scale: 2))
    let stuck = try run("linesearch trials=2 (rate 8)", .parabola)
    try stuck.run(1)
    #expect(stuck.readings["optimizer/stepFraction"] == 0 && stuck.parameters == TestProblem.parabola.start)
  }

  /// The running values of the model are those of the first evaluation.
  @Test func onlyTheFirstEvaluationMovesTheModelState() throws {
    let states = try Evaluation.compiled.run([NDArray(3.0)]) { graph, x in
      let time = graph.fill(0, TensorType(.scalar))
      let problem = DescentProblem(counters: Counters(updates: time, samples: time, epochs: time)) { p in
        (ObjectiveValue(p["x"]!.squared), ["seen": p["x"]!])
      }
      _ = try SharpnessAware(radius: 1, Chain { LearningRate(0.1) })
        .step(from: Parameters(Tree(["x": x[0]])), state: Tree(), on: problem)
      return [problem.modelState!["seen"]!]
    }
    #expect(states[0].item == 3)
  }

  @Test func hessianProductsAreExact() throws {
    let product = try Evaluation.compiled.run([NDArray([1.0, 2.0])]) { graph, x in
      let time = graph.fill(0, TensorType(.scalar))
      let problem = DescentProblem(counters: Counters(updates: time, samples: time, epochs: time)) { p in
        (ObjectiveValue((p["x"]!.squared * p["x"]!).sum()), Tree())
      }
      let direction = Updates(Tree(["x": graph.constant(NDArray([1.0, -1.0]))]))
      let result = try problem.hessianProduct(at: Parameters(Tree(["x": x[0]])), along: direction)
      #expect(problem.calls.hessianProducts == 1 && problem.calls.samples == 1)
      return [result["x"]!]
    }
    #expect(product[0].doubles == [6, -12])
  }

  @Test(arguments: [
    ("sam 0.1", "needs chain"), ("sam (momentum 0.9)", "never steps"), ("sam (rate 0.1) | rate 0.1", "parentheses"),
    ("sam -1 (rate 1)", "positive"), ("linesearch (rat 0.1)", "did you mean rate"),
    ("linesearch shrnk=0.4 (rate 1)", "did you mean shrink"), ("momentum 0.9", "never steps"),
  ])
  func mistakesAreNamed(_ text: String, _ hint: String) {
    do {
      _ = try run(text, .parabola)
      Issue.record("\(text) was accepted")
    } catch { #expect("\(error)".contains(hint), "\(error)") }
  }
}
