import MultiObjective
import TestSupport
import Testing
import Training

/// Several losses of a network, weighed by the products of their gradients.
@Suite struct WeighedStepTests {
  private let model = Sequential([
    ("hidden", Linear(6, 32)), ("norm", BatchNorm(32)), ("relu", Activation.relu), ("head", Linear(32, 3)),
  ])

  /// Three outputs that want different things of one network.
  private var objective: Objective {
    Objective { [model] parameters, inputs, scope in
      let output = try scope.run(model, try inputs["x"], parameters)
      let target = try inputs["y"]
      return ObjectiveValue(
        losses: (0..<3).map { ("output \($0)", (output.part($0, axis: 1) - target.part($0, axis: 1)).squared.mean()) },
        readings: ["size": output.squared.mean()])
    }
  }

  private var inputs: Tree<NDArray> {
    let x = RandomKey(seed: 2).normal([24, 6])
    return ["x": x, "y": RandomKey(seed: 3).normal([24, 3])]
  }

  private func start(_ method: any DescentMethod) throws -> TrainingState {
    try TrainingState(
      startingFrom: try model.initialParameters(key: RandomKey(seed: 1)), modelState: try model.initialState(),
      method: method)
  }

  private func step(_ weighting: any Weighting, _ chain: String = "rate 0.05") throws -> WeighedStep {
    let method = try DescentMethodKind.parse(chain)
    return try WeighedStep(
      objective, weighting: weighting, method: method, inputs: inputs.types, from: try start(method),
      key: RandomKey(seed: 4))
  }

  /// G of the losses' gradients, one by one.
  @Test func productsAreThoseOfTheGradients() throws {
    let method = try DescentMethodKind.parse("rate 0.05")
    let state = try start(method)
    let gradients = try (0..<3).map { s -> [Double] in
      let single = Objective { [objective] parameters, inputs, scope in
        ObjectiveValue(try objective.evaluate(parameters, inputs, &scope).losses[s].value)
      }
      let step = try TrainingStep(
        single, method: try DescentMethodKind.parse("rate 1"), inputs: inputs.types, from: state,
        key: RandomKey(seed: 4))
      try step.advance(inputs)
      // A step at the rate 1 is the gradient.
      return zip(state.parameters.leaves, step.state.parameters.leaves).flatMap { a, b in
        zip(a.doubles, b.doubles).map { $0 - $1 }
      }
    }
    let step = try step(MinimumNormWeighting())
    try step.advance(inputs)
    let expected = gramMatrix(gradients)
    let scale = (0..<3).map { expected[$0][$0] }.max()!
    let size = state.parameters.leaves.flatMap { $0.doubles.map(abs) }.max()!
    for i in 0..<3 {
      for j in 0..<3 {
        // A difference of parameters is off by their rounding, in each of some 300 numbers.
        let tolerance = rounding(.float32, terms: 400, scale: max(scale, size * scale.squareRoot()))
        #expect(abs(step.gramian![i][j] - expected[i][j]) < tolerance)
      }
    }
    #expect(step.lossNames == ["output 0", "output 1", "output 2"])
    #expect(
      step.step.readingTags
        == ["loss", "loss/output 0", "loss/output 1", "loss/output 2", "optimizer/learningRate", "size"])
  }

  /// With fixed weights it is the descent of the weighed sum.
  @Test func fixedWeightsAreAnOrdinaryDescent() throws {
    let weighed = try step(Scalarization([0.5, 0.25, 0.25]), "momentum 0.9 | rate 0.05")
    let sum = Objective { [objective] parameters, inputs, scope in
      let losses = try objective.evaluate(parameters, inputs, &scope).losses.map(\.value)
      return ObjectiveValue(0.5 * losses[0] + 0.25 * losses[1] + 0.25 * losses[2])
    }
    let method = try DescentMethodKind.parse("momentum 0.9 | rate 0.05")
    let plain = try TrainingStep(
      sum, method: method, inputs: inputs.types, from: try start(method), key: RandomKey(seed: 4))
    for _ in 0..<5 {
      try weighed.advance(inputs)
      try plain.advance(inputs)
    }
    for (path, (a, b)) in weighed.state.parameters.zipped(with: plain.state.parameters, { ($0, $1) }) {
      // Weights known while compiling may be multiplied elsewhere than those given: a rounding in each sum of 24 rows, in five
      // steps, of numbers near 1.
      let tolerance = Float(rounding(.float32, terms: 5 * 24, scale: 1))
      for (p, q) in zip(a.floats, b.floats) { #expect(abs(p - q) < tolerance, "\(path)") }
    }
    #expect(weighed.state.modelState.paths == plain.state.modelState.paths)
    #expect(weighed.state.step == 5)
  }

  /// Every weighting lowers every loss of a network that can have them all.
  @Test(arguments: 0..<WeightingTests.all.count) func everyWeightingTrains(_ index: Int) throws {
    let step = try step(WeightingTests.all[index], "momentum 0.9 | rate 0.02")
    let first = try step.advance(inputs)
    for _ in 0..<150 { try step.advance(inputs) }
    let last = try step.advance(inputs)
    for s in 1...3 { #expect(last[s] < 0.7 * first[s], "\(step.weighting): \(first[s]) to \(last[s])") }
  }

  /// The products of a deep network's gradients need less memory than the gradients: leaf by leaf, not all of them.
  @Test func theJacobianIsNeverInMemory() throws {
    let deep = MLP([64] + [Int](repeating: 256, count: 8) + [8])
    let method = try DescentMethodKind.parse("rate 0.01")
    let state = try TrainingState(
      startingFrom: try deep.initialParameters(key: RandomKey(seed: 1)), method: method)
    let objective = Objective { parameters, inputs, scope in
      let output = try scope.run(deep, try inputs["x"], parameters)
      return ObjectiveValue(losses: (0..<8).map { ("\($0)", output.part($0, axis: 1).squared.mean()) })
    }
    let step = try WeighedStep(
      objective, weighting: MinimumNormWeighting(), method: method, inputs: ["x": TensorType([16, 64])], from: state,
      key: RandomKey(seed: 1))
    let jacobian = 8 * state.parameters.elementCount * 4
    #expect(step.lookProgram.workingByteCount < jacobian / 2, "\(step.lookProgram.workingByteCount) of \(jacobian)")
    try step.advance(["x": RandomKey(seed: 2).normal([16, 64])])
  }

  @Test func mistakesAreNamed() throws {
    let method = try DescentMethodKind.parse("rate 0.05")
    do {
      _ = try WeighedStep(
        objective, weighting: Scalarization(), method: method,
        inputs: inputs.types.merging(["lossWeights": TensorType([3])]), from: try start(method), key: RandomKey(seed: 1)
      )
      Issue.record("a name that is taken was accepted")
    } catch { #expect("\(error)".contains("lossWeights")) }
    let step = try step(MinimumNormWeighting())
    #expect(throws: TrainingError.self) { try step.advance(["x": inputs["x"]!]) }
    var bad = inputs
    bad["y"] = NDArray(repeating: .nan, shape: [24, 3])
    do {
      try step.advance(bad)
      Issue.record("gradients that are not finite were accepted")
    } catch { #expect("\(error)".contains("not finite at step 0"), "\(error)") }
  }
}
