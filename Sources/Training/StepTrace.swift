/// Records one step, and notes what it reports and asks.
final class StepTrace {
  private let objective: Objective
  private let method: any DescentMethod
  private let sampleCount: Int
  private(set) var calls = OracleCalls()

  init(_ objective: Objective, _ method: any DescentMethod, _ sampleCount: Int) {
    (self.objective, self.method, self.sampleCount) = (objective, method, sampleCount)
  }

  /// - Parameters:
  ///   - trees: parameters, running values, optimizer state.
  ///   - clock: counters and key.
  ///   - occasions: what is known of the step; nil for a program of all steps.
  /// - Returns: the trees as they are after the step; the loss, then, sorted, the other readings.
  func results(
    _ trees: [Tree<Tensor>], clock: Tree<Tensor>, inputs: Tree<Tensor>, occasions: Occasions? = nil
  ) throws -> (state: [Tree<Tensor>], readings: [(tag: String, value: Tensor)]) {
    let (point, state, memory) = (Parameters(trees[0]), trees[1], trees[2])
    let inputs = StepInputs(inputs)
    var counters = Counters(clock: clock)
    counters.occasions = occasions
    let key = clock["key"]!
    let problem = DescentProblem(counters: counters, key: key, sampleCount: sampleCount) {
      [objective, counters] point in
      var scope = ObjectiveScope(state: state, counters: counters, key: key)
      let value = try objective.evaluate(point, inputs, &scope)
      return (value, scope.state)
    }
    let step = try method.step(from: point, state: memory, on: problem)
    guard let value = problem.firstValue, var next = problem.modelState else {
      throw DescentError("\(method.description) asks for no loss")
    }
    if let follow = objective.follow {
      var scope = ObjectiveScope(state: next, counters: counters, key: nil)
      try follow(step.parameters, inputs, &scope)
      next = scope.state
    }
    try check("parameters", point.tree, step.parameters.tree)
    try check("running values", state, next)
    try check("optimizer's state", memory, step.state)
    let readings = try readings(step, value)
    calls = problem.calls
    return (
      [step.parameters.tree, next, step.state],
      [("loss", step.loss)] + readings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    )
  }

  private func readings(_ step: DescentStep, _ value: ObjectiveValue) throws -> [String: Tensor] {
    var readings = step.readings
    let losses = value.losses.count == 1 ? [] : value.losses.map { ("loss/" + $0.name, $0.value) }
    for (tag, reading) in losses + value.readings.map({ ($0.key, $0.value) }) {
      guard readings[tag] == nil, tag != "loss" else { throw TrainingError("there are two readings \(tag)") }
      readings[tag] = reading
    }
    for (tag, reading) in readings where reading.count != 1 && !reading.isPoisoned {
      throw TrainingError("the reading \(tag) has the shape \(reading.shape) and must be one number")
    }
    return readings
  }

  private func check(_ what: String, _ before: Tree<Tensor>, _ after: Tree<Tensor>) throws {
    guard before.paths == after.paths else { throw TrainingError("a step changes the paths of its \(what)") }
    for (path, (old, new)) in before.zipped(with: after, { ($0, $1) }) where old.type != new.type && !new.isPoisoned {
      throw TrainingError("a step turns \(path) of its \(what) from \(old.type) into \(new.type)")
    }
  }
}

extension Counters {
  /// The counters among a step's arguments.
  init(clock: Tree<Tensor>) {
    let time = clock["counters"]!
    self.init(updates: time.part(0), samples: time.part(1), epochs: time.part(2))
  }
}
