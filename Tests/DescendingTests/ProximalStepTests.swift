import Descending
import Foundation
import TestSupport
import Testing

/// Steps that end within bounds, and those that draw to 0: beside solutions found by other means.
@Suite struct ProximalStepTests {
  // |A w - b|² / 2 of four numbers, whose columns are correlated.
  private static let a: [[Double]] = [
    [1, 0.5, 0.2, 0], [0.3, 1.2, 0.1, 0.4], [0, 0.6, 0.9, 0.3], [0.2, 0, 0.4, 1.1], [0.5, 0.1, 0.7, 0.2],
  ]
  private static let b: [Double] = [1, -2, 0.05, 0.4, 0.3]

  private func run(_ method: String, steps: Int, _ type: ElementType = .float64) throws -> DescentRun {
    let start = Tree(["w": NDArray([0.3, -0.2, 0.1, 0.4]).converted(to: type)])
    func make(_ method: some DescentMethod) throws -> DescentRun {
      try DescentRun(method, from: start) { p in
        let graph = p["w"]!.graph
        let a = graph.constant(NDArray(Self.a.flatMap { $0 }, shape: [5, 4])).cast(to: type)
        let b = graph.constant(NDArray(Self.b, shape: [5, 1])).cast(to: type)
        return 0.5 * (a.matmul(p["w"]!.reshaped(to: [4, 1])) - b).squared.sum()
      }
    }
    let run = try make(DescentMethodKind.parse(method))
    try run.run(steps)
    return run
  }

  /// Coordinate descent: each number at the minimum of its own parabola plus strength times its absolute value, within bounds, in turn.
  private func solution(strength: Double = 0, within bounds: ClosedRange<Double> = -100...100) -> [Double] {
    var w = [0.0, 0, 0, 0]
    for _ in 0..<5000 {
      for k in 0..<4 {
        let rest = (0..<5).map { row in Self.b[row] - (0..<4).reduce(0) { $0 + ($1 == k ? 0 : Self.a[row][$1] * w[$1]) }
        }
        let along = (0..<5).reduce(0) { $0 + Self.a[$1][k] * rest[$1] }
        let square = (0..<5).reduce(0) { $0 + Self.a[$1][k] * Self.a[$1][k] }
        let drawn = abs(along) > strength ? along - (along > 0 ? strength : -strength) : 0
        w[k] = min(max(drawn / square, bounds.lowerBound), bounds.upperBound)
      }
    }
    return w
  }

  @Test(arguments: [
    "rate 0.1 | bounds -0.3 0.5", "momentum 0.9 | rate 0.02 | bounds -0.3 0.5", "linesearch (rate 1 | bounds -0.3 0.5)",
    "lookahead (rate 0.1 | bounds -0.3 0.5)", "rate 0.1 | bounds none 0.5 | bounds -0.3",
    "adam | rate exponential(0.05, 0.5, 500updates) | bounds -0.3 0.5", "finite (rate 0.1 | bounds -0.3 0.5)",
    "groups (w: rate 0.1 | bounds -0.3 0.5 only=w)", "sam 1e-9 (rate 0.1 | bounds -0.3 0.5)",
  ])
  func descentWithinBoundsEndsAtTheirMinimum(_ method: String) throws {
    let run = try run(method, steps: 8000)
    let expected = solution(within: -0.3...0.5)
    #expect(expected.contains(-0.3) && expected.contains { $0 > -0.3 && $0 < 0.5 })
    let found = run.parameters["w"]!.doubles
    for (value, reference) in zip(found, expected) {
      #expect(abs(value - reference) < 1e-6, "\(method): \(found) and \(expected)")
    }
    // Of two stages the last one is read.
    let low = method.contains("none") ? 1.0 : -0.3
    #expect(
      run.readings.first { $0.key.hasPrefix("optimizer/boundFraction") }!.value
        == Double(expected.count { $0 == min(low, -0.3) || (low < 0 && $0 == 0.5) }) / 4)
  }

  /// What counts of a schedule-free descent is the mean of its points: within the bounds, though the gradients' points move otherwise.
  @Test func scheduleFreePointsStayWithin() throws {
    let run = try run("schedulefree (rate 0.1 | bounds -0.3 0.5)", steps: 8000)
    let mean = MovingAverage.evaluated(run.parameters, in: run.state)["w"]!.doubles
    for (value, reference) in zip(mean, solution(within: -0.3...0.5)) {
      #expect(abs(value - reference) < 1e-3, "\(mean)")
    }
    #expect(mean.allSatisfy { (-0.3 - 1e-12...0.5 + 1e-12).contains($0) })
  }

  @Test(arguments: [
    ("rate 0.1 | l1 0.4", 0.4), ("momentum 0.9 | rate 0.02 | l1 4", 0.4), ("rate 0.1 | l1 0.1", 0.1),
    ("rate 0.1 | l1 0", 0),
  ])
  func l1EndsAtTheLasso(_ chain: String, _ strength: Double) throws {
    for type in [ElementType.float64, .float32] {
      let run = try run(chain, steps: 8000, type)
      let (found, expected) = (run.parameters["w"]!.doubles, solution(strength: strength))
      for (value, reference) in zip(found, expected) {
        #expect(abs(value - reference) < (type == .float64 ? 1e-9 : 1e-5), "\(chain): \(found) and \(expected)")
        #expect((value == 0) == (reference == 0), "\(chain): \(found) and \(expected)")
      }
      #expect(run.readings["optimizer/zeroFraction"] == Double(expected.count { $0 == 0 }) / 4)
    }
    #expect(solution(strength: 0.4).contains(0))
  }

  /// Of both, the minimum of the lasso within bounds.
  @Test func l1StandsBeforeBounds() throws {
    let found = try run("rate 0.1 | l1 0.1 | bounds 0", steps: 8000).parameters["w"]!.doubles
    for (value, reference) in zip(found, solution(strength: 0.1, within: 0...100)) {
      #expect(abs(value - reference) < 1e-9, "\(found)")
    }
  }

  /// A rate that changes changes the threshold, and a stage before the rate acts through it.
  @Test(arguments: [
    ("rate linear(0.1, 0, 4updates)", [0.1, 0.075, 0.05, 0.025]), ("scale 0 | rate 0.1", [0.1, 0.1, 0.1, 0.1]),
  ])
  func theThresholdFollowsTheRate(_ rate: String, _ rates: [Double]) throws {
    let run = try run("scale 0 | \(rate) | l1 0.5", steps: 4)
    let drawn = 0.5 * rates.reduce(0, +)
    for (value, start) in zip(run.parameters["w"]!.doubles, [0.3, -0.2, 0.1, 0.4]) {
      #expect(abs(abs(value) - max(abs(start) - drawn, 0)) < 1e-7)
    }
  }

  @Test(arguments: [
    ("bounds 0 1 | rate 0.1", "must come after the rate"), ("l1 1 | rate 0.1", "must come after the rate"),
    ("rate 0.1 | bounds", "low"), ("rate 0.1 | bounds none", "give one at least"),
    ("finite (lbfgs | rate 1) | bounds 0 1", "stands behind lbfgs"),
    ("groups (*: lbfgs | rate 1) | l1 0.1", "stands behind lbfgs"),
    ("lbfgs | rate 1 | bounds 0 1", "stands behind lbfgs"), ("lbfgs | rate 1 | l1 0.1", "stands behind lbfgs"),
    ("newton (rate 1 | bounds 0 1)", "takes for granted"),
    ("rate 0.1 | bounds 2 1", "low must not be above high"), ("rate 0.1 | bounds inf", "a number, or none"),
    ("rate 0.1 | bounds nan 1", "a number, or none"), ("rate 0.1 | bounds 0 high=1e999", "a number, or none"),
    ("rate 0.1 | bounds 0 1 | scale 2", "stands behind bounds"),
    ("rate 0.1 | bounds 0 1 | l1 1", "stands behind bounds"),
    ("rate 0.1 | l1 -1", "0 or more"), ("rate 0.1 | l1 1 only=v", "no parameter matches v"),
    ("rate 0.1 | bounds 0 1 only=v", "no parameter matches v"),
    ("linesearch (rate 1 | l1 0.1)", "takes for granted"), ("newton (rate 1 | l1 0.1)", "takes for granted"),
    ("schedulefree (rate 1 | l1 0.1)", "takes for granted"), ("cautious (rate 0.1 | bounds 0 1)", "takes for granted"),
    ("groups (w: rate 0.1) | l1 0.1", "is not known"), ("accumulate 2 (rate 0.1) | l1 0.1", "is not known"),
    ("rate 0.1 | average | bounds 0 1", "stands behind average"),
    ("lookahead (rate 0.1) | bounds 0 1", "stands behind lookahead"),
  ])
  func whatCannotBeIsNamed(_ method: String, _ hint: String) throws {
    #expect { try self.run(method, steps: 1) } throws: { "\($0)".contains(hint) }
  }

  @Test(arguments: ["rate 0.1 | bounds 1e39", "rate 0.1 | bounds none -1e300"]) func boundsBeyondTheTypeAreNamed(
    _ chain: String
  ) throws {
    #expect { try run(chain, steps: 1, .float32) } throws: { "\($0)".contains("beyond what w holds") }
    #expect(throws: Never.self) { try run(chain, steps: 1) }
  }

  /// What starts outside starts at its bound: a search along lines would find each step that leads in uphill.
  @Test(arguments: ["linesearch (rate 0.5 | bounds 1 3)", "rate 0.1 | bounds 1 3", "groups (w: rate 0.1 | bounds 1 3)"])
  func theStartIsWithin(_ method: String) throws {
    for steps in [0, 50] {
      let values = try run(method, steps: steps, .float32).parameters["w"]!.doubles
      #expect(values.allSatisfy { (1...3).contains($0) } && (steps > 0 || values == [1, 1, 1, 1]), "\(values)")
    }
  }

  /// A chain without a rate is told where it stands.
  @Test func theRateStandsBeforeThem() throws {
    #expect { try ChainParser.parse("adam | l1 0.1 | bounds 0 1") } throws: {
      "\($0)".contains("\"adam | rate 0.001 | l1 0.1 | bounds 0 1\"")
    }
  }

  /// Float32 bounds that no float32 number is, and the largest numbers, reach no trap.
  @Test(arguments: [
    "rate 0.1 | bounds -0.1 0.1", "rate 0.1 | bounds -1e38 1e38", "rate 1e30 | l1 1e300",
    "rate 0.1 | bounds 0.25 0.25",
  ])
  func extremesAreSteps(_ chain: String) throws {
    let run = try run(chain, steps: 20, .float32)
    #expect(run.parameters["w"]!.doubles.allSatisfy { !$0.isNaN })
  }
}
