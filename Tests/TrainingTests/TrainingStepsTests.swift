import Foundation
import Models
import TestSupport
import Testing
import Training

/// Descents at once are the descents one by one.
@Suite struct TrainingStepsTests {
  private let objective: Objective
  private let inputs: Tree<TensorType> = ["x": TensorType([12, 3]), "y": TensorType([12, 1])]
  /// Without a bias that normalisation takes away again: its gradient is rounding alone, which Adam divides by its own size.
  private let model = Sequential([
    ("first", Linear(3, 6, bias: false)), ("norm", BatchNorm(6)), ("drop", Dropout(0.3)), ("last", Linear(6, 1)),
  ])

  init() {
    let model = model
    objective = Objective { parameters, inputs, scope in
      let output = tanh(try scope.run(model, try inputs["x"], parameters, named: "net"))
      let loss = (output - (try inputs["y"])).squared.mean()
      return ObjectiveValue(loss, readings: ["size": output.squared.mean()])
    }
  }

  private func state(_ seed: Int, _ method: any DescentMethod) throws -> TrainingState {
    try TrainingState(
      startingFrom: model.initialParameters(key: RandomKey(seed: seed)).prefixed("net"),
      modelState: model.initialState().prefixed("net"), method: method)
  }

  private func batch(_ seed: Int, _ step: Int) -> Tree<NDArray> {
    let key = RandomKey(seed: seed).split("batch").split(step)
    return ["x": key.split("x").normal([12, 3]), "y": key.split("y").normal([12, 1])]
  }

  /// Parameters, running values, states and readings, with dropout, batch normalisation and schedules; S = 1 too.
  @Test(arguments: [
    "momentum 0.9 | rate 0.05", "clip 0.5 | adam | rate cosine(0.01, 20updates)", "orthogonal | decay 0.01 | rate 0.05",
    "losspower 1.5 | rmsprop | rate 0.01", "sam 0.05 (momentum 0.9 | rate 0.05)", "adam | trustratio | rate 0.01",
  ])
  func togetherIsOneByOne(_ text: String) throws {
    let method = try DescentMethodKind.parse(text)
    let seeds = [3, 5, 8]
    let alone = try seeds.map { seed in
      try TrainingStep(
        objective, method: method, inputs: inputs, from: state(seed, method), key: RandomKey(seed: seed),
        sampleCount: 12, stepsPerEpoch: 4)
    }
    for chosen in [seeds, [5]] {
      let together = try TrainingSteps(
        objective, method: method, inputs: inputs, from: chosen.map { try state($0, method) },
        keys: chosen.map { RandomKey(seed: $0) }, sampleCount: 12, stepsPerEpoch: 4)
      #expect(together.readingTags == alone[0].readingTags)
      for step in 0..<10 {
        let readings = try together.advance(chosen.map { batch($0, step) })
        guard chosen.count > 1 else { continue }
        for (index, seed) in seeds.enumerated() {
          let own = try alone[index].advance(batch(seed, step))
          for (a, b) in zip(readings.map { $0[index] }, own) {
            #expect(abs(a - b) < rounding(.float32, terms: 400, scale: 1 + abs(b)), "step \(step)")
          }
        }
      }
      for (seed, found) in zip(chosen, together.states) {
        let expected = alone[seeds.firstIndex(of: seed)!].state
        #expect(found.step == expected.step)
        for (tree, other) in [
          (found.parameters, expected.parameters), (found.modelState, expected.modelState),
          (found.optimizerState, expected.optimizerState),
        ] {
          #expect(tree.paths == other.paths)
          let error = Deviation.worst(of: tree.leaves, from: other.leaves)
          #expect(error < rounding(.float32, terms: 1000, condition: 4), "\(text): \(error)")
        }
      }
    }
  }

  /// One of several descents that breaks down is named; what does not fit is an error.
  @Test func errors() throws {
    let method = try DescentMethodKind.parse("rate 0.1")
    let square = Objective { parameters, _, _ in ObjectiveValue(parameters["x"]!.squared.sum()) }
    func state(_ x: [Float]) throws -> TrainingState {
      try TrainingState(startingFrom: ["x": NDArray(x)], method: method)
    }
    let keys = [RandomKey(seed: 0), RandomKey(seed: 1)]
    func steps(_ starts: [TrainingState], _ keys: [RandomKey]) throws -> TrainingSteps {
      try TrainingSteps(square, method: method, inputs: Tree(), from: starts, keys: keys)
    }
    #expect(throws: TrainingError.self) { try steps([], []) }
    #expect(throws: TrainingError.self) { try steps([state([1])], keys) }
    #expect(throws: TrainingError.self) { try steps([state([1]), state([1, 2])], keys) }
    let wild = try steps([state([1]), state([1e30])], keys)
    let error = #expect(throws: TrainingError.self) { try wild.advance() }
    #expect(error?.description.contains("descent 1") == true)
    let calm = try steps([state([1]), state([2])], keys)
    #expect(throws: TrainingError.self) { try calm.advance([["x": NDArray([1 as Float])], Tree()]) }
    #expect(try calm.advance()[0] == [1, 4])
    #expect(calm.states.map { $0.parameters["x"]!.floats[0] } == [0.8, 1.6])
  }

  /// What is done every few updates is done in these alone, too.
  @Test func occasionsAreKept() throws {
    let method = try DescentMethodKind.parse("sophia gamma=1 period=3 | rate 0.05")
    let quartic = Objective { parameters, _, _ in ObjectiveValue(parameters["x"]!.squared.squared.sum()) }
    let starts = try [1, 2].map { x in
      try TrainingState(startingFrom: ["x": NDArray([Double(x), 0.5])], method: method)
    }
    let keys = [RandomKey(seed: 0), RandomKey(seed: 1)]
    let together = try TrainingSteps(quartic, method: method, inputs: Tree(), from: starts, keys: keys)
    let apart = try zip(starts, keys).map {
      try TrainingStep(quartic, method: method, inputs: Tree(), from: $0, key: $1)
    }
    for _ in 0..<8 {
      try together.advance()
      for step in apart { try step.advance() }
    }
    for (found, known) in zip(together.states, apart.map(\.state)) {
      let error = Deviation.worst(of: found.parameters.leaves, from: known.parameters.leaves)
      #expect(error < rounding(.float32, terms: 100), "\(error)")
    }
  }

  /// What an update asks is known, and whether all are alike.
  @Test(arguments: [
    ("adam | rate 0.1", true, 1), ("sam (rate 0.1)", true, 2), ("sophia period=4 | rate 0.1", false, 1),
  ])
  func whatUpdatesAsk(_ text: String, _ isUniform: Bool, _ gradients: Double) throws {
    let method = try DescentMethodKind.parse(text)
    let square = Objective { parameters, _, _ in ObjectiveValue(parameters["x"]!.squared.sum()) }
    let start = try TrainingState(startingFrom: ["x": NDArray([1, 2] as [Float])], method: method)
    let steps = try TrainingSteps(square, method: method, inputs: Tree(), from: [start], keys: [RandomKey(seed: 0)])
    let one = try TrainingStep(square, method: method, inputs: Tree(), from: start, key: RandomKey(seed: 0))
    #expect(steps.isUniform == isUniform && one.isUniform == isUniform && steps.calls.gradients == gradients)
    #expect(!isUniform || steps.calls == one.calls)
    #expect(steps.stacked[0]["x"]! == NDArray([1, 2] as [Float], shape: [1, 2]))
  }
}
