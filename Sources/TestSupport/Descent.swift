import Compilation
import Descending

/// Runs a transformation on a problem, step by step, as a training loop would.
public final class DescentRun {
  private let program: Program
  public private(set) var parameters: Tree<NDArray>
  public private(set) var state: Tree<NDArray>
  public private(set) var steps = 0
  /// Loss before each step.
  public private(set) var losses: [Double] = []
  public private(set) var readings: [String: Double] = [:]
  private let readingTags: [String]

  /// - Parameter loss: traced on the parameters.
  public init(
    _ transformation: some GradientTransformation, from parameters: Tree<NDArray>, seed: Int = 0,
    loss: @escaping (Parameters) -> Tensor
  ) throws {
    self.parameters = parameters
    state = try transformation.initialState(for: parameters.types)
    let (parameterPaths, statePaths) = (parameters.paths, state.paths)
    let types =
      parameters.types.leaves + state.types.leaves
      + [TensorType(.scalar), TensorType([2], .int32)]
    var tags: [String] = []
    program = try Program(inputs: types) { _, x in
      let point = Parameters(Tree(sortedPaths: parameterPaths, leaves: Array(x.prefix(parameterPaths.count))))
      let memory = Tree(
        sortedPaths: statePaths, leaves: Array(x[parameterPaths.count..<parameterPaths.count + statePaths.count]))
      let time = x[x.count - 2]
      let value = loss(point)
      var context = UpdateContext(
        counters: Counters(updates: time, samples: time * 10, epochs: time * 0.01), parameters: point, loss: value,
        key: x[x.count - 1])
      let result = try context.run(transformation, gradients(of: value, withRespectTo: point), memory)
      tags = context.readings.keys.sorted()
      return point.moved(by: result.updates).tree.leaves + result.state.leaves + [value]
        + tags.map { context.readings[$0]! }
    }
    readingTags = tags
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
