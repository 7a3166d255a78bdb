import Foundation
import TestSupport
import Testing
import Training

/// Several updates within one call do what as many calls do, to the bit.
@Suite struct UpdatesAtOnceTests {
  private let model = Sequential([("first", Linear(3, 6)), ("drop", Dropout(0.3)), ("last", Linear(6, 1))])
  private let inputs: Tree<TensorType> = ["x": TensorType([12, 3]), "y": TensorType([12, 1])]

  private var objective: Objective {
    let model = model
    return Objective { parameters, inputs, scope in
      let output = try scope.run(model, try inputs["x"], parameters, named: "net")
      return ObjectiveValue((output - (try inputs["y"])).squared.mean(), readings: ["size": output.squared.mean()])
    }
  }

  private func state(_ seed: Int, _ method: any DescentMethod) throws -> TrainingState {
    try TrainingState(
      startingFrom: model.initialParameters(key: RandomKey(seed: seed)).prefixed("net"), method: method)
  }

  private func batch(_ seed: Int, _ step: Int) -> Tree<NDArray> {
    let key = RandomKey(seed: seed).split("batch").split(step)
    return ["x": key.split("x").normal([12, 3]), "y": key.split("y").normal([12, 1])]
  }

  private func stacked(_ parts: [Tree<NDArray>]) -> Tree<NDArray> {
    Tree(sortedPaths: parts[0].paths, leaves: parts[0].paths.map { path in NDArray(stacking: parts.map { $0[path]! }) })
  }

  /// Randomness, schedules by updates, samples and epochs, and what is done every few updates.
  private static let methods = [
    "momentum 0.9 | rate 0.05", "noise 0.01 | adam | rate cosine(0.01, 9updates)",
    "clip 0.5 | adam | rate linear(0.1, 0.01, 2epochs)", "rate linear(0.1, 0.01, 60samples)",
    "sam 0.05 (momentum 0.9 | rate 0.05)", "sophia period=3 | rate 0.01", "linesearch trials=4 (rate 1)",
  ]

  @Test(arguments: methods) func ofAStep(_ text: String) throws {
    let method = try DescentMethodKind.parse(text)
    func step(_ seed: Int) throws -> TrainingStep {
      try TrainingStep(
        objective, method: method, inputs: inputs, from: state(seed, method), key: RandomKey(seed: seed),
        sampleCount: 12, stepsPerEpoch: 4)
    }
    let (whole, single) = (try step(3), try step(3))
    for counts in [[1, 4, 2], [7]] {
      for count in counts {
        let batches = (0..<count).map { batch(3, single.step + $0) }
        let known = try batches.map { try single.advance($0) }
        let found = try whole.advance(steps: count, stacked(batches))
        for (tag, readings) in found.enumerated() { #expect(readings.doubles == known.map { $0[tag] }, "\(tag)") }
        #expect(whole.step == single.step && whole.state == single.state)
      }
    }
  }

  @Test(arguments: methods.filter { !$0.hasPrefix("sophia") }) func ofDescentsTogether(_ text: String) throws {
    let method = try DescentMethodKind.parse(text)
    let seeds = [3, 5, 8]
    func steps() throws -> TrainingSteps {
      try TrainingSteps(
        objective, method: method, inputs: inputs, from: seeds.map { try state($0, method) },
        keys: seeds.map { RandomKey(seed: $0) }, sampleCount: 12, stepsPerEpoch: 4)
    }
    let (whole, single) = (try steps(), try steps())
    for count in [1, 4, 2] {
      let batches = (0..<count).map { update in seeds.map { batch($0, single.step + update) } }
      let known = try batches.map { try single.advance($0) }
      let found = try whole.advance(steps: count, stacked(batches.map(stacked)))
      for (tag, readings) in found.enumerated() {
        #expect(readings.shape == [count, 3] && readings.doubles == known.flatMap { $0[tag] })
      }
      #expect(whole.step == single.step && whole.states == single.states)
    }
  }

  /// The update that breaks down is the last one, and is named as it is when each has a call of its own.
  @Test func breakDownEndsThem() throws {
    let method = try DescentMethodKind.parse("rate 3")
    let steep = Objective { parameters, _, _ in ObjectiveValue(parameters["x"]!.squared.squared.sum()) }
    func start(_ x: Float) throws -> TrainingState {
      try TrainingState(startingFrom: ["x": NDArray([x])], method: method)
    }
    func step() throws -> TrainingStep {
      try TrainingStep(steep, method: method, inputs: Tree(), from: start(2), key: RandomKey(seed: 0))
    }
    let (whole, single, unchecked) = (try step(), try step(), try step())
    let known = #expect(throws: TrainingError.self) { for _ in 0..<50 { try single.advance() } }
    let found = #expect(throws: TrainingError.self) { try whole.advance(steps: 50) }
    #expect(known?.description == found?.description && single.step == whole.step && whole.step < 12)
    #expect(known?.description.contains("at step \(whole.step)") == true)
    let readings = try unchecked.advance(steps: 50, checksLoss: false)
    #expect(unchecked.step == whole.step && readings[0].shape == [whole.step])
    #expect(readings[0].doubles.firstIndex { !$0.isFinite } == whole.step - 1)
    func steps() throws -> TrainingSteps {
      try TrainingSteps(
        steep, method: method, inputs: Tree(), from: [start(0.01), start(2)],
        keys: [RandomKey(seed: 0), RandomKey(seed: 1)])
    }
    let (all, each) = (try steps(), try steps())
    let together = #expect(throws: TrainingError.self) { try all.advance(steps: 50) }
    let apart = #expect(throws: TrainingError.self) { for _ in 0..<50 { try each.advance() } }
    #expect(together?.description == apart?.description && all.step == each.step)
    #expect(together?.description.contains("descent 1") == true)
    // One goes on where another is lost.
    let on = try steps()
    let losses = try on.advance(steps: 50, checksLoss: false)[0]
    #expect(on.step == 50 && losses.shape == [50, 2] && on.states[0].parameters["x"]!.item.isFinite)
  }

  /// What is read has the same type whether updates are alike or not.
  @Test(arguments: ["adam | rate 0.1", "sophia period=2 | rate 0.1"]) func readingsAreAlike(_ text: String) throws {
    let method = try DescentMethodKind.parse(text)
    let square = Objective { parameters, _, _ in
      let loss = parameters["x"]!.squared.sum()
      return ObjectiveValue(loss, readings: ["own": loss.reshaped(to: [1])])
    }
    let step = try TrainingStep(
      square, method: method, inputs: Tree(),
      from: try TrainingState(startingFrom: ["x": NDArray([1, 2] as [Float])], method: method), key: RandomKey(seed: 0))
    let readings = try step.advance(steps: 3)
    let types = step.program.outputTypes.suffix(step.readingTags.count).map(\.elementType)
    #expect(readings.map(\.elementType) == types && types[0] == .float32)
    for (tag, reading) in zip(step.readingTags, readings) { #expect(reading.shape == [3], "\(tag)") }
  }

  @Test func errors() throws {
    let method = try DescentMethodKind.parse("rate 0.1")
    let step = try TrainingStep(
      objective, method: method, inputs: inputs, from: state(0, method), key: RandomKey(seed: 0))
    let steps = try TrainingSteps(
      objective, method: method, inputs: inputs, from: [state(0, method)], keys: [RandomKey(seed: 0)])
    let (two, before) = (stacked([batch(0, 0), batch(0, 1)]), step.state)
    for count in [0, -3, 1, 3, .max] {
      #expect(throws: TrainingError.self) { try step.advance(steps: count, two) }
      #expect(throws: TrainingError.self) { try steps.advance(steps: count, two.map { NDArray(stacking: [$0]) }) }
    }
    #expect(throws: TrainingError.self) { try step.advance(steps: 2, batch(0, 0)) }
    #expect(throws: TrainingError.self) { try step.advance(steps: 2) }
    #expect(throws: TrainingError.self) { try steps.advance(steps: 2, two) }
    #expect(step.state == before && step.step == 0 && steps.step == 0)
  }

  // MARK: On data

  private func dataset(nan: Bool = false) -> Dataset {
    let key = RandomKey(seed: 5)
    var features = key.normal([63, 4])
    if nan { features.withUnsafeMutableElements(of: Float.self) { $0[41] = .nan } }
    let labels = (0..<63).map { Int32(features[flat: 4 * $0] > 0 ? 1 : 0) }
    return Dataset(name: "x", features: .numbers(features), targets: .classes(labels), classNames: ["no", "yes"])
  }

  private func trainer(
    _ chain: String = "noise 0.01 | adam | rate cosine(0.02, 3epochs)", nan: Bool = false,
    _ sampling: SamplingOrder = .shuffled, state: TrainingState? = nil
  ) throws -> Trainer {
    try Trainer(
      model: MLP([4, 16, 2]), loss: .crossEntropy, method: try DescentMethodKind.parse(chain),
      batches: try BatchSequence(dataset(nan: nan), batchSize: 6, key: RandomKey(seed: 1), sampling: sampling),
      key: RandomKey(seed: 2), state: state)
  }

  /// Ten batches an epoch, three rows left out; over its ends and from within, to means in the order of the updates.
  @Test(
    arguments: ["noise 0.01 | adam | rate cosine(0.02, 3epochs)", "sophia period=3 | rate 0.01"], SamplingOrder.allCases
  )
  func ofATrainer(_ chain: String, _ sampling: SamplingOrder) throws {
    let (single, whole) = (try trainer(chain, sampling), try trainer(chain, sampling))
    for end in [1, 4, 4, .min, 25, 26, 40] {
      var sums = [Double](repeating: 0, count: single.readingTags.count)
      let count = max(0, end) - single.step
      while single.step < end {
        for (index, reading) in try single.advance().enumerated() { sums[index] += reading }
      }
      let means = try whole.advance(to: end)
      #expect(means == (count > 0 ? sums.map { $0 / Double(count) } : []))
      #expect(whole.state == single.state && whole.step == single.step)
    }
    let resumed = try trainer(
      chain, sampling,
      state: try {
        let part = try trainer(chain, sampling)
        _ = try part.advance(to: 13)
        return part.state
      }())
    _ = try resumed.advance(to: 40)
    #expect(resumed.state == whole.state)
  }

  @Test func ofATrainerThatBreaksDown() throws {
    for (chain, nan) in [("rate 1e30", false), ("rate 0.01", true)] {
      let (single, whole) = (try trainer(chain, nan: nan), try trainer(chain, nan: nan))
      let known = #expect(throws: TrainingError.self) { while single.step < 40 { _ = try single.advance() } }
      let found = #expect(throws: TrainingError.self) { try whole.advance(to: 40) }
      #expect(known?.description == found?.description && single.step == whole.step, "\(chain)")
    }
  }

  /// Whether or not somebody asks after each update, and whatever images are.
  @Test func epochsAreTheSame() throws {
    let bytes = RandomKey(seed: 3).integers(count: 19 * 25 * 3, below: 256).map { UInt8($0) }
    let images = Dataset(
      name: "images", features: .images(bytes, height: 5, width: 5, channels: 3),
      targets: .classes((0..<19).map { Int32($0 % 2) }), classNames: ["a", "b"])
    func ends(_ augmentation: Augmentation, asks: Bool) throws -> ([TrainingState], [[String: Double]], updates: Int) {
      let trainer = try Trainer(
        model: Sequential([("flat", Flatten()), ("last", Linear(75, 2))]), loss: .crossEntropy,
        method: try DescentMethodKind.parse("adam | rate 0.01"),
        batches: try BatchSequence(
          images, batchSize: 4, key: RandomKey(seed: 4), augmentation: augmentation,
          normalization: Normalization(mean: [0.4, 0.5, 0.6], standardDeviation: [0.2, 0.3, 0.4])),
        key: RandomKey(seed: 2))
      var (states, means, updates) = ([TrainingState](), [[String: Double]](), 0)
      func note(_ trainer: Trainer, _ found: [String: Double]) {
        states.append(trainer.state)
        means.append(found)
      }
      let descent = EpochDescent(trainer, epochs: 3)
      if asks {
        try descent.run(onStep: { _ in updates += 1 }, onEpoch: note)
      } else {
        try descent.run(onEpoch: note)
      }
      return (states, means, updates)
    }
    for augmentation in [Augmentation.none, Augmentation(cropPadding: 1, flips: true)] {
      let (asked, unasked) = (try ends(augmentation, asks: true), try ends(augmentation, asks: false))
      #expect(asked.0 == unasked.0 && asked.1 == unasked.1 && asked.updates == 12 && unasked.updates == 0)
    }
  }

  /// Where an update takes long, or batches are large, each has a call of its own.
  @Test func largeOnesComeAlone() throws {
    func program(_ extent: Int) throws -> Program {
      try Program(inputs: [TensorType([extent, extent])]) { _, x in [x[0].matmul(x[0])] }
    }
    #expect(UpdatesAtOnce.most(of: try program(2), batchBytes: 0) == UpdatesAtOnce.most)
    #expect(UpdatesAtOnce.most(of: try program(300), batchBytes: 0) == 1)
    #expect(UpdatesAtOnce.most(of: try program(2), batchBytes: 1 << 20) == 1)
    let some = UpdatesAtOnce.most(of: try program(100), batchBytes: 16_000)
    #expect(some > 1 && some < 10)
  }
}
