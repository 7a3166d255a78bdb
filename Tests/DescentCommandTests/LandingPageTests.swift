import Descent
import Foundation
import TestSupport
import Testing

/// The examples of the libraries' landing pages (`Sources/X/X.docc/X.md`), as they stand there; `TutorialTests` holds them
/// to it.
@Suite struct LandingPageTests {
  @Test func systemFiles() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/seeds.txt"
    try AtomicFile.write("1\n2\n", to: path)
    try AtomicFile.write("3\n", to: path)  // the old lines or the new one, whoever reads meanwhile
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "3\n")
  }

  @Test func arrays() throws {
    let key = RandomKey(seed: 7)
    let (a, x) = (key.split("a").normal([3, 3], .float64), key.split("x").normal([3, 1], .float64))
    let b = try LinearAlgebra.product(a, x)
    let solution = try LinearAlgebra.solve(a, b)  // x again
    // Three products and sums an entry, twice; a condition up to 1000, numbers below 3.
    let tolerance = rounding(terms: 12, condition: 1000, scale: 3)
    #expect(zip(solution.doubles, x.doubles).allSatisfy { abs($0 - $1) < tolerance })
  }

  @Test func graphs() throws {
    let graph = Graph()
    let (x, w) = (graph.input(TensorType([8, 4])), graph.input(TensorType([4, 2])))
    let y = softmax(relu(x.matmul(w)), axis: 1)  // nothing is computed yet
    let misfit = w.matmul(y)
    let failure = graph.failure  // operation, shapes and source line
    #expect(y.shape == [8, 2] && misfit.graph === graph && failure != nil)
  }

  @Test func differentiation() throws {
    let program = try Program(inputs: [TensorType([3], .float64)]) { _, x in
      let y = (x[0] * x[0] * x[0]).sum()
      let slope = gradients(of: y, withRespectTo: [x[0]])[0]  // 3 x^2
      return [slope, gradients(of: slope.sum(), withRespectTo: [x[0]])[0]]  // 6 x
    }
    let results = try program.run([NDArray([1.0, 2, 3])])
    #expect(results[0].doubles == [3, 12, 27] && results[1].doubles == [6, 12, 18])
    let lengths = try Program(inputs: [TensorType([3], .float64), TensorType([5, 3], .float64)]) { _, x in
      vectorized(over: [x[1]]) { example in
        let loss = (dot(x[0], example[0]) - 1).squared
        return [gradients(of: loss, withRespectTo: [x[0]])[0].norm()]  // 2 |w x - 1| |x|, one for each of five examples
      }
    }
    let examples = NDArray((0..<15).map(Double.init), shape: [5, 3])
    let found = try lengths.run([NDArray([1.0, 0, 0]), examples])[0]
    #expect(found.shape == [5] && abs(found.doubles[1] - 4 * 50.0.squareRoot()) < 1e-12)
  }

  @Test func formulas() throws {
    let valley = try Minimization(Formula("100 * (y - x^2)^2 + (1 - x)^2"), from: StartPoint("x=-1.2, y=1"))
    let path = try valley.descent(by: "adam | rate 0.03", updates: 2000)
    print(try LocalShape(of: valley.formula, at: path.end).account)
    #expect(path.values.last! < 1e-3 && abs(path.values[0] - 24.2) < 1e-12)
  }

  @Test func compilation() throws {
    // The argument is given up, and the result takes its memory.
    let halve = try Program(inputs: [TensorType([2])], donating: [0: 0]) { _, x in [0.5 * x[0]] }
    var values = [NDArray([8 as Float, 4])]
    for _ in 0..<2 { _ = try halve.run(updating: &values) }
    _ = try halve.run(updating: &values, times: 3)  // within one call
    #expect(values[0].floats == [0.25, 0.125])
  }

  @Test func parameters() throws {
    let start = Tree(["layer/bias": NDArray([1.0, -2])])
    let program = try Program(inputs: start.types.leaves) { _, x in
      let parameters = Parameters(Tree(["layer/bias": x[0]]))
      let loss = parameters["layer/bias"]!.squared.sum()
      let step = -0.5 * gradients(of: loss, withRespectTo: parameters)
      return parameters.moved(by: step).tree.leaves
    }
    #expect(try program.run(start.leaves)[0].doubles == [0, 0])
  }

  @Test func descending() throws {
    let byType = Chain {
      ClipByGlobalNorm(1)
      Adam()
      LearningRate(.constant(0.001))
    }
    let byText = try Chain("clip 1 | adam | rate 0.001")
    #expect(byType.description == byText.description)
  }

  @Test func models() throws {
    let model = Sequential([Linear(4, 16), Activation.relu, Linear(16, 3)])
    let parameters = try model.initialParameters(key: RandomKey(seed: 0))
    #expect(parameters.elementCount == 4 * 16 + 16 + 16 * 3 + 3)
  }

  @Test func datasets() throws {
    let key = RandomKey(seed: 0)
    let data = Dataset(
      name: "noise", features: .numbers(key.split("x").normal([100, 4])),
      targets: .numbers(key.split("y").normal([100, 1])))
    let batches = try BatchSequence(data, batchSize: 20, key: key.split("batches"))
    let first = batches.batch(0, order: batches.order(epoch: 0))  // always the same, whatever was asked before
    #expect(first.features.shape == [20, 4] && batches.batchesPerEpoch == 5)
  }

  @Test func diagnostics() {
    // Three examples of two classes: the third is sure, and wrong.
    let calibration = Calibration(logits: [2, 0, 0, 1, 9, 0], labels: [0, 1, 1], classes: 2)
    let gap = calibration.expectedCalibrationError
    // Accuracies are in percent.
    #expect(abs(calibration.accuracy - 200.0 / 3) < rounding(terms: 4, scale: 100) && gap > 0.3)
  }

  @Test func multiObjective() {
    // Products of three gradients; the weights depend on nothing else.
    let products = [[4.0, -1, 0], [-1, 1, 0], [0, 0, 2]]
    let weights = MinimumNormWeighting().weights(products, previous: nil, key: RandomKey(seed: 0))
    #expect(abs(weights.reduce(0, +) - 1) < rounding(terms: 64))
  }

  @Test func training() throws {
    let key = RandomKey(seed: 0)
    let x = key.split("x").normal([64, 2])
    let data = Dataset(name: "line", features: .numbers(x), targets: .numbers(x))
    let trainer = try Trainer(
      model: MLP([2, 8, 2]), loss: .squaredError, optimizer: try Chain("adam | rate 0.01"),
      batches: try BatchSequence(data, batchSize: 16, key: key.split("batches")), key: key.split("training"))
    var losses: [Double] = []
    for _ in 0..<100 { losses.append(try trainer.advance()[0]) }
    let mean = try trainer.advance(to: 1000)[0]  // small updates within few calls
    #expect(losses.last! < losses.first! && mean < losses.first!)
  }

  @Test func runLogs() throws {
    let sink = MemorySink()  // or JSONLinesSink(path: "runs/mine/log.jsonl")
    sink.record(RunEvent(kind: "step", step: 1, values: ["loss/train": 0.5]))
    #expect(sink.events[0].json.contains("loss/train"))
  }

  @Test func statistics() throws {
    let (ours, theirs) = ([0.81, 0.79, 0.83, 0.80, 0.82], [0.78, 0.77, 0.80, 0.79, 0.78])
    let test = try pairedTTest(theirs, ours, alternative: .greater)  // of ours - theirs
    let corrected = holmAdjusted([test.pValue, 0.2])
    #expect(corrected[0] == 2 * test.pValue && test.pValue < 0.05)
  }

  @Test func reports() {
    let table = TextTable(header: ["method", "loss"], rows: [["plain", "0.21"], ["momentum", "0.09"]])
    let text = table.text(width: 40)
    #expect(text.contains("momentum"))
  }

  @Test func theory() {
    // How many measurements a dimension phase retrieval takes, by random duality theory.
    let law = PhaseRetrievalDuality(rank: 1)
    let ratio = law.transition  // pi^2 / 2 - pi
    #expect(abs(ratio - 1.7932) < 5e-5)  // as printed
  }

  @Test func signalRecovery() throws {
    let keys = (0..<4).map { RandomKey(seed: 0).split($0) }
    let batch = PhaseRetrievalBatch(ensemble: .gaussian(rank: 1), dimension: 8, ratio: 6, keys: keys)
    let descent = PhaseRetrievalDescent(.amplitude, schedule: RecoverySchedule(plainSteps: 400))
    let outcome = try descent.run(batch)
    let found = outcome.successes(within: 1e-3)
    #expect((0...4).contains(found) && outcome.distances.count == 4)
  }

  @Test func languageModels() throws {
    let sampling = try Sampling(temperature: 0.8, topK: 40)
    let token = sampling.choose([0.1, 2.5, 0.3], key: RandomKey(seed: 1))
    #expect((0..<3).contains(token))
  }

  @Test func metaLearning() throws {
    // Five steps of descent on a task; the outer derivative goes through all of them.
    let inner = try InnerLoop(try Chain("rate 0.01"), steps: 5)
    let objective = MetaObjective.maml(inner)
    #expect(inner.derivative == .exact && objective.inner.steps == 5)
  }

  @Test func reinforcement() throws {
    var method = PPO()
    (method.hidden, method.environments, method.horizon, method.minibatch) = ([16], 4, 16, 32)
    let environment = TimeLimit(Copies(CartPole()), steps: 50)
    let training = try PPOTraining(method, in: environment, key: RandomKey(seed: 0))
    for _ in 0..<2 { try training.advance() }
    let result = try PolicyEvaluation.run(
      training.policy(), in: environment, episodes: 4, key: RandomKey(seed: 1))
    #expect((1...50).contains(result.meanReturn))
  }

  @Test func experiments() {
    // What the program knows; an experiment of a package of its own runs without being among them.
    let names = ExperimentRegistry.all.map { $0.name }
    #expect(names.contains("calibration"))
  }

  @Test func descent() throws {
    let program = try Program(inputs: [TensorType([8, 4]), TensorType([4, 1]), TensorType([8, 1])]) { _, x in
      let loss = (x[0].matmul(x[1]) - x[2]).squared.mean()
      return [loss, gradients(of: loss, withRespectTo: [x[1]])[0]]
    }
    let key = RandomKey(seed: 0)
    let results = try program.run(program.inputTypes.enumerated().map { key.split($0).normal($1.shape) })
    #expect(results[1].shape == [4, 1])
  }
}
