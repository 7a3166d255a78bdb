import Compilation

/// An outer descent: one compiled step from parameters and named inputs to parameters.
public final class MetaDescent {
  /// The outer loss at a point, on the step's inputs and on arrays that never move.
  public typealias Objective = (_ point: Parameters, _ inputs: [Tensor], _ frozen: Tree<Tensor>) throws -> Tensor

  public let optimizer: Chain
  public let readingTags: [String]
  public private(set) var step = 0
  private let program: Program
  private let frozen: Tree<NDArray>
  private let paths: [String]
  private var arrays: [NDArray]
  private let key: RandomKey

  /// - Parameters:
  ///   - start: what moves; learnt inner rates are among it.
  ///   - frozen: what does not.
  ///   - inputs: types of what changes from step to step.
  ///   - key: decides randomness within steps.
  /// - Throws: `DescentError`, `ShapeError` where the parts do not fit.
  public init(
    from start: Tree<NDArray>, frozen: Tree<NDArray> = Tree(), optimizer: Chain, inputs: [TensorType],
    key: RandomKey = RandomKey(seed: 0), objective: @escaping Objective
  ) throws {
    let state = try optimizer.initialState(for: start.types)
    let (paths, statePaths, frozenPaths) = (start.paths, state.paths, frozen.paths)
    (self.optimizer, self.frozen, self.key, self.paths) = (optimizer, frozen, key, paths)
    arrays = start.leaves + state.leaves
    let n = arrays.count
    let types =
      arrays.map { TensorType(of: $0) } + [TensorType([3]), TensorType([2], .int32)] + frozen.types.leaves + inputs
    var tags: [String] = []
    program = try Program(inputs: types, donating: Dictionary(uniqueKeysWithValues: (0..<n).map { ($0, $0) })) { _, x in
      let still = Tree(sortedPaths: frozenPaths, leaves: Array(x[n + 2..<n + 2 + frozenPaths.count]))
      let given = Array(x[(n + 2 + frozenPaths.count)...])
      let problem = DescentProblem(
        counters: Counters(updates: x[n].part(0), samples: x[n].part(1), epochs: x[n].part(2)), key: x[n + 1]
      ) { (try objective($0, given, still), Tree()) }
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<paths.count])))
      let memory = Tree(sortedPaths: statePaths, leaves: Array(x[paths.count..<n]))
      let result = try GradientDescent(optimizer).step(from: point, state: memory, on: problem)
      tags = result.readings.keys.sorted()
      return result.parameters.tree.leaves + result.state.leaves + [result.loss]
        + tags.map { result.readings[$0]!.cast(to: .float32) }
    }
    readingTags = tags
  }

  /// What moves, as it is now.
  public var parameters: Tree<NDArray> { Tree(sortedPaths: paths, leaves: Array(arrays.prefix(paths.count))) }

  /// One step.
  ///
  /// - Returns: the loss before it, and the readings by `readingTags`.
  /// - Throws: `DescentError` where the loss is not finite.
  @discardableResult
  public func advance(_ inputs: [NDArray]) throws -> (loss: Double, readings: [Double]) {
    var arguments = arrays
    arguments.append(contentsOf: [
      NDArray([Float(step), Float(step), 0]), key.split("step").split(step).array,
    ])
    arguments.append(contentsOf: frozen.leaves)
    arguments.append(contentsOf: inputs)
    let count = arrays.count
    // The only references are now those of the arguments, so that donated arrays are updated in place.
    arrays.removeAll(keepingCapacity: true)
    defer { arrays = Array(arguments.prefix(count)) }
    let results = try program.run(updating: &arguments).map(\.item)
    step += 1
    guard results[0].isFinite else {
      throw DescentError("the outer loss is \(results[0]) at step \(step): a smaller rate or a clip may help")
    }
    return (results[0], Array(results.dropFirst()))
  }
}
