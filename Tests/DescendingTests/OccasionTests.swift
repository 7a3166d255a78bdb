import Descending
import Foundation
import TestSupport
import Testing
import Training

/// What is done every few updates: estimates of curvature, roots, bases.
@Suite struct OccasionTests {
  private let curvatures = [1.0, 0.5, 2.0]

  private func bowl(_ chain: String, steps: Int, _ start: [Double] = [1, -2, 3]) throws -> DescentRun {
    let curvatures = curvatures
    let run = try DescentRun(try ChainParser.parse(chain), from: ["w": NDArray(start)]) { p in
      0.5 * (p["w"]!.graph.constant(NDArray(curvatures)) * p["w"]!.squared).sum()
    }
    try run.run(steps)
    return run
  }

  /// The first step of Sophia, by hand from the estimate that it drew; then nine updates that draw none.
  @Test func sophiaDividesByWhatItEstimates() throws {
    let first = try bowl("sophia 0.9 0 gamma=0.3 period=10 | rate 0.1", steps: 1)
    let drawn = first.state["00/diagonal/w"]!.doubles
    #expect(drawn.allSatisfy { $0 > 0 })
    for ((start, curvature), (h, end)) in zip(
      zip([1.0, -2, 3], curvatures), zip(drawn, first.parameters["w"]!.doubles))
    {
      let ratio = 0.1 * curvature * start / max(0.3 * h, 1e-12)
      #expect(abs(end - (start - 0.1 * min(max(ratio, -1), 1))) < 1e-6)
    }
    let unlimited = zip(zip([1.0, -2, 3], curvatures), drawn).count { abs(0.1 * $0.1 * $0.0 / (0.3 * $1)) < 1 }
    #expect(abs(first.readings["optimizer/unlimitedFraction"]! - Double(unlimited) / 3) < 1e-6)
    try first.run(9)
    #expect(first.state["00/diagonal/w"]!.doubles == drawn)
    try first.run(1)
    #expect(first.state["00/diagonal/w"]!.doubles != drawn)
    #expect(first.calls.gradients == 1 && abs(first.calls.hessianProducts - 0.1) < 1e-12)
  }

  /// The mean of many estimates of a diagonal Hessian is its diagonal: z² has the mean 1 and the variance 2.
  @Test func estimatesOfTheDiagonalAreRightInTheMean() throws {
    let count = 4000
    let run = try bowl("sophia 0.9 0.9999 period=1 | rate 0", steps: count)
    let kept = 1 - pow(0.9999, Double(count))
    for (h, curvature) in zip(run.state["00/diagonal/w"]!.doubles, curvatures) {
      #expect(abs(h / kept / curvature - 1) < 4 * (2 / Double(count)).squareRoot(), "\(h / kept) \(curvature)")
    }
  }

  /// A kernel has one estimate for all its places: the mean of those of the places, by hand.
  @Test func kernelsHaveOneEstimateForAllPlaces() throws {
    let curvatures = (1...12).map(Double.init)
    let shape: Shape = [2, 2, 1, 3]
    let run = try DescentRun(
      try ChainParser.parse("adahessian 0 0 | rate 0.1"), from: ["w": NDArray(curvatures.map { 1 / $0 }, shape: shape)]
    ) { p in 0.5 * (p["w"]!.graph.constant(NDArray(curvatures, shape: shape)) * p["w"]!.squared).sum() }
    try run.run(1)
    // Feature f has the curvatures f + 1, f + 4, f + 7, f + 10.
    let expected = (0..<12).map { Double($0 % 3) + 5.5 }
    for (v, d) in zip(run.state["00/second/w"]!.doubles, expected) { #expect(abs(v - d * d) < 1e-9, "\(v) \(d * d)") }
  }

  /// Where updates are counted by something else one program makes all of them, and the descent is the same.
  @Test(arguments: [
    "sophia 0.9 0.9 gamma=1 period=4 | rate 0.02", "adahessian 0.8 0.9 period=3 | rate 0.02",
    "shampoo 0.8 0.9 period=3 | rate 0.05", "soap 0.8 0.9 period=3 | rate 0.05",
  ])
  func renewalsDoNotDependOnWhoCounts(_ chain: String) throws {
    let problem = TestProblem.matrix
    func run(_ chain: String) throws -> Tree<NDArray> {
      let run = try DescentRun(try ChainParser.parse(chain), from: problem.start) { problem.loss($0) }
      try run.run(11)
      return run.parameters
    }
    let (plain, counted) = (try run(chain), try run("finite (\(chain))"))
    for (a, b) in zip(plain.leaves, counted.leaves) {
      #expect(zip(a.doubles, b.doubles).allSatisfy { abs($0 - $1) < 1e-9 }, "\(chain)")
    }
    #expect(plain != problem.start)
  }

  /// What each kind of update asks for, in the mean; two periods in two groups.
  @Test func costIsThatOfTheMeanUpdate() throws {
    let problem = TestProblem.bowl
    func calls(_ chain: String) throws -> OracleCalls {
      try DescentRun(try ChainParser.parse(chain), from: problem.start) { problem.loss($0) }.calls
    }
    #expect(try calls("adahessian | rate 0.1").hessianProducts == 1)
    #expect(try abs(calls("adahessian period=4 | rate 0.1").hessianProducts - 0.25) < 1e-12)
    let both = try calls("groups (a/*: sophia period=2 | rate 0.1; b: adahessian period=3 | rate 0.1; c: rate 0.1)")
    #expect(abs(both.hessianProducts - (0.5 + 1.0 / 3)) < 1e-12 && both.gradients == 1)
  }

  /// A descent that is taken up in the middle renews at the same updates.
  @Test(arguments: ["sophia period=4 | rate 0.02", "soap period=4 | rate 0.05", "shampoo period=4 | rate 0.05"])
  func itGoesOnInTheMiddle(_ chain: String) throws {
    let problem = TestProblem.matrix
    func make() throws -> DescentRun {
      try DescentRun(try ChainParser.parse(chain), from: problem.start) { problem.loss($0) }
    }
    let (whole, part, other) = (try make(), try make(), try make())
    try whole.run(13)
    try part.run(6)
    try other.restore(part.parameters, part.state, steps: 6)
    try other.run(7)
    #expect(whole.parameters == other.parameters && whole.state == other.state)
  }

  /// What was asked is counted update by update, whole periods or not.
  @Test func whatWasAskedIsCounted() throws {
    let step = try TrainingStep(
      Objective { point, _, _ in ObjectiveValue(TestProblem.bowl.loss(point)) },
      method: GradientDescent(
        try ChainParser.parse(
          "groups (a/*: sophia period=2 | rate 0.1; b: adahessian period=3 | rate 0.1; c: rate 0.1)")),
      inputs: Tree(),
      from: try TrainingState(
        startingFrom: TestProblem.bowl.start,
        method: GradientDescent(
          try ChainParser.parse(
            "groups (a/*: sophia period=2 | rate 0.1; b: adahessian period=3 | rate 0.1; c: rate 0.1)"))
      ), key: RandomKey(seed: 1))
    for (updates, products) in [(0, 0), (1, 2), (2, 2), (3, 3), (4, 4), (6, 5), (7, 7), (601, 502)] {
      let calls = step.calls(before: updates)
      #expect(calls.hessianProducts == Double(products) && calls.gradients == Double(updates), "\(updates)")
    }
  }

  @Test(arguments: [
    ("sophia period=0 | rate 1", "whole number above 0"), ("soap 0.001 | rate 1", "looks like a rate"),
    ("shampoo largest=5000 | rate 1", "at most 4096"), ("adahessian power=2 | rate 1", "in 0...1"),
    ("losspower 0.5 | clip 1 | sophia | rate 0.01", "the gradient of a function of it"),
    ("finite (losspower 0.5) | cautious (adahessian) | rate 0.01", "the gradient of a function of it"),
    ("soap epsilon=1e-310 | rate 1", "at least 1e-307"), ("soap", "soap | rate 0.001\""),
  ])
  func wrongOnesAreRefused(_ text: String, _ hint: String) {
    #expect {
      let chain = try ChainParser.parse(text)
      _ = try DescentRun(chain, from: TestProblem.bowl.start) { TestProblem.bowl.loss($0) }
    } throws: { "\($0)".contains(hint) }
  }
}
