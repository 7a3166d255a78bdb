import Descending
import TestSupport
import Testing

@Suite struct WrapperTests {
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
    try second.restore(first.parameters, first.state, steps: 1)
    try second.run(1)
    // Sums of 8 rows and 3 columns.
    for (a, b) in zip(whole.parameters["w"]!.doubles, second.parameters["w"]!.doubles) {
      #expect(abs(a - b) < rounding(terms: 24))
    }
  }

  /// A loss scaled within micro-batches is that of the whole batch.
  @Test func accumulationMeansTheLoss() throws {
    func loss(_ p: Parameters, _ values: [Double]) -> Tensor {
      (p["w"]! - p["w"]!.graph.constant(NDArray(values))).squared.mean()
    }
    let start = Tree(["w": NDArray([0.0])])
    let inner = try Chain("losspower 1.5 | rate 0.1")
    let whole = try DescentRun(inner, from: start) { loss($0, [1, 3]) }
    try whole.run(1)
    let chain = Accumulate(2, then: inner)
    let (first, second) = (
      try DescentRun(chain, from: start) { loss($0, [1]) }, try DescentRun(chain, from: start) { loss($0, [3]) }
    )
    try first.run(1)
    try second.restore(first.parameters, first.state, steps: 1)
    try second.run(1)
    #expect(abs(whole.parameters["w"]!.doubles[0] - second.parameters["w"]!.doubles[0]) < rounding(terms: 24))
  }

  @Test func groupsTakeEveryParameterOnce() throws {
    let rate = Chain { LearningRate(1) }
    #expect(throws: DescentError.self) { try Grouped([("a*", rate)]).assignment(of: ["a", "b"]) }
    #expect(throws: DescentError.self) { try Grouped([("a*", rate), ("*", rate)]).assignment(of: ["a", "b"]) }
    #expect(throws: DescentError.self) { try Grouped([("a*", rate), ("c", rate)]).assignment(of: ["a"]) }
    #expect(try Grouped([("a*", rate), ("b/?", rate)]).assignment(of: ["ax", "b/c"]) == [0, 1])
  }

  /// Each group is what its chain alone would be, and reads under its own name.
  @Test func groupsDoNotTouchEachOther() throws {
    let problem = TestProblem.bowl
    let (slow, fast) = ("momentum 0.9 | rate 0.01", "adam | rate 0.1")
    func end(_ chain: String) throws -> DescentRun {
      let run = try DescentRun(try Chain(chain), from: problem.start) { problem.loss($0) }
      try run.run(5)
      return run
    }
    let (both, a, b) = (try end("groups (a/*: \(slow); ?: \(fast))"), try end(slow), try end(fast))
    #expect(both.parameters["a/matrix"] == a.parameters["a/matrix"])
    #expect(both.parameters["b"] == b.parameters["b"] && both.parameters["c"] == b.parameters["c"])
    for (group, rate) in [("a/*", 0.01), ("?", 0.1)] {
      let reading = both.readings["optimizer/learningRate[\(group)]"]!
      #expect(abs(reading - rate) < rounding(.float32, terms: 1, scale: rate))
    }
    let groups = try Grouped([("a/*", Chain(slow)), ("?", Chain(fast))])
    #expect(
      try groups.describeAssignment(of: ["a/matrix", "b"])
        == "a/matrix: \(try Chain(slow)) (a/*)\nb: \(try Chain(fast)) (?)")
  }

  /// A factor set before groups reaches the rate of each.
  @Test func theRateFactorReachesAllGroups() throws {
    let start = Tree(["a": NDArray([3.0]), "b": NDArray([3.0])])
    func end(_ chain: String) throws -> Tree<NDArray> {
      let run = try DescentRun(try Chain(chain), from: start) { $0["a"]!.squared.sum() + $0["b"]!.squared.sum() }
      try run.run(2)
      return run.parameters
    }
    let inside = try end("losspower 0.5 through=rate | groups (a: rate 0.1; b: momentum 0 | rate 0.1)")
    let plain = try end("losspower 0.5 through=rate | rate 0.1")
    #expect(inside == plain)
    #expect(inside["a"] == inside["b"])
  }

  /// A gradient that is not finite leaves parameters and inner state as they were.
  @Test func badStepsAreSkippedAndCounted() throws {
    let start = Tree(["w": NDArray([1.0, 2.0])])
    let chain = try Chain("finite (adam | rate 0.1)")
    let good = try DescentRun(chain, from: start) { $0["w"]!.squared.sum() }
    let bad = try DescentRun(chain, from: start) { sqrt($0["w"]! - 10).sum() }
    try good.run(2)
    try bad.restore(good.parameters, good.state, steps: 2)
    try bad.run(1)
    #expect(bad.parameters == good.parameters)
    #expect(bad.state.subtree("00/inner") == good.state.subtree("00/inner"))
    #expect(bad.readings["optimizer/skipped"] == 1)
    // The skipped update does not count for Adam's corrections either.
    let after = try DescentRun(chain, from: start) { $0["w"]!.squared.sum() }
    try after.restore(bad.parameters, bad.state, steps: 3)
    try after.run(1)
    try good.run(1)
    #expect(after.parameters == good.parameters)
  }

  /// The average is the plain mean at first, then exponential; its stage changes no step.
  @Test func averagesFollowTheirFormula() throws {
    let problem = TestProblem.parabola
    let run = try DescentRun(try Chain("rate 0.1 | average 0.7"), from: problem.start) { problem.loss($0) }
    let plain = try DescentRun(try Chain("rate 0.1"), from: problem.start) { problem.loss($0) }
    var expected = 0.0
    for step in 0..<8 {
      try run.run(1)
      try plain.run(1)
      let kept = min(0.7, Double(step) / Double(step + 1))
      expected = kept * expected + (1 - kept) * run.parameters["x"]!.item
      let average = MovingAverage.averages(in: run.state)
      #expect(average.paths == ["x"])
      // Weights are float32; earlier errors fade.
      #expect(abs(average["x"]!.item - expected) < rounding(.float32, terms: 2, scale: 3))
    }
    #expect(run.parameters == plain.parameters)
  }

  /// Order and count of rates are checked when a step is built.
  @Test(arguments: [
    ("rate 0.1 | rate 0.1", "second rate"), ("average 0.9 | rate 0.1", "after the rate"),
    ("rate 0.1 | losspower 2 through=rate", "no rate follows"),
    ("groups (x: losspower 2 through=rate) | rate 0.1", "no rate follows in that group"),
    ("accumulate 2 (rate 0.1) | rate 0.1", "second rate"), ("orthogonal only=y* | rate 1", "no parameter matches"),
    ("decay 0.1 except=y*+z | rate 1", "no parameter matches y*+z"),
  ])
  func chainsThatMakeNoSenseAreErrors(_ text: String, _ hint: String) throws {
    let problem = TestProblem.parabola
    do {
      _ = try DescentRun(try Chain(text), from: problem.start) { problem.loss($0) }
      Issue.record("\(text) was accepted")
    } catch { #expect("\(error)".contains(hint), "\(error)") }
  }

  /// What a descent does not provide is an error of tracing, not of the first step.
  @Test func missingProvisionsAreNamed() throws {
    for (chain, need) in [("decay 1 | rate 1", "parameters"), ("losspower 2 | rate 1", "loss"), ("noise 1", "random")] {
      let graph = Graph()
      let time = graph.fill(0, TensorType(.scalar))
      var context = UpdateContext(counters: Counters(updates: time, samples: time, epochs: time))
      do {
        let chain = try ChainConfiguration(chain).makeChain()
        _ = try context.run(chain, Updates(Tree(["w": graph.fill(1, TensorType([2]))])), Tree())
        Issue.record("\(chain) ran")
      } catch { #expect("\(error)".contains("does not provide") && "\(error)".contains(need), "\(error)") }
    }
  }

  /// Noise has the deviation that was asked for, and a stream for each path and step.
  @Test func noiseIsAStreamPerPathAndStep() throws {
    let start = Tree(["a": NDArray.zeros([4000], .float64), "b": NDArray.zeros([4000], .float64)])
    let run = try DescentRun(try Chain("noise 2 | rate 1"), from: start) { p in
      0 * (p["a"]!.sum() + p["b"]!.sum())
    }
    try run.run(1)
    let (a, b) = (run.parameters["a"]!.doubles, run.parameters["b"]!.doubles)
    let deviation = (a.reduce(0) { $0 + $1 * $1 } / 4000).squareRoot()
    // Four standard errors: 0.022 of a deviation and 0.063 of a product.
    #expect(abs(deviation - 2) < 0.1)
    #expect(abs(zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }) / 4000 < 0.3)
    try run.run(1)
    let c = zip(run.parameters["a"]!.doubles, a).map { $0 - $1 }
    #expect(abs(zip(a, c).reduce(0) { $0 + $1.0 * $1.1 }) / 4000 < 0.3)
  }

  /// Each column of a matrix's gradient has the mean zero; vectors are left alone.
  @Test func centralizationRemovesMeans() throws {
    let weights = NDArray([1.0, 2, 3, 4, 5, 9], shape: [3, 2])
    let run = try DescentRun(
      try Chain("centralize | rate 1"), from: Tree(["m": NDArray.zeros([3, 2], .float64), "v": NDArray([0.0, 0])])
    ) { p in (p["m"]! * p["m"]!.graph.constant(weights)).sum() + p["v"]!.sum() }
    try run.run(1)
    #expect(run.parameters["m"]!.doubles == [2, 3, 0, 1, -2, -4])
    #expect(run.parameters["v"]!.doubles == [-1, -1])
  }

  /// Two stages that draw draw other numbers; groups take several patterns.
  @Test func stagesDrawByThemselves() throws {
    func end(_ chain: String) throws -> [Double] {
      let run = try DescentRun(
        try ChainParser.parse(chain), from: ["x": NDArray([Double](repeating: 0, count: 500))]
      ) { p in p["x"]!.sum() }
      try run.run(1)
      return run.parameters["x"]!.doubles.map { -$0 - 1 }
    }
    let (one, two) = (try end("noise 1 | rate 1"), try end("noise 0.5 | noise 0.5 | rate 1"))
    func variance(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 } / Double(x.count) }
    // The sum of two independent ones of deviation 0.5 has the variance 0.5; of the same one it would be 1.
    #expect(abs(variance(one) - 1) < 0.3 && abs(variance(two) - 0.5) < 0.15, "\(variance(one)) \(variance(two))")
    // Within parentheses, too: what is left of the first two is the second's, and that is not the third's.
    for nested in ["finite (noise 0.5 | scale 0 | noise 0.5)", "cautious (noise 0.5 | scale 0 | noise 0.5)"] {
      let run = try DescentRun(
        try ChainParser.parse("\(nested) | scale -1 | noise 0.5 | rate 1"),
        from: ["x": NDArray([Double](repeating: 0, count: 500))]
      ) { p in p["x"]!.sum() }
      try run.run(1)
      let moved = run.parameters["x"]!.doubles.filter { abs($0) < 1e-9 }.count
      #expect(moved < 5, "\(nested): \(moved) elements did not move")
    }
    let problem = TestProblem.bowl
    let grouped = try DescentRun(try ChainParser.parse("groups (a/*+b: rate 0.1; c: rate 0.2)"), from: problem.start) {
      problem.loss($0)
    }
    try grouped.run(5)
    #expect(grouped.losses.last! < grouped.losses[0])
  }
}
