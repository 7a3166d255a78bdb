import Descent
import Foundation

/// One outer step of MAML on sine waves (Finn, Abbeel, Levine 2017, section 5.1): 25 tasks of 10 points to adapt to and 10
/// to be judged by, a network 1-40-40-1, float32, the outer step by Adam at the rate 0.001.
struct MetaBench {
  /// Where the tasks of a step meet in the graph.
  enum Form: String, CaseIterable {
    /// Each task has its own copy of the parameters, [tasks, ...]: a step on the sum of the tasks' losses is the step of
    /// each task on its own loss, as these chains work element by element. Few and large kernel calls.
    case together
    /// One task after another, of any layer: `MetaObjective.loss(of:_:at:tasks:)`.
    case apart
  }

  /// As `descent bench meta` takes it.
  let name: String
  /// The inner steps.
  let inner: InnerLoop

  private static let model = MLP([1, 40, 40, 1])
  private static let layers = 3
  /// Of the support and the query, [tasks, points, 1] each.
  private static let inputNames = ["supportInputs", "supportTargets", "queryInputs", "queryTargets"]

  /// Those that are measured beside peers, or the ones of these names.
  /// - Throws: `SettingsError` for an unknown name.
  static func named(_ names: [String]) throws -> [MetaBench] {
    func bench(_ name: String, _ chain: String, _ steps: Int, _ derivative: InnerLoop.Derivative) throws -> MetaBench {
      MetaBench(name: name, inner: try InnerLoop(try Chain(chain), steps: steps, derivative: derivative))
    }
    let all = try [
      bench("sgd-1", "rate 0.01", 1, .exact), bench("sgd-5", "rate 0.01", 5, .exact),
      bench("sgd-1-first", "rate 0.01", 1, .firstOrder), bench("sgd-5-first", "rate 0.01", 5, .firstOrder),
      bench("adam-5", "adam | rate 0.01", 5, .exact),
    ]
    guard !names.isEmpty else { return all }
    return try names.map { name in
      guard let known = all.first(where: { $0.name == name }) else {
        throw SettingsError("there is no outer step \(name); \(NearestName.hint(name, among: all.map(\.name)))")
      }
      return known
    }
  }

  // MARK: The outer loss

  /// The mean query loss over the tasks, traced.
  private func outerLoss(_ form: Form, at start: Parameters, _ x: Tree<Tensor>) throws -> Tensor {
    let given = Self.inputNames.map { x[$0]! }
    let maml = MetaObjective.maml(inner)
    switch form {
    case .together:
      let count = given[0].shape[0]
      return try maml.loss(at: Self.copies(of: start, count)) { point in
        Double(count) * LossFunction.squaredError(Self.output(given[0], point), given[1])
      } query: { point in
        LossFunction.squaredError(Self.output(given[2], point), given[3])
      }
    case .apart:
      let tasks = (0..<given[0].shape[0]).map { index in
        let parts = given.map { $0.slice(index..<index + 1, axis: 0).reshaped(to: [$0.shape[1], 1]) }
        return LayerTask(
          supportInputs: parts[0], supportTargets: parts[1], queryInputs: parts[2], queryTargets: parts[3])
      }
      return try maml.loss(of: Self.model, .squaredError, at: start, tasks: tasks)
    }
  }

  /// Weights [tasks, inputs, outputs] and biases [tasks, 1, outputs].
  private static func copies(of start: Parameters, _ count: Int) -> Parameters {
    Parameters(
      start.tree.map { leaf in
        let matrix = leaf.rank == 1 ? leaf.expanded(axis: 0) : leaf
        return matrix.broadcast(to: Shape([count] + matrix.shape.dimensions))
      })
  }

  /// What the copies of the network say, [tasks, points, 1].
  private static func output(_ x: Tensor, _ point: Parameters) -> Tensor {
    (0..<layers).reduce(x) { y, layer in
      let sum = y.matmul(point["linear\(layer)/weight"]!) + point["linear\(layer)/bias"]!
      return layer + 1 < layers ? relu(sum) : sum
    }
  }

  // MARK: Values

  /// Prints one JSON line a form: the outer loss and the norm of the outer gradient of each tensor.
  ///
  /// - Parameters:
  ///   - path: a safetensors file of "parameters/linear0/weight" and so on, as the network has them, and of
  ///     "supportInputs", "supportTargets", "queryInputs" and "queryTargets", [tasks, points, 1].
  ///   - gradients: takes the outer gradients, named "together/sgd-1/linear0/weight".
  /// - Throws: `FileError` where a file cannot be read or written; `SettingsError` where an array is missing or of another
  ///   shape.
  static func printValues(_ benches: [MetaBench], of path: String, gradients: String?) throws {
    let (parameters, inputs) = try arrays(path)
    var slopes: [String: NDArray] = [:]
    for bench in benches {
      for form in Form.allCases {
        let (loss, gradient) = try bench.values(form, parameters, inputs)
        let norms = gradient.map { $0.doubles.euclideanNorm }
        guard loss.isFinite, norms.leaves.allSatisfy(\.isFinite) else {
          throw SettingsError("\(path): the outer loss of \(bench.name) is \(loss), or its gradient is not finite")
        }
        let line: [String: Any] = [
          "workload": bench.name, "form": form.rawValue, "loss": loss,
          "gradientNorms": Dictionary(uniqueKeysWithValues: norms.map { ($0, $1) }),
        ]
        let json = try JSONSerialization.data(withJSONObject: line, options: [.sortedKeys, .withoutEscapingSlashes])
        printAtOnce(String(decoding: json, as: UTF8.self))
        for (path, array) in gradient { slopes["\(form.rawValue)/\(bench.name)/\(path)"] = array }
      }
    }
    if let gradients { try Safetensors.write(slopes, to: gradients) }
  }

  private func values(
    _ form: Form, _ parameters: Tree<NDArray>, _ inputs: Tree<NDArray>
  ) throws -> (loss: Double, gradient: Tree<NDArray>) {
    let packing = TreePacking([parameters.types, inputs.types])
    let results = try Program(inputs: packing.types) { _, x in
      let trees = packing.unpack(x)
      let point = Parameters(trees[0])
      let loss = try outerLoss(form, at: point, trees[1])
      return [loss] + gradients(of: loss, withRespectTo: point).tree.leaves
    }.run(packing.pack([parameters, inputs]))
    return (results[0].item, Tree(sortedPaths: parameters.paths, leaves: Array(results.dropFirst())))
  }

  private static func arrays(_ path: String) throws -> (parameters: Tree<NDArray>, inputs: Tree<NDArray>) {
    let all = Tree(try Safetensors.read(path).arrays)
    func refuse(_ reason: String) -> SettingsError { SettingsError("\(path): \(reason)") }
    let parameters = all.subtree("parameters")
    let expected = try model.initialParameters(key: RandomKey(seed: 0)).types
    guard parameters.types.paths == expected.paths, parameters.types.leaves == expected.leaves else {
      throw refuse("below parameters/ the weights of a network 1-40-40-1 are needed, float32")
    }
    let inputs = all.filter { name, _ in inputNames.contains(name) }
    let shapes = inputs.leaves.map(\.shape)
    guard inputs.count == inputNames.count, Set(shapes.map { $0.dimensions.first }).count == 1,
      inputs.leaves.allSatisfy({ $0.elementType == .float32 && $0.shape.rank == 3 && $0.shape[2] == 1 }),
      inputs.leaves.allSatisfy({ $0.shape.count > 0 })
    else { throw refuse("\(inputNames.joined(separator: ", ")) are needed, [tasks, points, 1], float32, none empty") }
    return (parameters, inputs)
  }

  // MARK: Time

  /// Prints one JSON line a form: the median of 5 rounds of a tenth of a second, after a warm-up.
  func measure(profile: Bool) throws {
    for form in Form.allCases {
      let begin = Date()
      let inputs = Self.drawnInputs()
      let step = try trainingStep(form, inputs)
      let compile = Date().timeIntervalSince(begin)
      for _ in 0..<3 { try step.advance(inputs) }
      let milliseconds = try (0..<5).map { _ in try Self.meanSeconds(step, inputs) }.sorted()[2] * 1000
      let values = [
        "\"form\": \"\(form.rawValue)\"", "\"milliseconds\": \(String(format: "%.4f", milliseconds))",
        "\"compileSeconds\": \(String(format: "%.3f", compile))",
        "\"workingMegabytes\": \(String(format: "%.1f", Double(step.program.workingByteCount) / 1_048_576))",
        "\"gigaflops\": \(String(format: "%.3f", step.program.flops / 1e9))", "\"calls\": \(step.program.callCount)",
      ]
      printAtOnce("{\"peer\": \"descent\", \"workload\": \"\(name)\", \(values.joined(separator: ", "))}")
      if profile { ProfileTable(try step.profile(inputs, runs: 10)).print() }
    }
  }

  private static func meanSeconds(_ step: TrainingStep, _ inputs: Tree<NDArray>) throws -> Double {
    let start = Date()
    var count = 0
    while Date().timeIntervalSince(start) < 0.1 {
      for _ in 0..<5 { try step.advance(inputs) }
      count += 5
    }
    return Date().timeIntervalSince(start) / Double(count)
  }

  private static func drawnInputs() -> Tree<NDArray> {
    let tasks = (0..<25).map { SinusoidTasks().task(RandomKey(seed: 0).split($0)) }
    return Tree(
      inputNames.enumerated().map { position, name in
        let numbers = tasks.flatMap { $0[position].doubles }.map { Float($0) }
        return (path: name, leaf: NDArray(numbers, shape: [tasks.count, 10, 1]))
      })
  }

  private func trainingStep(_ form: Form, _ inputs: Tree<NDArray>) throws -> TrainingStep {
    let method = GradientDescent(try Chain("adam | rate 0.001"))
    let key = RandomKey(seed: 1)
    let objective = Objective { parameters, inputs, _ in
      ObjectiveValue(try outerLoss(form, at: parameters, inputs.tree))
    }
    return try TrainingStep(
      objective, method: method, inputs: inputs.types, from: try Trainer.initialState(Self.model, method, key),
      key: key.split("step"))
  }
}
