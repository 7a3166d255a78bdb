import Compilation
import Models

/// A small instance of a model of the house, with a batch.
struct ModelCase: Sendable, CustomStringConvertible {
  var name: String
  var model: any Layer
  var loss = LossFunction.crossEntropy
  /// Shape of the features; whole numbers below the bound where one is given.
  var features: Shape
  var bound: Int?
  /// Shape of the targets: classes, or numbers for the squared error.
  var targets: Shape
  var classes = 3

  var description: String { name }

  private func integers(_ key: RandomKey, below bound: Int, _ shape: Shape) -> NDArray {
    NDArray(key.integers(count: shape.count, below: bound).map { Int32($0) }, shape: shape)
  }

  /// Starting values: float32 numbers in either type, as are batches and directions, so that both types compute the same.
  func start(_ type: ElementType) throws -> Tree<NDArray> {
    try model.initialParameters(key: RandomKey(seed: 2), .float32).map { $0.converted(to: type) }
  }

  func batch(_ type: ElementType) -> [NDArray] {
    let key = RandomKey(seed: 5)
    let x = bound.map { integers(key, below: $0, features) } ?? key.normal(features, .float32).converted(to: type)
    let y =
      loss.takesClasses
      ? integers(key.split(1), below: classes, targets) : key.split(1).normal(targets, .float32).converted(to: type)
    return [x, y]
  }

  static let all: [ModelCase] = {
    func network(_ activation: Activation) -> ModelCase {
      ModelCase(
        name: "mlp \(activation.name)", model: MLP([5, 7, 6, 3], activation: activation), features: [4, 5], targets: [4]
      )
    }
    func between(_ name: String, _ layer: any Layer) -> ModelCase {
      ModelCase(
        name: name,
        model: Sequential([
          ("first", Linear(5, 8)), ("layer", layer), ("tanh", Activation.tanh), ("second", Linear(8, 3)),
        ]), features: [6, 5], targets: [6])
    }
    let squared = ModelCase(
      name: "mlp, squared error", model: MLP([5, 8, 2], activation: .tanh), loss: .squaredError, features: [4, 5],
      targets: [4, 2])
    var stable = network(.gelu)
    (stable.name, stable.loss) = ("mlp, stable max", .stableMax)
    return Activation.all.map(network) + [
      squared, stable, between("layer norm", LayerNorm(8)), between("batch norm", BatchNorm(8)),
      between("dropout", Dropout(0.3)),
      ModelCase(
        name: "small cnn", model: SmallCNN(height: 8, width: 8, channels: 2, classes: 3, features: 3),
        features: [3, 8, 8, 2], targets: [3]),
      ModelCase(
        name: "resnet8", model: ResNet.resNet8(channels: 2, classes: 3, width: 4), features: [6, 12, 12, 2],
        targets: [6]),
      ModelCase(
        name: "resnet18", model: ResNet.resNet18(channels: 1, classes: 3, width: 4), features: [6, 16, 16, 1],
        targets: [6]),
      ModelCase(
        name: "one attention", model: SelfAttention(width: 6, heads: 2, causal: false), loss: .squaredError,
        features: [2, 4, 6], targets: [2, 4, 6]),
      ModelCase(
        name: "gpt, one layer", model: GPT(vocabulary: 10, context: 8, width: 16, layers: 1, heads: 2),
        features: [2, 8], bound: 10, targets: [2, 8], classes: 10),
      ModelCase(
        name: "gpt, three layers", model: GPT(vocabulary: 10, context: 8, width: 8, layers: 3, heads: 2),
        features: [2, 6], bound: 10, targets: [2, 6], classes: 10),
    ]
  }()
}

/// A number made from derivatives of a loss, which is then differentiated itself.
enum DerivedNumber: String, CaseIterable, Sendable {
  case loss, directionalDerivative, squaredGradientNorm, lossAfterOneStep, lossAfterTwoSteps

  /// How often its gradient walks through the model, forwards or backwards.
  var passes: Int {
    switch self {
    case .loss: 2
    case .directionalDerivative, .squaredGradientNorm, .lossAfterOneStep: 4
    case .lossAfterTwoSteps: 6
    }
  }

  func callAsFunction(_ loss: (Parameters) throws -> Tensor, at point: Parameters, along v: Updates) throws -> Tensor {
    func gradient(_ point: Parameters) throws -> Updates { gradients(of: try loss(point), withRespectTo: point) }
    func step(_ point: Parameters) throws -> Parameters { point.moved(by: -0.3 * (try gradient(point))) }
    switch self {
    case .loss: return try loss(point)
    case .directionalDerivative: return dot(try gradient(point), v)
    case .squaredGradientNorm: return try gradient(point).squaredNorm
    case .lossAfterOneStep: return try loss(try step(point))
    case .lossAfterTwoSteps: return try loss(try step(try step(point)))
    }
  }
}

extension ModelCase {
  /// A program from parameters and batch to a derived number and its gradient.
  struct Derivative {
    private let program: Program
    private let batch: [NDArray]

    init(_ test: ModelCase, _ number: DerivedNumber, _ type: ElementType) throws {
      let start = try test.start(type)
      let state = try test.model.initialState(type)
      batch = test.batch(type)
      program = try Program(inputs: start.types.leaves + batch.map { TensorType(of: $0) }) { graph, x in
        let point = Parameters(Tree(sortedPaths: start.paths, leaves: Array(x.dropLast(2))))
        let running = state.map { graph.constant($0) }
        let v = Updates(start.mapWithPaths { graph.constant(ModelCase.direction($0, $1.shape, type)) })
        func loss(_ point: Parameters) throws -> Tensor {
          let key = graph.constant(RandomKey(seed: 9).array)
          return test.loss(try test.model(x[x.count - 2], point, state: running, key: key).output, x[x.count - 1])
        }
        let value = try number(loss, at: point, along: v)
        return [value] + gradients(of: value, withRespectTo: point).tree.leaves
      }
    }

    func callAsFunction(_ parameters: Tree<NDArray>) throws -> (value: Double, gradient: [NDArray]) {
      let results = try program.run(parameters.leaves + batch)
      return (results[0].item, Array(results.dropFirst()))
    }
  }

  static func direction(_ path: String, _ shape: Shape, _ type: ElementType, seed: Int = 3) -> NDArray {
    RandomKey(seed: seed).split(path).normal(shape, .float32).converted(to: type)
  }
}
