/// What is descended: a traced function of parameters and named inputs that gives one loss or several.
///
/// Inputs are arrays of any element types and shapes. Running values of models, targets that follow the parameters and
/// randomness go through the scope.
/// ```swift
/// let objective = Objective { parameters, inputs, scope in
///   let value = try scope.run(critic, try inputs["observations"], parameters, named: "critic")
///   return ObjectiveValue((try inputs["weights"] * (value - (try inputs["returns"])).squared).mean())
/// }
/// ```
public struct Objective {
  /// Records the value at a point; called once for each point that a method asks, while tracing.
  public typealias Evaluation = (Parameters, StepInputs, inout ObjectiveScope) throws -> ObjectiveValue
  /// Records what follows the step, at the point where it ended, as averaged targets.
  public typealias Following = (Parameters, StepInputs, inout ObjectiveScope) throws -> Void

  package let evaluate: Evaluation
  package let follow: Following?

  /// - Parameters:
  ///   - evaluate: the losses at a point, traced at each point that the method asks for. State and readings of the first
  ///     count.
  ///   - following: moves the state once more when the parameters have moved, as of targets that follow them; it is given
  ///     the new parameters and has no randomness.
  public init(_ evaluate: @escaping Evaluation, following: Following? = nil) {
    self.evaluate = evaluate
    follow = following
  }

  /// A model's loss: inputs "features" and "targets".
  public static func supervised(_ model: any Layer, _ loss: LossFunction) -> Objective {
    Objective { parameters, inputs, scope in
      let output = try scope.run(model, try inputs["features"], parameters)
      return ObjectiveValue(loss(output, try inputs["targets"]))
    }
  }
}

/// The arrays that a step is given, by name.
public struct StepInputs {
  /// All of them, by name.
  public let tree: Tree<Tensor>

  init(_ tree: Tree<Tensor>) { self.tree = tree }

  /// - Throws: `TrainingError` naming the nearest name.
  public subscript(name: String) -> Tensor {
    get throws {
      guard let tensor = tree[name] else {
        throw TrainingError("the step has no input \(name); \(NearestName.hint(name, among: tree.paths))")
      }
      return tensor
    }
  }
}

/// What surrounds an objective: running values, randomness, how far the descent is.
public struct ObjectiveScope {
  /// How far the descent is: updates, samples, epochs, as scalars.
  public let counters: Counters
  /// Running values, as this evaluation has moved them so far.
  public private(set) var state: Tree<Tensor>
  private let key: Tensor?
  private var keys = 0

  init(state: Tree<Tensor>, counters: Counters, key: Tensor?) {
    (self.state, self.counters, self.key) = (state, counters, key)
  }

  /// A running value.
  /// - Throws: `TrainingError` naming the nearest name.
  public func value(_ path: String) throws -> Tensor {
    guard let value = state[path] else { throw Self.missing(path, state) }
    return value
  }

  /// Sets a running value for the next step; its type stays.
  /// - Throws: `TrainingError` naming the nearest name.
  public mutating func set(_ path: String, _ value: Tensor) throws {
    guard state[path] != nil else { throw Self.missing(path, state) }
    state[path] = value
  }

  private static func missing(_ path: String, _ state: Tree<Tensor>) -> TrainingError {
    TrainingError(
      state.isEmpty
        ? "there is no running value \(path): the descent has none"
        : "there is no running value \(path); \(NearestName.hint(path, among: state.paths))")
  }

  /// A random key, 2 x int32: another one each time, and of each step.
  /// - Throws: `TrainingError` where parameters have moved already.
  public mutating func randomKey() throws -> Tensor {
    guard let key else { throw TrainingError("there is no randomness after the parameters have moved") }
    defer { keys += 1 }
    // The first is the step's own.
    guard keys > 0 else { return key }
    return key + key.graph.constant(NDArray([Int32(truncatingIfNeeded: 0x2545_F491 &* keys), Int32(0)]))
  }

  /// The output of a model; its running values move with it.
  ///
  /// - Parameters:
  ///   - parameters: all, of which the model takes those below its name.
  ///   - name: where its parameters and running values stand; empty where there is nothing else.
  /// - Throws: `ModelError` where parameters or running values are missing, left over or of another shape.
  public mutating func run(
    _ model: some Layer, _ x: Tensor, _ parameters: Parameters, named name: String = "", mode: ModelMode = .training
  ) throws -> Tensor {
    let key = key == nil ? nil : try randomKey()
    guard !name.isEmpty else {
      let result = try model(x, parameters, state: state, mode: mode, key: key)
      state = result.state
      return result.output
    }
    let result = try model(x, parameters.subtree(name), state: state.subtree(name), mode: mode, key: key)
    for (path, value) in result.state { state[name + "/" + path] = value }
    return result.output
  }

  /// Moves averages towards parameters: a <- decay a + (1 - decay) p (Polyak and Juditsky 1992; target networks).
  ///
  /// - Parameters:
  ///   - parameters: what is followed.
  ///   - name: where the averages stand, one below it for each parameter.
  /// - Throws: `TrainingError` where one is not there.
  public mutating func average(_ parameters: Parameters, into name: String, keeping decay: Double) throws {
    for (path, leaf) in parameters.tree {
      let old = try value(name + "/" + path)
      try set(name + "/" + path, old + (1 - decay) * (leaf.stoppingGradient - old))
    }
  }
}
