import Experiments
import Formulas
import Foundation
import Testing
import Training

/// Descents of one setting on one function.
@Suite struct FunctionTaskTests {
  /// Without a clock.
  private func descend(
    _ task: FunctionTask, _ seeds: [Int], record: (Int, Int, [Measure: Double]) throws -> Void = { _, _, _ in }
  ) throws -> [TaskOutcome] { try task.run(seeds, { 0 }, record: record) }

  private func task(
    _ chain: String, _ function: String, measure: String = "gap", keep: ComparisonConfiguration.Kept = .last
  ) throws -> FunctionTask {
    let c = try SmallComparison.configuration([function], ["a: \(chain)", "b: rate 0.1"]) {
      ($0.measure, $0.keep) = (measure, keep)
    }
    let plan = try ComparisonPlan(c)
    return FunctionTask(
      configuration: c, plan: plan, setting: plan.settings[0][0], function: try TestFunction(function))
  }

  /// What a seed finds does not depend on which others step beside it, whatever steps, to the bit.
  @Test(arguments: [
    "rate 0.001", "adam | rate 0.1", "noise 0.1 | momentum 0.9 | rate 0.001", "schedulefree (adam beta1=0 | rate 0.1)",
    "linesearch trials=6 (rate 1)", "sam (rate 0.001)", "lbfgs | rate 0.5", "newton (rate 1)", "sophia | rate 0.01",
    "shampoo | rate 0.1",
    "adahessian | rate 0.1", "rate 0.001 | average 0.9", "finite (rate 1000)", "clip 1 | rate 0.1 | bounds -1 2",
  ]) func seedsDoNotFeelOneAnother(_ chain: String) throws {
    for function in [
      "rosenbrock size=4; rotated; noise 0.1", "own: (x - 1)^2 + y^4; from x={-2...2}, y={-2...2}; minimum 0",
    ] {
      let task = try task(chain, function)
      var looks: [Int: [String]] = [:]
      func run(_ seeds: [Int], _ isAlone: Bool) throws -> [TaskOutcome] {
        try descend(task, seeds) { index, step, values in
          let text = "\(step) \(values.sorted { $0.key.tag < $1.key.tag }.map { "\($0.key.tag) \($0.value)" })"
          looks[seeds[index] + (isAlone ? 100 : 0), default: []].append(text)
        }
      }
      let together = try run([3, 4, 5, 6, 7], false)
      for (index, seed) in [3, 4, 5, 6, 7].enumerated() {
        let alone = try run([seed], true)[0]
        #expect(alone.values == together[index].values && alone.text == together[index].text, "\(chain), \(function)")
        #expect(looks[seed] == looks[seed + 100])
      }
      #expect(Set(together.map { $0.values[Measure("constant/gap")]! }).count == 5)
    }
  }

  /// Plain descent on a quadratic, by its closed form: where it ends, when it arrives, what it asks.
  @Test func aQuadraticIsDescendedAsItMust() throws {
    let function = "bowl: 2*x^2 + 0.5*y^2 - 3; from x={1...2}, y={1...2}; minimum -3"
    let plain = try task("rate 0.1", function, measure: "arrival")
    let outcomes = try descend(plain, [0, 1, 2])
    for (seed, outcome) in outcomes.enumerated() {
      let start = try TestFunction(function).start(key: RandomKey(seed: seed))
      let (x, y) = (start["x"]!.item, start["y"]!.item)
      func gap(_ k: Int) -> Double { 2 * pow(x * pow(0.6, Double(k)), 2) + 0.5 * pow(y * pow(0.9, Double(k)), 2) }
      #expect(abs(outcome.values[Measure("gap")]! - log10(gap(40))) < 1e-6)
      #expect(abs(outcome.values[Measure("value")]! - (gap(40) - 3)) < 1e-9)
      #expect(abs(outcome.values[Measure("constant/gap")]! - log10(gap(0))) < 1e-6)
      // Not within 40 updates: ten budgets.
      #expect(outcome.values[Measure("arrival")] == log10(400))
    }
    let c = try SmallComparison.configuration([function], ["a: rate 0.1", "b: rate 0.2"]) {
      ($0.measure, $0.target) = ("arrival", -2)
    }
    let plan = try ComparisonPlan(c)
    let outcome = try descend(
      FunctionTask(
        configuration: c, plan: plan, setting: plan.settings[0][0], function: try TestFunction(function)), [0])[0]
    let start = try TestFunction(function).start(key: RandomKey(seed: 0))
    let first = (0...40).first { k in
      2 * pow(start["x"]!.item * pow(0.6, Double(k)), 2) + 0.5 * pow(start["y"]!.item * pow(0.9, Double(k)), 2) <= 0.01
    }!
    #expect(abs(outcome.values[Measure("arrival")]! - log10(Double(first))) < 1e-6 && first > 8 && first < 40)
  }

  /// A descent whose steps do not tell its value, as the mean of its places counts, is looked at.
  @Test func arrivalOfAMeanIsSeen() throws {
    for (chain, function) in [
      ("rate 0.1 | average 0.5", "bowl: x^2; from x={1...2}; minimum 0"),
      ("rate 0.1", "bowl: x^2; from x={1...2}; minimum 0; noise 0.0000001"),
    ] {
      let c = try SmallComparison.configuration([function], ["a: \(chain)", "b: rate 0.2"]) {
        // A pace at which a look now and then would be seen.
        ($0.measure, $0.target, $0.budget) = ("arrival", -2, "4000gradients")
      }
      let plan = try ComparisonPlan(c)
      let task = FunctionTask(
        configuration: c, plan: plan, setting: plan.settings[0][0], function: try TestFunction(function))
      let found = try descend(task, [0])[0].values[Measure("arrival")]!
      let x = try TestFunction(function).start(key: RandomKey(seed: 0))["x"]!.item
      var (place, mean, arrival) = (x, x, 0)
      while mean * mean > 0.01 {
        place *= 0.8
        mean = chain.hasSuffix("average 0.5") ? 0.5 * mean + 0.5 * place : place
        arrival += 1
      }
      #expect(abs(pow(10, found) - Double(arrival)) < 1e-3, "\(chain): \(pow(10, found)) and \(arrival)")
    }
  }

  @Test func theBestLookOrTheLast() throws {
    let function = "bowl: x^2; from x={1...2}; minimum 0"
    // The rate rises until the descent is thrown out.
    let chain = "rate linear(0.9, 1.3, 40updates)"
    let (last, best) = (
      try descend(try task(chain, function), [0])[0].values[Measure("gap")]!,
      try descend(try task(chain, function, keep: .best), [0])[0].values[Measure("gap")]!
    )
    var seen: [Double] = []
    _ = try descend(try task(chain, function), [0]) { _, _, values in seen.append(values[Measure("gap")]!) }
    #expect(seen.count == 8 && last == seen.last && best == seen.min() && best < last)
  }

  @Test func aDescentThatDivergesLeavesTheOthers() throws {
    // Beyond 1 the quartic throws plain descent out.
    let function = "steep: x^4; from x={0.5...3}; minimum 0"
    let outcomes = try descend(try task("rate 0.4", function), Array(0..<12))
    let diverged = outcomes.map { $0.values[Measure("diverged")]! }
    #expect(Set(diverged) == [0, 1])
    for (seed, outcome) in outcomes.enumerated() {
      let isLost = try TestFunction(function).start(key: RandomKey(seed: seed))["x"]!.item > 1.2
      #expect(diverged[seed] == 0 || isLost)
      #expect((outcome.values[Measure("gap")] == nil) == (diverged[seed] == 1))
    }
  }

  /// A descent thrown far out counts as diverged before it overflows.
  @Test func whatIsThrownFarOutHasDiverged() throws {
    let outcomes = try descend(try task("rate 10000", "q: x^2; from x={1...2}; minimum 0"), [0, 1])
    #expect(outcomes.allSatisfy { $0.values[Measure("diverged")] == 1 && $0.values[Measure("gap")] == nil })
    // Down without an end, too.
    let endless = try descend(try task("rate 1", "q: -x^2; from x={1...2}", measure: "value"), [0])
    #expect(endless[0].values[Measure("diverged")] == 1)
  }

  /// An arm's draw starts elsewhere, on the same instance of the function, which a decay feels.
  @Test func drawsShareTheInstance() throws {
    let text = "bowl: x^2; from x={1...2}; minimum 0; shifted"
    let outcomes = try descend(try task("decay 1 | rate 0.1; draw 1", text), [0, 1, 2])
    for (seed, outcome) in outcomes.enumerated() {
      let (function, shared) = (try TestFunction(text), RandomKey(seed: seed))
      let instance = try function.instance(key: shared)
      let shift = instance["shift/x"]!.item
      var x = function.start(key: shared.split("draw").split(1), in: instance)["x"]!.item
      for _ in 0..<40 { x -= 0.1 * (2 * (x - shift) + x) }
      #expect(abs(outcome.values[Measure("value")]! - (x - shift) * (x - shift)) < 1e-12)
    }
  }
}
