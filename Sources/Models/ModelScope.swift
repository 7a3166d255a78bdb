/// A model and its data do not fit.
public struct ModelError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Whether a model learns (batch statistics, dropout) or predicts.
public enum ModelMode: Sendable { case training, inference }

/// What a layer declares: names, shapes and starts of its parameters and of its state, below its own path.
public struct ModelLayout {
  /// One parameter or running value.
  public struct Entry: Sendable {
    /// Its shape, in float32.
    public var type: TensorType
    /// How it starts.
    public var initializer: Initializer
    /// Whether it is a running value, which the layer itself moves, and no parameter.
    public var isState: Bool
  }

  /// All that was declared so far, by path.
  public private(set) var entries = Tree<Entry>()
  /// The first path that was declared twice; nil where all have paths of their own.
  package private(set) var repeated: String?
  private var prefix = ""

  public init() {}

  /// Declares a parameter of the layer.
  public mutating func parameter(_ name: String, _ shape: Shape, _ initializer: Initializer) {
    declare(prefix + name, Entry(type: TensorType(shape), initializer: initializer, isState: false))
  }

  /// Declares a running value of the layer, which training returns and no gradient touches.
  public mutating func state(_ name: String, _ shape: Shape, _ initializer: Initializer) {
    declare(prefix + name, Entry(type: TensorType(shape), initializer: initializer, isState: true))
  }

  private mutating func declare(_ path: String, _ entry: Entry) {
    if entries[path] != nil, repeated == nil { repeated = path }
    entries[path] = entry
  }

  /// Declares a layer inside of this one.
  public mutating func child(_ name: String, _ layer: some Layer) {
    let outer = prefix
    prefix += name + "/"
    layer.declare(in: &self)
    prefix = outer
  }
}

/// What a layer sees while it is traced: its own parameters and state by name, the mode, randomness.
public struct ModelScope {
  /// Whether the model learns or predicts.
  public let mode: ModelMode
  private let parameters: Parameters
  private let state: Tree<Tensor>
  private let key: Tensor?
  private var prefix = ""
  private var layersWithRandomness = 0
  /// Running values after this call, for every path whose value changed.
  public private(set) var newState: Tree<Tensor>

  /// - Parameter key: 2 x int32; only layers with randomness (dropout) need one.
  public init(_ parameters: Parameters, state: Tree<Tensor> = Tree(), mode: ModelMode = .training, key: Tensor? = nil) {
    self.parameters = parameters
    self.state = state
    self.mode = mode
    self.key = key
    newState = state
  }

  /// A parameter of the layer at hand.
  ///
  /// - Throws: `ModelError` where there is none of that name.
  public func parameter(_ name: String) throws -> Tensor {
    guard let tensor = parameters[prefix + name] else {
      throw ModelError("the model needs a parameter \(prefix + name), which is not there")
    }
    return tensor
  }

  /// A running value of the layer at hand, as it was before this pass.
  ///
  /// - Throws: `ModelError` where there is none of that name.
  public func state(_ name: String) throws -> Tensor {
    guard let tensor = state[prefix + name] else {
      throw ModelError("the model needs a running value \(prefix + name), which is not there")
    }
    return tensor
  }

  /// Sets a running value of the layer at hand for the next pass.
  public mutating func setState(_ name: String, _ value: Tensor) { newState[prefix + name] = value }

  /// A key of its own for the layer at hand.
  ///
  /// - Throws: `ModelError` where the scope was given no key.
  public mutating func randomKey() throws -> Tensor {
    guard let key else { throw ModelError("\(prefix) needs randomness, and the scope has no key") }
    layersWithRandomness += 1
    return key + key.graph.constant(NDArray([Int32(0), Int32(truncatingIfNeeded: 0x51ED &* layersWithRandomness)]))
  }

  /// Runs a layer inside of the one at hand.
  ///
  /// - Throws: what the layer throws, `ModelError` where parameters are missing.
  public mutating func child(_ name: String, _ layer: some Layer, _ x: Tensor) throws -> Tensor {
    try within(name) { try layer.forward(x, in: &$0) }
  }

  /// Runs what needs more than one tensor inside of the layer at hand: names are those below `name`.
  public mutating func within<Result>(_ name: String, _ body: (inout ModelScope) throws -> Result) rethrows -> Result {
    let outer = prefix
    prefix += name + "/"
    defer { prefix = outer }
    return try body(&self)
  }
}

/// A part of a network that describes itself: it declares its parameters and maps a tensor to a tensor.
public protocol Layer: Sendable {
  /// Declares parameters and running values; those of inner layers by `layout.child`. Nothing by default.
  func declare(in layout: inout ModelLayout)
  /// Records the layer's output for x.
  ///
  /// - Throws: `ModelError` where x or the parameters do not fit.
  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor
}

extension Layer {
  public func declare(in layout: inout ModelLayout) {}

  /// Parameters and state by path, with shapes and starts.
  public var layout: ModelLayout {
    var layout = ModelLayout()
    declare(in: &layout)
    return layout
  }

  /// Starting values; each parameter's randomness depends on the key and on its path only.
  ///
  /// - Throws: `LinearAlgebraError` where an orthogonal start is not found; `ModelError` where two parameters have one name.
  public func initialParameters(key: RandomKey, _ type: ElementType = .float32) throws -> Tree<NDArray> {
    let layout = layout
    if let path = layout.repeated {
      throw ModelError("\(path) is declared twice: give each layer a name of its own")
    }
    return try layout.entries.filter { !$1.isState }
      .mapWithPaths { try $1.initializer.array($1.type.shape, key: key.split($0), type) }
  }

  /// Starting running values; none of them is random.
  ///
  /// - Throws: `LinearAlgebraError` where an initializer fails, as none of ours for running values does.
  public func initialState(_ type: ElementType = .float32) throws -> Tree<NDArray> {
    try layout.entries.filter { $1.isState }
      .mapWithPaths { try $1.initializer.array($1.type.shape, key: RandomKey(bits: 0), type) }
  }

  /// The output, with the running values after it.
  /// - Throws: `ModelError` where parameters are missing, left over or of another shape.
  public func callAsFunction(
    _ x: Tensor, _ parameters: Parameters, state: Tree<Tensor> = Tree(), mode: ModelMode = .training, key: Tensor? = nil
  ) throws -> (output: Tensor, state: Tree<Tensor>) {
    try check(parameters.tree.map(\.type), state.map(\.type))
    var scope = ModelScope(parameters, state: state, mode: mode, key: key)
    let output = try forward(x, in: &scope)
    return (output, scope.newState)
  }

  /// Whether parameters and state are those that the model declares.
  ///
  /// - Throws: `ModelError` naming what is missing, left over or of another shape.
  public func check(_ parameters: Tree<TensorType>, _ state: Tree<TensorType>) throws {
    for (isState, given, name) in [(false, parameters, "parameter"), (true, state, "running value")] {
      let declared = layout.entries.filter { $1.isState == isState }
      for (path, entry) in declared {
        guard let type = given[path] else { throw ModelError("the model needs a \(name) \(path), which is not there") }
        guard type.shape == entry.type.shape else {
          throw ModelError("the \(name) \(path) must have the shape \(entry.type.shape) and has \(type.shape)")
        }
      }
      if let extra = given.paths.first(where: { declared[$0] == nil }) {
        throw ModelError("the model has no \(name) \(extra)")
      }
    }
  }
}

extension Layer {
  /// The shape of the output for examples of a shape, found by tracing the layer as it predicts.
  ///
  /// - Parameter input: with the batch as its first axis.
  /// - Throws: `ModelError` or `ShapeError` where the layer does not take them.
  public func outputShape(of input: Shape) throws -> Shape {
    let graph = Graph()
    let layout = layout
    if let path = layout.repeated {
      throw ModelError("\(path) is declared twice: give each layer a name of its own")
    }
    let entries = layout.entries
    func inputs(_ isState: Bool) -> Tree<Tensor> {
      entries.filter { $1.isState == isState }.map { graph.input($0.type) }
    }
    let (parameters, state) = (inputs(false), inputs(true))
    let output = try self(graph.input(TensorType(input)), Parameters(parameters), state: state, mode: .inference).output
    if let failure = graph.failure { throw failure }
    return output.shape
  }
}
