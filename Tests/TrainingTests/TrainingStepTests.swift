import Foundation
import TestSupport
import Testing
import Training

/// The step in each kind of use, in miniature.
@Suite struct TrainingStepTests {
  private let rounded32 = rounding(.float32, terms: 8, scale: 4)

  /// Two networks, a target that follows one of them, and inputs of three types: the actor climbs the critic's slope, the
  /// critic follows its target. Both have one number, so that every value is known on paper.
  @Test func actorCriticAndTargetShareOneStep() throws {
    let (rate, decay, discount) = (0.1, 0.75, 0.5)
    // Action a w, value v (observation + action): actions move only through the actor, values only through the critic.
    let objective = Objective { parameters, inputs, scope in
      let (observation, reward) = (try inputs["observation"], try inputs["reward"])
      let done = try inputs["done"].cast(to: .float64)
      let (w, v) = (parameters["actor/w"]!, parameters["critic/v"]!)
      let target = reward + discount * (1 - done) * (try scope.value("target/v")) * observation
      let critic = (v * observation - target.stoppingGradient).squared.mean()
      let actor = -(v.stoppingGradient * (w * observation)).mean()
      return ObjectiveValue(actor + critic, readings: ["actor": actor, "critic": critic])
    } following: { parameters, _, scope in
      try scope.average(parameters.subtree("critic"), into: "target", keeping: decay)
    }
    let start = Tree(["actor/w": NDArray(0.5), "critic/v": NDArray(2.0)])
    let method = try DescentMethodKind.parse("groups (actor/*: rate 0.1; critic/*: rate 0.1)")
    let step = try TrainingStep(
      objective, method: method,
      inputs: [
        "observation": TensorType([2], .float64), "reward": TensorType([2], .float64), "done": TensorType([2], .bool),
      ],
      from: try TrainingState(startingFrom: start, modelState: ["target/v": NDArray(1.0)], method: method),
      key: RandomKey(seed: 1))
    #expect(
      step.readingTags
        == ["loss", "actor", "critic", "optimizer/learningRate[actor/*]", "optimizer/learningRate[critic/*]"])
    var (w, v, t) = (0.5, 2.0, 1.0)
    let (x, r, d) = ([1.0, 2.0], [0.5, -1.0], [false, true])
    for _ in 0..<5 {
      let readings = try step.advance(["observation": NDArray(x), "reward": NDArray(r), "done": NDArray(d)])
      let targets = (0..<2).map { r[$0] + discount * (d[$0] ? 0 : 1) * t * x[$0] }
      let critic = (0..<2).map { pow(v * x[$0] - targets[$0], 2) }.reduce(0, +) / 2
      #expect(abs(readings[2] - critic) < rounded32)
      let slope = (0..<2).map { 2 * (v * x[$0] - targets[$0]) * x[$0] }.reduce(0, +) / 2
      w += rate * v * 1.5
      v -= rate * slope
      t += (1 - decay) * (v - t)
    }
    let state = step.state
    // Rates are float32.
    #expect(abs(state.parameters["actor/w"]!.item - w) < rounded32)
    #expect(abs(state.parameters["critic/v"]!.item - v) < rounded32)
    #expect(abs(state.modelState["target/v"]!.item - t) < rounded32)
    #expect(state.step == 5)
  }

  /// Models as parts of an objective: each with its own parameters, running values and randomness.
  @Test func modelsKeepTheirOwnRunningValues() throws {
    let first = Sequential([("linear", Linear(3, 4)), ("norm", BatchNorm(4)), ("drop", Dropout(0.5))])
    let second = Sequential([("linear", Linear(3, 4)), ("norm", BatchNorm(4)), ("drop", Dropout(0.5))])
    let objective = Objective { parameters, inputs, scope in
      let x = try inputs["x"]
      let a = try scope.run(first, x, parameters, named: "a")
      let b = try scope.run(second, x, parameters, named: "b")
      let same = (a .== 0).cast(to: .float32) - (b .== 0).cast(to: .float32)
      return ObjectiveValue((a + b).squared.mean(), readings: ["differ": abs(same).mean()])
    }
    func start(_ layer: any Layer) throws -> (Tree<NDArray>, Tree<NDArray>) {
      (try layer.initialParameters(key: RandomKey(seed: 3)), try layer.initialState())
    }
    let ((a, u), (b, v)) = (try start(first), try start(second))
    let method = try DescentMethodKind.parse("momentum 0.9 | rate 0.01")
    let step = try TrainingStep(
      objective, method: method, inputs: ["x": TensorType([16, 3])],
      from: try TrainingState(
        startingFrom: a.prefixed("a").merging(b.prefixed("b")), modelState: u.prefixed("a").merging(v.prefixed("b")),
        method: method),
      key: RandomKey(seed: 1))
    let x = RandomKey(seed: 2).normal([16, 3])
    let readings = try step.advance(["x": x])
    // Equal parameters, and yet the two drop other elements.
    #expect(readings[1] > 0)
    let state = step.state.modelState
    #expect(state["a/norm/mean"] == state["b/norm/mean"] && state["a/norm/mean"] != NDArray.zeros([4]))
    try step.advance(["x": x])
    #expect(step.state.modelState["a/norm/mean"] != state["a/norm/mean"])
  }

  /// Descends along a fixed mean of the gradients: a method that wants several losses.
  private struct Weighed: DescentMethod {
    var weights: [Double]
    var chain: Chain
    var description: String { "weighed" }
    func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
      try chain.initialState(for: parameters)
    }
    func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep {
      let (losses, rows) = try problem.jacobian(at: point)
      let parts = zip(weights, rows).map { $0 * $1 }
      let gradient = parts.dropFirst().reduce(parts[0], +)
      let loss = zip(weights, losses).map { $0 * $1 }.reduce(losses[0].scalar(0), +)
      let result = try problem.run(chain, on: gradient, state, at: point, loss: loss)
      return DescentStep(
        parameters: point.moved(by: result.step), state: result.state, loss: loss, readings: result.readings)
    }
  }

  /// (p - 1)^2 and (p + 3)^2, weighed 3 : 1, meet at 0.
  @Test func severalLossesGoToAMethodThatTakesThem() throws {
    let objective = Objective { parameters, _, _ in
      let p = parameters["p"]!
      return ObjectiveValue(losses: [("near", (p - 1).squared.sum()), ("far", (p + 3).squared.sum())])
    }
    func step(_ method: some DescentMethod) throws -> TrainingStep {
      try TrainingStep(
        objective, method: method, inputs: Tree(),
        from: try TrainingState(startingFrom: ["p": NDArray([5.0])], method: method), key: RandomKey(seed: 1))
    }
    let weighed = try step(Weighed(weights: [0.75, 0.25], chain: try Chain("rate 0.2")))
    #expect(weighed.readingTags == ["loss", "loss/far", "loss/near", "optimizer/learningRate"])
    #expect(weighed.calls.gradients == 2 && weighed.calls.samples == 1)
    #expect(try weighed.advance().prefix(3) == [0.75 * 16 + 0.25 * 64, 64, 16])
    // 2 p 0.2 taken off each step: 0.6^60 is 5e-14.
    for _ in 0..<60 { try weighed.advance() }
    #expect(abs(weighed.state.parameters["p"]![flat: 0]) < 1e-12)
    #expect {
      _ = try step(GradientDescent(try Chain("rate 0.2")))
    } throws: {
      "\($0)".contains("takes one loss and the objective has 2: near, far")
    }
  }

  /// Learning to start where one step of descent ends well (Finn et al. 2017): for tasks (p - c)^2 / 2 and a step of
  /// rate a, the loss after it is (1 - a)^2 (p - c)^2 / 2, and its slope (1 - a)^2 (p - c).
  @Test func objectivesMayDifferentiate() throws {
    let inner = 0.25
    let objective = Objective { parameters, inputs, _ in
      let centres = try inputs["centres"]
      func loss(_ p: Parameters, _ task: Int) -> Tensor { 0.5 * (p["p"]! - centres.part(task)).squared.sum() }
      let losses = (0..<2).map { task in
        let adapted = parameters.moved(by: -inner * gradients(of: loss(parameters, task), withRespectTo: parameters))
        return loss(adapted, task)
      }
      return ObjectiveValue((losses[0] + losses[1]) * 0.5)
    }
    let method = try DescentMethodKind.parse("rate 1")
    let step = try TrainingStep(
      objective, method: method, inputs: ["centres": TensorType([2], .float64)],
      from: try TrainingState(startingFrom: ["p": NDArray([4.0])], method: method), key: RandomKey(seed: 1))
    try step.advance(["centres": NDArray([1.0, 2.0])])
    let expected = 4 - (1 - inner) * (1 - inner) * (4 - 1.5)
    #expect(abs(step.state.parameters["p"]![flat: 0] - expected) < rounding(terms: 8, scale: 4))
  }

  /// The gradient of a batch, as the mean of two workers' gradients that another step is given, moves as the whole does.
  @Test func gradientsCanComeFromElsewhere() throws {
    struct Gradients: DescentMethod {
      var description: String { "gradients" }
      func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
        parameters.map { .zeros($0.shape, $0.elementType) }
      }
      func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep {
        let (loss, gradient) = try problem.gradient(at: point)
        return DescentStep(parameters: point, state: gradient.tree, loss: loss)
      }
    }
    let model = MLP([4, 8, 2])
    let parameters = try model.initialParameters(key: RandomKey(seed: 1))
    let x = RandomKey(seed: 2).normal([8, 4])
    let y = NDArray(RandomKey(seed: 3).integers(count: 8, below: 2).map { Int32($0) })
    func worker(_ rows: Range<Int>, _ method: any DescentMethod) throws -> TrainingState {
      let inputs: Tree<NDArray> = ["features": x.rows(rows), "targets": y.rows(rows)]
      let step = try TrainingStep(
        .supervised(model, .crossEntropy), method: method, inputs: inputs.types,
        from: try TrainingState(startingFrom: parameters, method: method), key: RandomKey(seed: 1))
      try step.advance(inputs)
      return step.state
    }
    let method = try DescentMethodKind.parse("rate 0.5")
    let whole = try worker(0..<8, method).parameters
    let (a, b) = (try worker(0..<4, Gradients()).optimizerState, try worker(4..<8, Gradients()).optimizerState)
    let mean = a.zipped(with: b) { p, q in
      NDArray(zip(p.floats, q.floats).map { ($0 + $1) / 2 }, shape: p.shape)
    }
    let given = Objective { parameters, inputs, _ in ObjectiveValue(dot(Updates(parameters.tree), Updates(inputs.tree)))
    }
    let together = try TrainingStep(
      given, method: method, inputs: mean.types, from: try TrainingState(startingFrom: parameters, method: method),
      key: RandomKey(seed: 1))
    try together.advance(mean)
    for (path, (p, q)) in whole.zipped(with: together.state.parameters, { ($0, $1) }) {
      // Sums of eight rows over two layers, in another order.
      for (u, v) in zip(p.floats, q.floats) {
        #expect(abs(u - v) < Float(rounding(.float32, terms: 64, scale: 1)), "\(path)")
      }
    }
  }

  @Test func mistakesAreNamed() throws {
    let method = try DescentMethodKind.parse("rate 0.1")
    func step(_ evaluate: @escaping Objective.Evaluation) throws -> TrainingStep {
      try TrainingStep(
        Objective(evaluate), method: method, inputs: ["reward": TensorType([2]), "weights": TensorType([2])],
        from: try TrainingState(
          startingFrom: ["p": NDArray([Float(1), 2])], modelState: ["mean": NDArray(Float(0))], method: method),
        key: RandomKey(seed: 1))
    }
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "accepted"
    }
    func loss(_ p: Parameters) -> ObjectiveValue { ObjectiveValue(p["p"]!.squared.sum()) }
    #expect(
      message { _ = try step { p, x, _ in ObjectiveValue(try x["rewrd"].sum()) } }.contains("did you mean reward?"))
    #expect(message { _ = try step { p, _, s in ObjectiveValue(try s.value("men")) } }.contains("did you mean mean?"))
    #expect(message { _ = try step { p, _, _ in ObjectiveValue(p["p"]!) } }.contains("must be one number"))
    #expect(
      message {
        _ = try step { p, _, s in
          try s.set("mean", p["p"]!)
          return loss(p)
        }
      }.contains("turns mean"))
    #expect(
      message { _ = try step { p, _, _ in ObjectiveValue(p["p"]!.sum(), readings: ["r": p["p"]!]) } }
        .contains("the reading r"))
    let whole = try step { p, _, _ in loss(p) }
    let (reward, weights) = (NDArray([Float(1), 2]), NDArray([Float(1), .nan]))
    #expect(message { try whole.advance(["reward": reward]) }.contains("needs the input weights"))
    #expect(
      message { try whole.advance(["reward": reward, "weight": weights, "weights": weights]) }
        .contains("no input weight; did you mean weights?"))
    #expect(
      message { try whole.advance(["reward": reward, "weights": NDArray([1.0, 2])]) }.contains(
        "weights must be float32"))
    #expect(
      message { try whole.restore(TrainingState(parameters: Tree(), optimizerState: Tree())) }.contains("not that of"))
    #expect(whole.step == 0)
    try whole.advance(["reward": reward, "weights": weights])
    #expect(whole.state.parameters["p"]!.floats == [0.8, 1.6])
    let weighed = try step { p, x, _ in ObjectiveValue((try x["weights"] * p["p"]!).sum()) }
    #expect(
      message { try weighed.advance(["reward": reward, "weights": weights]) }
        .contains("the batch holds nan in its sample 1 of weights"))
  }
}
