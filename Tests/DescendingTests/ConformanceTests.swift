import Descending
import TestSupport
import Testing

@Suite struct ConformanceTests {
  @Test(arguments: [
    "rate 0.1", "momentum 0.9 | rate 0.05", "momentum 0.9 nesterov=true | rate 0.05", "decay 1e-3 | rate 0.1",
    "adam | rate 0.02", "adam | decay 0.01 | rate 0.02", "rmsprop | rate 0.005", "adagrad | rate 0.3",
    "orthogonal | momentum 0.9 | rate 0.02", "orthogonal renormalize=false | rate 0.1", "clip 1 | rate 0.1",
    "clipvalue 0.5 | rate 0.1", "noise 0.01 | rate 0.1", "finite | rate 0.1", "scale 0.5 | rate 0.2",
    "rate cosine(0.2, 2000updates, 0.05)", "rate warmup(10updates, linear(0.2, 0.05, 1000updates))",
    "rate steps(0.2, 0.5, 5epochs)", "rate exponential(0.2, 0.9, 2000samples)",
  ])
  func everyTransformationConforms(_ text: String) throws {
    let failures = Conformance(transformation: try ChainParser.parse(text)).failures()
    // The projection removes a direction: on a bowl it converges only to where the gradient is radial.
    let expected = text.hasPrefix("orthogonal") ? failures.filter { !$0.hasPrefix("converges") } : failures
    #expect(expected.isEmpty, "\(text): \(expected)")
  }

  @Test func wrappersConform() {
    let inner = Chain {
      Momentum(0.9)
      LearningRate(0.05)
    }
    #expect(Conformance(transformation: Accumulate(2, then: inner)).failures() == [])
    let groups = Grouped([
      ("a/*", inner),
      (
        "?",
        Chain {
          Adam()
          LearningRate(0.02)
        }
      ),
    ])
    #expect(Conformance(transformation: groups).failures() == [])
  }

  @Test func everyKindIsCovered() {
    for kind in TransformationKind.all where kind.name != "sign" {
      #expect(kind.options.allSatisfy { !$0.summary.isEmpty })
    }
    #expect(TransformationKind.all.count == 13)
  }

  // A suite that cannot fail proves nothing: each of these is broken in one way.

  private struct Broken: GradientTransformation {
    enum Fault: CaseIterable { case forgetsState, stopsGradient, hidesNeed, changesType, climbs, infiniteReading }
    let fault: Fault
    var description: String { "broken: \(fault)" }
    var requirements: Requirements { [] }

    func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> { Tree(["time": NDArray(Float(0))]) }

    func apply(
      to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
    ) throws -> (updates: Updates, state: Tree<Tensor>) {
      let step = -0.1 * updates
      switch fault {
      case .forgetsState: return (step, Tree())
      case .stopsGradient: return (step.stoppingGradient, state)
      case .hidesNeed: return (-0.1 * Updates(try context.parameters().tree), state)
      case .changesType: return (step.map { $0.cast(to: $0.elementType == .float32 ? .float64 : .float32) }, state)
      case .climbs: return (-step, state)
      case .infiniteReading:
        context.read("broken", state["time"]!.reciprocal)
        return (step, state)
      }
    }
  }

  @Test func theSuiteCatchesBrokenOnes() {
    let expected: [Broken.Fault: String] = [
      .forgetsState: "changed the paths of its state", .stopsGradient: "differentiable",
      .hidesNeed: "without declaring",
      .changesType: "turned", .climbs: "converges", .infiniteReading: "readings",
    ]
    for fault in Broken.Fault.allCases {
      let failures = Conformance(transformation: Broken(fault: fault)).failures()
      #expect(failures.contains { $0.contains(expected[fault]!) }, "\(fault) passed: \(failures)")
    }
  }
}

@Suite struct GoldenTests {
  /// Printed by Scripts/make-optimizer-goldens.py with torch 2.13.0.
  @Test(
    arguments: [
      ("rate 0.1", [0.59049, -1.547561875, 0.98304]),
      ("momentum 0.9 | rate 0.1", [-0.02916, -0.834311875, -1.74126]),
      ("momentum 0.9 nesterov=true | rate 0.1", [-0.1045816839, -0.631884610131, -1.2471527424]),
      ("decay 0.1 | momentum 0.9 | rate 0.1", [-0.1035888391, -0.6350874368, -1.8426501123]),
      ("adam | rate 0.1", [0.507963661927, -1.50295578519, 2.50177945623]),
      ("adam | decay 0.1 | rate 0.1", [0.469952659619, -1.41556648379, 2.36527857324]),
      ("rmsprop | rate 0.1", [1.56935418899e-15, -0.0983101416819, 0.602513286804]),
      ("adagrad | rate 0.1", [0.697714862065, -1.68676159815, 2.68334009272]),
    ] as [(String, [Double])])
  func fiveStepsAgreeWithPyTorch(_ text: String, _ expected: [Double]) throws {
    let run = try DescentRun(try ChainParser.parse(text), from: Tree(["w": NDArray([1.0, -2.0, 3.0])])) { p in
      let w = p["w"]!
      return 0.5 * (w.graph.constant(NDArray([1.0, 0.5, 2.0])) * w.squared).sum()
    }
    try run.run(5)
    // Adam's corrections are float32 scalars.
    for (a, b) in zip(run.parameters["w"]!.doubles, expected) { #expect(abs(a - b) < 2e-7, "\(text): \(a) \(b)") }
  }
}

@Suite struct OrthogonalProjectionTests {
  private func step(_ projection: OrthogonalProjection, _ w: [Double], gradient: [Double]) throws -> [Double] {
    let run = try DescentRun(
      Chain {
        projection
        LearningRate(0.1)
      }, from: Tree(["w": NDArray(w)])
    ) { p in dot(p["w"]!, p["w"]!.graph.constant(NDArray(gradient))) }
    try run.run(1)
    return run.parameters["w"]!.doubles
  }

  /// |w'|^2 = |w|^2 + rate^2 |g'|^2, and g' is orthogonal to w.
  @Test func normsAddUp() throws {
    let (w, g) = ([3.0, 4.0, 0.0], [1.0, 0.0, 2.0])
    let plain = try step(OrthogonalProjection(renormalizes: false), w, gradient: g)
    let moved = zip(plain, w).map { $0 - $1 }
    #expect(abs(zip(moved, w).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-12)
    let square = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 } }
    #expect(abs(square(plain) - square(w) - square(moved)) < 1e-12)
    let scaled = try step(OrthogonalProjection(), w, gradient: g)
    let length = square(zip(scaled, w).map { $0 - $1 }).squareRoot()
    #expect(abs(length - 0.1 * square(g).squareRoot()) < 1e-12)
  }

  @Test func guardsAgainstParallelGradientsAndSingles() throws {
    #expect(try step(OrthogonalProjection(), [2.0], gradient: [1.0])[0] == 1.9)
    let parallel = try step(OrthogonalProjection(), [1.0, 2.0, 3.0], gradient: [0.1, 0.2, 0.3])
    for (a, b) in zip(parallel, [1.0, 2.0, 3.0]) { #expect(abs(a - b) < 1e-6) }
  }

  /// A weight followed by normalisation does not change the loss when scaled: the projection has nothing to remove.
  @Test func isIdentityOnScaleInvariantWeights() throws {
    func run(_ chain: Chain) throws -> [Double] {
      let x = RandomKey(seed: 1).normal([16, 3], .float64)
      let run = try DescentRun(chain, from: Tree(["w": RandomKey(seed: 2).normal([3, 4], .float64)])) { p in
        let graph = p["w"]!.graph
        let y = graph.constant(x).matmul(p["w"]!)
        let ones = graph.fill(1, TensorType([4], .float64))
        let z = batchNorm(y, scale: ones, shift: ones * 0, epsilon: 0).output
        return (tanh(z) * graph.constant(RandomKey(seed: 3).normal([16, 4], .float64))).sum()
      }
      try run.run(1)
      return run.parameters["w"]!.doubles
    }
    let plain = try run(Chain { LearningRate(0.01) })
    let projected = try run(
      Chain {
        OrthogonalProjection()
        LearningRate(0.01)
      })
    for (a, b) in zip(plain, projected) { #expect(abs(a - b) < 1e-9) }
  }
}

@Suite struct ChainParserTests {
  @Test(arguments: [
    ("momentom 0.9 | rate 0.1", "did you mean momentum"), ("rate", "needs value"), ("momentum 0.9", "never steps"),
    ("momentum decay=0.9 decay=0.8 | rate 1", "given twice"), ("rate cosin(0.1, 3epochs)", "did you mean cosine"),
    ("rate cosine(0.1, 3)", "no duration"), ("adam beta3=1 | rate 1", "did you mean beta"),
    ("rate fast", "no schedule"),
    ("momentum 0.9 nesterov=maybe | rate 1", "true or false"), ("rate 0.1 0.2", "no place"), (" | rate 1", "empty"),
  ])
  func mistakesAreNamed(_ text: String, _ hint: String) {
    do {
      _ = try ChainParser.parse(text)
      Issue.record("\(text) was accepted")
    } catch { #expect("\(error)".contains(hint), "\(error)") }
  }

  @Test func descriptionsCanBeReadAgain() throws {
    for text in [
      "orthogonal | decay 5e-4 | momentum 0.9 | rate warmup(5updates, cosine(0.1, 3epochs))", "clip 1 | rate 1",
    ] {
      let chain = try ChainParser.parse(text)
      #expect(try ChainParser.parse(chain.description).description == chain.description)
    }
  }

  @Test func groupsTakeEveryParameterOnce() throws {
    let rate = Chain { LearningRate(1) }
    #expect(throws: DescentError.self) { try Grouped([("a*", rate)]).assignment(of: ["a", "b"]) }
    #expect(throws: DescentError.self) { try Grouped([("a*", rate), ("*", rate)]).assignment(of: ["a", "b"]) }
    #expect(throws: DescentError.self) { try Grouped([("a*", rate), ("c", rate)]).assignment(of: ["a"]) }
    #expect(try Grouped([("a*", rate), ("b/?", rate)]).assignment(of: ["ax", "b/c"]) == [0, 1])
  }
}

@Suite struct ScheduleTests {
  @Test func tracedAndPlainValuesAgree() throws {
    let schedules: [Schedule] = [
      .constant(0.3), .linear(from: 1, to: 0.1, over: .updates(50)), .cosine(from: 1, over: .epochs(2)),
      .steps(1, factor: 0.5, every: .samples(1000)), .exponential(1, factor: 0.9, over: .epochs(1)),
      .warmUp(.updates(10), then: .cosine(from: 1, to: 0.1, over: .updates(100))),
    ]
    for schedule in schedules {
      for updates in [0, 5, 10, 20, 50, 99, 200] {
        let point = (Double(updates), Double(updates) * 50, Double(updates) / 25)
        let traced = try Evaluation.compiled.run(
          [NDArray(Float(point.0)), NDArray(Float(point.1)), NDArray(Float(point.2))]
        ) { _, x in [schedule.value(at: Counters(updates: x[0], samples: x[1], epochs: x[2]))] }[0].item
        let plain = schedule.value(updates: point.0, samples: point.1, epochs: point.2)
        #expect(abs(traced - plain) < 1e-5, "\(schedule) at \(updates): \(traced) \(plain)")
      }
    }
  }

  /// k micro-batches make the same step as one batch of their union.
  @Test func accumulationEqualsTheLargeBatch() throws {
    let x = RandomKey(seed: 1).normal([8, 3], .float64)
    func loss(_ p: Parameters, _ rows: Range<Int>) -> Tensor {
      let graph = p["w"]!.graph
      return (graph.constant(x.rows(rows)).matmul(p["w"]!) - 1).squared.mean()
    }
    let start = Tree(["w": NDArray.zeros([3, 1], .float64)])
    let inner = Chain {
      Momentum(0.9)
      LearningRate(0.1)
    }
    let whole = try DescentRun(inner, from: start) { loss($0, 0..<8) }
    try whole.run(1)
    let chain = Accumulate(2, then: inner)
    let first = try DescentRun(chain, from: start) { loss($0, 0..<4) }
    try first.run(1)
    #expect(first.parameters == start)
    let second = try DescentRun(chain, from: start) { loss($0, 4..<8) }
    second.restore(first.parameters, first.state, steps: 1)
    try second.run(1)
    for (a, b) in zip(whole.parameters["w"]!.doubles, second.parameters["w"]!.doubles) { #expect(abs(a - b) < 1e-12) }
  }
}
