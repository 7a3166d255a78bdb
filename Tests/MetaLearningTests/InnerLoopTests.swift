import Compilation
import MetaLearning
import Models
import TestSupport
import Testing

/// A small regression whose loss has third derivatives.
enum SmallProblem {
  static let model = MLP([2, 5, 1], activation: .tanh)
  static let start = try! model.initialParameters(key: RandomKey(seed: 1), .float64)
  static let task: [NDArray] = (0..<2).flatMap { part in
    [
      RandomKey(seed: 10 + part).normal([6, 2], .float64), RandomKey(seed: 20 + part).normal([6, 1], .float64),
    ]
  }

  static func loss(_ x: Tensor, _ y: Tensor) -> InnerLoop.Loss {
    { LossFunction.squaredError(try model(x, $0).output, y) }
  }

  /// The outer loss and its gradient.
  static func run(
    _ weights: Tree<NDArray> = start, _ body: @escaping (Parameters, [Tensor]) throws -> Tensor
  ) throws -> (value: Double, gradient: Tree<NDArray>) {
    let paths = weights.paths
    let results = try Program(inputs: (weights.leaves + task).map { TensorType(of: $0) }) { _, x in
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<paths.count])))
      let value = try body(point, Array(x[paths.count...]))
      return [value] + gradients(of: value, withRespectTo: point).tree.leaves
    }.run(weights.leaves + task)
    return (results[0].item, Tree(sortedPaths: paths, leaves: Array(results.dropFirst())))
  }

  static func run(
    _ objective: MetaObjective, _ weights: Tree<NDArray> = start
  ) throws -> (value: Double, gradient: Tree<NDArray>) {
    try run(weights) { point, x in
      try objective.loss(at: point, support: loss(x[0], x[1]), query: loss(x[2], x[3]))
    }
  }

  /// The derivative along a direction by central differences, and by the gradient.
  static func slopes(
    _ objective: MetaObjective, _ weights: Tree<NDArray> = start
  ) throws -> (numeric: Double, analytic: Double) {
    let direction = weights.mapWithPaths { RandomKey(seed: 5).split($0).normal($1.shape, .float64) }
    func moved(_ h: Double) throws -> Double {
      try run(
        objective,
        weights.zipped(with: direction) { x, d in
          NDArray(zip(x.doubles, d.doubles).map { $0 + h * $1 }, shape: x.shape)
        }
      ).value
    }
    let gradient = try run(objective, weights).gradient
    let analytic = gradient.zipped(with: direction) { g, d in zip(g.doubles, d.doubles).reduce(0) { $0 + $1.0 * $1.1 } }
    return ((try moved(1e-5) - moved(-1e-5)) / 2e-5, analytic.leaves.reduce(0, +))
  }
}

@Suite struct InnerLoopTests {
  private static let chains = [
    "rate 0.1", "momentum 0.9 | rate 0.05", "adam | rate 0.01", "clip 0.1 | rate 0.2",
    "decay 0.01 | rate linear(0.2, 0.1, 3updates)",
  ]

  /// Through one step and several, of any chain, the outer gradient is the derivative.
  @Test(arguments: chains, [1, 3]) func exactGradients(_ chain: String, _ steps: Int) throws {
    let objective = MetaObjective.maml(try InnerLoop(try Chain(chain), steps: steps))
    let (numeric, analytic) = try SmallProblem.slopes(objective)
    #expect(abs(numeric - analytic) < GradientCheck.tolerance(order: 2) * (1 + abs(analytic)), "\(numeric) \(analytic)")
    let first = MetaObjective.maml(try InnerLoop(try Chain(chain), steps: steps, derivative: .firstOrder))
    let other = try SmallProblem.slopes(first)
    // The same steps, another derivative.
    #expect(abs(other.numeric - numeric) < 1e-9 * (1 + abs(numeric)))
    // Adam's first step is a sign, whose derivative is as good as zero.
    if !chain.hasPrefix("adam") { #expect(abs(other.analytic - analytic) > 1e-3 * abs(analytic)) }
  }

  @Test func unrolledStepsAreThoseWrittenByHand() throws {
    let byLoop = try SmallProblem.run(MetaObjective.maml(try InnerLoop(try Chain("rate 0.1"), steps: 3)))
    let byHand = try SmallProblem.run { point, x in
      var current = point
      for _ in 0..<3 {
        let loss = try SmallProblem.loss(x[0], x[1])(current)
        current = current.moved(by: -0.1 * gradients(of: loss, withRespectTo: current))
      }
      return try SmallProblem.loss(x[2], x[3])(current)
    }
    // The rate is float32 in a chain: 0.1 is off by up to half an epsilon of float32, in three steps of size below 1.
    #expect(abs(byLoop.value - byHand.value) < rounding(.float32, terms: 3))
    #expect(
      Deviation.worst(of: byLoop.gradient.leaves, from: byHand.gradient.leaves)
        < rounding(.float32, terms: 3, condition: 4))
  }

  /// Steps that are computed again are the same steps, in the memory of one.
  @Test func stepsMayBeComputedAgain() throws {
    func objective(_ recomputes: Bool, steps: Int = 12) throws -> MetaObjective {
      MetaObjective.maml(
        try InnerLoop(try Chain("momentum 0.9 | rate 0.05"), steps: steps, recomputesSteps: recomputes))
    }
    let (kept, again) = (try SmallProblem.run(try objective(false)), try SmallProblem.run(try objective(true)))
    #expect(abs(kept.value - again.value) < rounding(terms: 20))
    // The outer gradient is a product of twelve steps' derivatives, each of some thirty roundings.
    let slack = rounding(terms: drift(of: 12 * 30), condition: 30)
    #expect(Deviation.worst(of: again.gradient.leaves, from: kept.gradient.leaves) < slack)
    /// Working memory of the outer gradient.
    func bytes(_ recomputes: Bool, steps: Int) throws -> Int {
      let (paths, objective) = (SmallProblem.start.paths, try objective(recomputes, steps: steps))
      return try Program(inputs: (SmallProblem.start.leaves + SmallProblem.task).map { TensorType(of: $0) }) { _, x in
        let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<paths.count])))
        let value = try objective.loss(
          at: point, support: SmallProblem.loss(x[paths.count], x[paths.count + 1]),
          query: SmallProblem.loss(x[paths.count + 2], x[paths.count + 3]))
        return gradients(of: value, withRespectTo: point).tree.leaves
      }.workingByteCount
    }
    // Of twelve steps more, only where each began stays: parameters and velocity, each array in lines of 64 bytes.
    let point = SmallProblem.start.leaves.reduce(0) { $0 + ($1.byteCount + 63) / 64 * 64 }
    let allowed = 12 * 2 * point
    let growth = try bytes(true, steps: 24) - bytes(true, steps: 12)
    #expect(growth <= allowed, "\(growth) bytes, \(allowed) allowed")
    let unmended = try bytes(false, steps: 24) - bytes(false, steps: 12)
    #expect(unmended > allowed, "without it more than that stays: \(unmended) bytes")
  }

  @Test func noStepsIsTheStart() throws {
    let none = try SmallProblem.run(MetaObjective.maml(try InnerLoop(try Chain("rate 0.1"), steps: 0)))
    let plain = try SmallProblem.run { point, x in try SmallProblem.loss(x[2], x[3])(point) }
    #expect(none.value == plain.value && none.gradient == plain.gradient)
  }

  /// ANIL moves the head only, and learns all.
  @Test func selectionsMoveWhatTheySelect() throws {
    let objective = try MetaObjective.anil(try Chain("rate 0.1"), steps: 2, head: "linear1/*")
    let (numeric, analytic) = try SmallProblem.slopes(objective)
    #expect(abs(numeric - analytic) < GradientCheck.tolerance(order: 2) * (1 + abs(analytic)))
    let paths = SmallProblem.start.paths
    let moved = try Program(inputs: (SmallProblem.start.leaves + SmallProblem.task).map { TensorType(of: $0) }) {
      _, x in
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<paths.count])))
      return try objective.inner.adapt(point, support: SmallProblem.loss(x[paths.count], x[paths.count + 1])).tree
        .leaves
    }.run(SmallProblem.start.leaves + SmallProblem.task)
    for (path, (before, after)) in zip(paths, zip(SmallProblem.start.leaves, moved)) {
      #expect((before != after) == path.hasPrefix("linear1/"))
    }
    let nothing = MetaObjective(try InnerLoop(try Chain("rate 0.1"), moving: .matching("head/*")))
    #expect { try SmallProblem.run(nothing) } throws: { "\($0)".contains("moves no parameter") }
  }

  @Test(arguments: [InnerRates.perTensor, .perElement]) func ratesAreLearnt(_ rates: InnerRates) throws {
    let inner = try InnerLoop(try Chain("rate 1"), steps: 2, rates: rates)
    let objective = MetaObjective(inner)
    let learnt = rates.initial(0.1, for: SmallProblem.start.types)
    #expect(learnt.elementCount == (rates == .perTensor ? 4 : SmallProblem.start.elementCount))
    let all = SmallProblem.start.merging(learnt)
    let (numeric, analytic) = try SmallProblem.slopes(objective, all)
    #expect(abs(numeric - analytic) < GradientCheck.tolerance(order: 2) * (1 + abs(analytic)))
    // All alike, they are the chain's rate.
    let plain = try SmallProblem.run(MetaObjective(try InnerLoop(try Chain("rate 0.1"), steps: 2)))
    #expect(abs(try SmallProblem.run(objective, all).value - plain.value) < rounding(.float32, terms: 2))
    // Without second derivatives the rates still have their gradient.
    let first = MetaObjective(try InnerLoop(try Chain("rate 1"), steps: 1, derivative: .firstOrder, rates: rates))
    let gradient = try SmallProblem.run(first, all).gradient
    #expect(gradient.filter { path, _ in InnerRates.owns(path) }.leaves.contains { $0.doubles.contains { $0 != 0 } })
    #expect { try SmallProblem.run(objective) } throws: { "\($0)".contains("no learnt inner rate") }
  }

  /// Where the inner loop has converged, the gradient through the minimum is that of the minimum as a function of the
  /// start, by central differences.
  @Test func implicitGradients() throws {
    let strength = 2.0
    func objective(_ iterations: Int) throws -> MetaObjective {
      MetaObjective(
        try InnerLoop(
          try Chain("rate 0.15"), steps: 120, derivative: .implicit(strength: strength, iterations: iterations)))
    }
    // 21 numbers: so many steps of conjugate gradients solve the system.
    let (numeric, analytic) = try SmallProblem.slopes(try objective(21))
    // What 120 contractions by some 0.7 leave of the way is far below.
    #expect(abs(numeric - analytic) < 1e-6 * (1 + abs(analytic)), "\(numeric) \(analytic)")
    let poor = try SmallProblem.slopes(try objective(1))
    #expect(abs(poor.analytic - analytic) > 1e-5 * abs(analytic))
  }

  @Test func reptilePointsToWhereItWent() throws {
    let chain = try Chain("rate 0.1")
    let result = try SmallProblem.run(try MetaObjective.reptile(chain, steps: 4))
    let paths = SmallProblem.start.paths
    let inner = try InnerLoop(chain, steps: 4)
    let moved = try Program(inputs: (SmallProblem.start.leaves + SmallProblem.task).map { TensorType(of: $0) }) {
      _, x in
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<paths.count])))
      return try inner.adapt(point, support: SmallProblem.loss(x[paths.count], x[paths.count + 1])).tree.leaves
    }.run(SmallProblem.start.leaves + SmallProblem.task)
    let expected = zip(SmallProblem.start.leaves, moved).map { a, b in
      NDArray(zip(a.doubles, b.doubles).map { $0 - $1 }, shape: a.shape)
    }
    #expect(Deviation.worst(of: result.gradient.leaves, from: expected) < rounding(terms: 20))
  }

  @Test func whatCannotBeIsRefused() throws {
    #expect { try InnerLoop(try Chain("rate 0.1"), steps: -1) } throws: { "\($0)".contains("0 steps or more") }
    #expect { try InnerLoop(Chain { Momentum(0.9) }) } throws: { "\($0)".contains("never steps") }
    #expect {
      try InnerLoop(try Chain("rate 0.1"), derivative: .implicit(strength: 0, iterations: 3))
    } throws: { "\($0)".contains("positive strength") }
    #expect {
      try InnerLoop(try Chain("rate 1"), derivative: .implicit(strength: 1, iterations: 3), rates: .perTensor)
    } throws: { "\($0)".contains("cannot be learnt by it") }
  }

  @Test func conjugateGradientsSolve() throws {
    let n = 6
    let root = RandomKey(seed: 1).normal([n, n], .float64)
    let target = RandomKey(seed: 2).normal([n, 1], .float64)
    let x = try Program(inputs: [TensorType(of: root), TensorType(of: target)]) { graph, x in
      let matrix = x[0].matmul(x[0].transposed()) + graph.constant(NDArray(1.0))
      let b = Updates(Tree([(path: "x", leaf: x[1])]))
      let solution = conjugateGradients({ v in v.map { matrix.matmul($0) + $0 } }, b, iterations: n)
      let image = matrix.matmul(solution["x"]!) + solution["x"]!
      // Long after it is solved, nothing is divided by zero.
      let late = conjugateGradients({ v in v.map { matrix.matmul($0) + $0 } }, b, iterations: 60)
      return [image - x[1], late["x"]! - solution["x"]!]
    }.run([root, target])
    // A condition of some hundreds.
    #expect(x.allSatisfy { $0.doubles.allSatisfy { abs($0) < rounding(terms: 40, condition: 1000) } })
  }
}
