import Descending
import Foundation
import TestSupport
import Testing

/// What chains around chains, estimates of curvature and steps without a rate of their own do, by hand where it can be.
@Suite struct OptimizerTests {
  /// A constant gradient: every move is known.
  private func slope(_ chain: String, _ gradient: [Double] = [1, -2], steps: Int) throws -> DescentRun {
    let run = try DescentRun(
      try ChainParser.parse(chain), from: Tree(["w": NDArray([Double](repeating: 0.5, count: gradient.count))])
    ) { p in (p["w"]! * p["w"]!.graph.constant(NDArray(gradient))).sum() }
    try run.run(steps)
    return run
  }

  private func near(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-6) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < tolerance }
  }

  /// Slow weights go 0.4 of the way of three steps; the fast ones start there again.
  @Test func slowWeightsFollowEveryFewUpdates() throws {
    func places(_ steps: Int) throws -> [Double] {
      try slope("lookahead 3 0.4 (rate 0.1)", steps: steps).parameters["w"]!.doubles
    }
    let (two, three, five, six) = try (places(2), places(3), places(5), places(6))
    #expect(near(two, [0.5 - 0.2, 0.5 + 0.4]))
    #expect(near(three, [0.5 - 0.12, 0.5 + 0.24]))
    #expect(near(five, [0.5 - 0.32, 0.5 + 0.64]))
    #expect(near(six, [0.5 - 0.24, 0.5 + 0.48]))
  }

  /// The point descends, the mean is that of all points after a step, and the parameters lie between.
  @Test func theMeanOfAllPointsCounts() throws {
    let run = try slope("schedulefree 0.8 (rate 0.1)", [1], steps: 4)
    let points = (1...4).map { 0.5 - 0.1 * Double($0) }
    let mean = points.reduce(0, +) / 4
    let averages = MovingAverage.averages(in: run.state)
    #expect(averages.paths == ["w"] && near(averages["w"]!.doubles, [mean]))
    #expect(near(run.parameters["w"]!.doubles, [mean + 0.2 * (points[3] - mean)]))
    // Squares of the largest rate so far weigh: 0.1, 0.2, 0.2 here.
    let rising = try slope("schedulefree 0 (rate linear(0.1, 0.2, 1updates))", [1], steps: 3)
    let places = [0.4, 0.2, 0.0]
    #expect(
      near(MovingAverage.averages(in: rising.state)["w"]!.doubles, [(places[0] + 4 * places[1] + 4 * places[2]) / 9]))
  }

  @Test(arguments: [
    ("prodigy", "prodigy | rate 1\""), ("lion", "lion | rate 0.001\""),
    ("lookahead (adam)", "needs a rate in its parentheses"), ("schedulefree (momentum 0.9)", "needs a rate"),
    ("rate 0.1 | lookahead (rate 0.1)", "stands behind a rate"), ("lookahead (rate 0.1) | rate 0.1", "second rate"),
    ("linesearch (schedulefree (rate 1))", "linesearch changes steps"),
    ("newton (rate 1 | average)", "newton changes steps"),
    ("linesearch (groups (a/*: rate 1 | average; ?: rate 1))", "linesearch changes steps"),
    ("lookahead (schedulefree (rate 1))", "lookahead changes steps"),
    ("schedulefree (accumulate 2 (lookahead (rate 1)))", "schedulefree changes steps"),
    ("rate 1 | average | scale 0.1", "put what changes steps before it"),
    ("lookahead (rate 1) | clip 1", "put what changes steps"),
    ("schedulefree (rate 1) | average", "two averages"), ("rate 1 | average 0.9 | average 0.99", "two averages"),
    ("prodigy start=1e-30 | rate 1", "between 1e-12"), ("rate power(0.1, 1e300, 1updates)", "at most 100"),
    ("rprop least=2 most=1 | rate 1", "most must be at least least"), ("rprop 0.01 | rate 1", "looks like a rate"),
    ("lion 0.001 | rate 1", "looks like a rate"), ("adafactor 0.001 | rate 1", "looks like a rate"),
    ("lookahead 0 (rate 1)", "whole number above 0"), ("lookahead 2 pull=1.5 (rate 1)", "at most 1"),
    ("lbfgs 101 | rate 1", "at most 100"), ("newton 201 (rate 1)", "at most 200"),
    ("newton damping=-1 (rate 1)", "0 or more"), ("newton (adam)", "needs a rate"),
    ("rate power(0.1, -1, 5updates)", "positive"), ("rate power(-0.1, 1, 5updates)", "below 0"),
    ("ademamix warmup=-1 | rate 1", "of 0 or more"), ("adopt | rate", "rate"),
    ("mars 0.001 | rate 1", "looks like a rate"), ("psgd step=2 | rate 1", "at most 1"),
    ("mars clip=0 | rate 1", "positive"), ("dog start=0 | rate 1", "between 1e-12"),
    ("rate 0.1 | cautious (adam)", "stands behind a rate"), ("cautious (adam)", "rate 0.001\""),
    ("cautious (rate 0.1 | average)", "cautious changes steps"), ("dog", "dog | rate 1\""),
  ])
  func wrongOnesAreRefused(_ text: String, _ hint: String) {
    #expect {
      let method = try DescentMethodKind.parse(text)
      _ = try run(method, TestProblem.bowl)
    } throws: { "\($0)".contains(hint) }
  }

  private func run(_ method: any DescentMethod, _ problem: TestProblem) throws -> DescentRun {
    func make(_ method: some DescentMethod) throws -> DescentRun {
      try DescentRun(method, from: problem.start) { problem.loss($0) }
    }
    return try make(method)
  }

  /// Ten directions whose curvatures span four orders.
  private static let ellipse = TestProblem(
    name: "ellipse", start: Tree(["x": NDArray([Double](repeating: 1, count: 10))])
  ) { p in
    let scales = NDArray([1, 0.36, 0.129, 0.0464, 0.0167, 0.006, 0.00215, 0.00077, 0.00028, 0.0001])
    return 0.5 * (p["x"]!.graph.constant(scales) * p["x"]!.squared).sum()
  }

  /// After ten steps as low as L-BFGS-B of SciPy, which takes the same lengths so far; plain descent leaves the flat directions.
  @Test(arguments: [10, 20]) func curvatureIsLearnedFromMoves(_ memory: Int) throws {
    let method = try run(
      try DescentMethodKind.parse("linesearch trials=20 (lbfgs \(memory) | rate 1)"), Self.ellipse)
    try method.run(11)
    // scipy.optimize.minimize(method="L-BFGS-B", options={"maxcor": 10}), the value after ten iterations.
    #expect(abs(method.losses[10] / 0.0016843750230232644 - 1) < 1e-6)
    try method.run(90)
    #expect(method.losses.last! < (memory == 10 ? 1e-6 : 1e-40))
    let plain = try run(try DescentMethodKind.parse("rate 1.9"), Self.ellipse)
    try plain.run(101)
    #expect(plain.losses.last! > 1e-3)
  }

  /// A move without positive curvature is not learned: on a saddle the estimate stays positive, and each step goes down.
  @Test func saddlesDoNotTurnTheEstimate() throws {
    let saddle = TestProblem(name: "saddle", start: Tree(["x": NDArray([1.0, 0.1])])) { p in
      let x = p["x"]!
      return 0.5 * x.part(0).squared - 0.5 * x.part(1).squared + 0.25 * x.part(1).squared.squared
    }
    for text in ["linesearch trials=20 (lbfgs | rate 1)", "newton (rate 1)"] {
      let run = try run(try DescentMethodKind.parse(text), saddle)
      try run.run(60)
      #expect(zip(run.losses, run.losses.dropFirst()).allSatisfy { $1 <= $0 + 1e-12 }, "\(text)")
      #expect(abs(run.losses.last! + 0.25) < 1e-9, "\(text) ends at \(run.losses.last!)")
    }
  }

  /// The correction is that of the length that the mean square has, for a mean so short that it is hardly ever used, too.
  @Test(arguments: [0.6, 0.7, 0.8, 0.9, 0.999]) func theRectificationFollowsItsFormula(_ beta: Double) throws {
    let limit = 2 / (1 - beta) - 1
    let way = (1...40).map(Double.init).reduce(0) { way, t in
      let length = limit - 2 * t * pow(beta, t) / (1 - pow(beta, t))
      let squared = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
      // Of a constant gradient of 1 both means are 1.
      return way + 0.1 * (length > 5 ? squared.squareRoot() : 1)
    }
    let run = try slope("radam 0.9 \(beta) | rate 0.1", [1], steps: 40)
    #expect(near(run.parameters["w"]!.doubles, [0.5 - way], 1e-5), "\(run.parameters["w"]!.doubles) \(0.5 - way)")
  }

  /// Where steps are lost in the rounding of the loss the damping falls, and the descent goes on.
  @Test func newtonDoesNotStandStill() throws {
    let start = TestProblem.bowl.start.map { $0.converted(to: .float32) }
    let method = try #require(try DescentMethodKind.parse("newton damping=1e8 (rate 1)") as? TruncatedNewton)
    let run = try DescentRun(method, from: start) { TestProblem.bowl.loss($0) + 1 }
    try run.run(120)
    #expect(run.losses.last! < 1 + 1e-5, "\(run.losses.last!)")
    // With momentum, which may lead upwards for a while.
    let heavy = try #require(try DescentMethodKind.parse("newton (momentum 0.9 | rate 1)") as? TruncatedNewton)
    let other = try DescentRun(heavy, from: start) { TestProblem.bowl.loss($0) + 1 }
    try other.run(100)
    #expect(other.losses.last! < 1.01, "\(other.losses.last!)")
    // Rows that are fitted have no gradient, and say nothing against the model.
    let rows = try DescentRun(method, from: start) { TestProblem.bowl.loss($0) }
    try rows.run(150)
    #expect(
      rows.losses.last! < 1e-6 && rows.state["damping"]!.item <= 1,
      "\(rows.losses.last!) \(rows.state["damping"]!.item)"
    )
  }

  /// Near the minimum squares of gradients underflow: nothing is learned of them, and nothing becomes NaN.
  @Test func vanishingGradientsTeachNothing() throws {
    for type in [ElementType.float32, .float64] {
      let start = Tree(["x": NDArray([1.0, 1]).converted(to: type)])
      for text in ["linesearch trials=20 (lbfgs | rate 1)", "lbfgs | rate 1"] {
        let problem = TestProblem(name: "flat", start: start) { p in
          let x = p["x"]!
          return x.part(0).squared + x.part(1).squared.squared + 1
        }
        let run = try run(try DescentMethodKind.parse(text), problem)
        try run.run(1000)
        #expect(run.losses.last!.isFinite && run.losses.last! < 1 + 1e-6, "\(text) \(type): \(run.losses.last!)")
      }
    }
  }

  /// Before its first update, and where an update is still collected, an average is the parameters; of some parameters alone it is of these.
  @Test func averagesBeginAtTheParameters() throws {
    let problem = TestProblem.bowl
    for text in ["accumulate 40 (schedulefree (rate 0.01))", "accumulate 40 (rate 0.1 | average)"] {
      let run = try run(try DescentMethodKind.parse(text), problem)
      try run.run(3)
      #expect(MovingAverage.evaluated(run.parameters, in: run.state) == problem.start, "\(text)")
    }
    let partly = try run(
      try DescentMethodKind.parse("groups (a/*: schedulefree (rate 0.1); ?: rate 0.1)"), problem)
    try partly.run(5)
    let evaluated = MovingAverage.evaluated(partly.parameters, in: partly.state)
    #expect(evaluated["b"] == partly.parameters["b"] && evaluated["a/matrix"] != partly.parameters["a/matrix"])
    #expect(evaluated["a/matrix"] == MovingAverage.averages(in: partly.state)["a/matrix"])
  }

  /// One step of a damped quadratic is (H + λ)⁻¹ g exactly, and the damping falls where the model holds.
  @Test func newtonSolvesTheDampedModel() throws {
    let (curvatures, start) = ([4.0, 1, 0.25], [1.0, -2, 3])
    let bowl = TestProblem(name: "bowl", start: Tree(["x": NDArray(start)])) { p in
      0.5 * (p["x"]!.graph.constant(NDArray(curvatures)) * p["x"]!.squared).sum()
    }
    let newton = try run(try DescentMethodKind.parse("newton 3 damping=0.5 tolerance=0 (rate 1)"), bowl)
    try newton.run(1)
    let expected = zip(curvatures, start).map { h, x in x - h * x / (h + 0.5) }
    #expect(near(newton.parameters["x"]!.doubles, expected, 1e-9))
    #expect(newton.calls.gradients == 1 && newton.calls.losses == 1 && newton.calls.hessianProducts == 4)
    // The model of the damped step is exact, so the ratio is 1.
    #expect(abs(newton.readings["optimizer/modelRatio"]! - 1) < 1e-6 && newton.readings["optimizer/stepFraction"] == 1)
    #expect(abs(newton.state["damping"]!.item - 0.5 * 2 / 3) < 1e-12)
    try newton.run(40)
    #expect(newton.losses.last! < 1e-12)
  }

  /// A step that would climb, or leads where the loss is not a number, is not taken, and the damping grows until one is.
  @Test func newtonDoesNotClimb() throws {
    let wall = TestProblem(name: "wall", start: Tree(["x": NDArray(0.1)])) { p in
      let x = p["x"]!
      return x - 0.5 * log(x)
    }
    // At 0.1 the gradient is -4 and the curvature 50; a rate of 30 leads to 2.5, whose loss is higher.
    let run = try run(try DescentMethodKind.parse("newton damping=1e-6 (rate 30)"), wall)
    try run.run(1)
    #expect(run.parameters["x"]!.item == 0.1 && run.readings["optimizer/stepFraction"] == 0)
    #expect(abs(run.state["damping"]!.item - 4e-6) < 1e-12)
    try run.run(60)
    #expect(run.parameters["x"]!.item != 0.1 && run.losses.last! < run.losses[0])
  }

  /// From an estimate a million times too small the distance grows to about the true one, and the descent arrives.
  @Test func theRateIsFoundFromTheDistance() throws {
    let run = try run(try DescentMethodKind.parse("prodigy | rate 1"), .bowl)
    try run.run(400)
    let distance = try #require(run.readings["optimizer/distance"])
    #expect((0.05...5).contains(distance) && run.losses.last! < 0.01 * run.losses[0], "\(distance)")
  }

  /// 0.3 (1 + t / 100)^-0.5, as for one over the root of time.
  @Test func powersOfTimeFall() throws {
    let schedule = try Schedule("power(0.3, 0.5, 100updates)")
    for (step, rate) in [(0.0, 0.3), (300, 0.15), (9_900, 0.03)] {
      #expect(abs(schedule.value(updates: step, samples: 0, epochs: 0) - rate) < 1e-12)
    }
    #expect("\(schedule)" == "power(0.3, 0.5, 100.0updates)" && schedule.minimum == 0)
    #expect(try Schedule("\(schedule)") == schedule)
  }
}
