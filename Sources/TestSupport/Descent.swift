import Compilation
import Descending

/// Runs a descent method on a problem of ten samples, step by step, as a training loop would.
public final class DescentRun {
  private let program: Program
  public private(set) var parameters: Tree<NDArray>
  public private(set) var state: Tree<NDArray>
  public private(set) var steps = 0
  /// Loss before each step.
  public private(set) var losses: [Double] = []
  public private(set) var readings: [String: Double] = [:]
  private let readingTags: [String]
  /// What each step asks of the problem.
  public let calls: OracleCalls

  /// - Parameter loss: traced on the parameters.
  public convenience init(
    _ transformation: some GradientTransformation, from parameters: Tree<NDArray>,
    loss: @escaping (Parameters) throws -> Tensor
  ) throws { try self.init(GradientDescent(transformation), from: parameters, loss: loss) }

  /// - Parameter loss: traced on the parameters.
  public init(
    _ method: some DescentMethod, from parameters: Tree<NDArray>, loss: @escaping (Parameters) throws -> Tensor
  ) throws {
    self.parameters = parameters
    state = try method.initialState(for: parameters.types)
    let (parameterPaths, statePaths) = (parameters.paths, state.paths)
    let types =
      parameters.types.leaves + state.types.leaves
      + [TensorType(.scalar), TensorType([2], .int32)]
    var tags: [String] = []
    var calls = OracleCalls()
    program = try Program(inputs: types) { _, x in
      let point = Parameters(Tree(sortedPaths: parameterPaths, leaves: Array(x.prefix(parameterPaths.count))))
      let memory = Tree(
        sortedPaths: statePaths, leaves: Array(x[parameterPaths.count..<parameterPaths.count + statePaths.count]))
      let time = x[x.count - 2]
      let problem = DescentProblem(
        counters: Counters(updates: time, samples: time * 10, epochs: time * 0.01), key: x[x.count - 1],
        sampleCount: 10
      ) { (loss: try loss($0), modelState: Tree()) }
      let step = try method.step(from: point, state: memory, on: problem)
      tags = step.readings.keys.sorted()
      calls = problem.calls
      return step.parameters.tree.leaves + step.state.leaves + [step.loss] + tags.map { step.readings[$0]! }
    }
    readingTags = tags
    self.calls = calls
  }

  public func run(_ count: Int) throws {
    for _ in 0..<count {
      let key = RandomKey(seed: 77).split(steps).array
      let results = try program.run(parameters.leaves + state.leaves + [NDArray(Float(steps)), key])
      parameters = Tree(sortedPaths: parameters.paths, leaves: Array(results.prefix(parameters.count)))
      state = Tree(
        sortedPaths: state.paths, leaves: Array(results[parameters.count..<parameters.count + state.count]))
      losses.append(results[parameters.count + state.count].item)
      for (tag, value) in zip(readingTags, results.suffix(readingTags.count)) { readings[tag] = value.item }
      steps += 1
    }
  }

  /// Goes on from saved values.
  public func restore(_ parameters: Tree<NDArray>, _ state: Tree<NDArray>, steps: Int) {
    self.parameters = parameters
    self.state = state
    self.steps = steps
  }
}
