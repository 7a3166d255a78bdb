/// A training step of known size, for measuring: the model, its loss and an example batch.
public struct Workload: Sendable {
  /// As `descent bench` takes it.
  public var name: String
  /// What is stepped.
  public var model: any Layer
  /// What it descends on.
  public var loss: LossFunction
  /// One batch, [batch, ...].
  public var features: NDArray
  /// As the loss takes them, [batch, ...].
  public var targets: NDArray

  public init(name: String, model: any Layer, loss: LossFunction, features: NDArray, targets: NDArray) {
    self.name = name
    self.model = model
    self.loss = loss
    self.features = features
    self.targets = targets
  }

  /// The four steps that are measured beside peers: SGD with momentum 0.9 and rate 0.01.
  public static let all: [Workload] = {
    let key = RandomKey(seed: 0)
    func classes(_ count: Int, _ bound: Int, _ shape: Shape) -> NDArray {
      NDArray(key.integers(count: count, below: bound).map { Int32($0) }, shape: shape)
    }
    return [
      Workload(
        name: "tiny", model: MLP([8, 64, 64, 1]), loss: .squaredError, features: key.normal([32, 8]),
        targets: key.normal([32, 1])),
      Workload(
        name: "mlp", model: MLP([784, 512, 512, 10]), loss: .crossEntropy, features: key.normal([128, 784]),
        targets: classes(128, 10, [128])),
      Workload(
        name: "resnet8", model: ResNet.resNet8(), loss: .crossEntropy, features: key.normal([128, 32, 32, 3]),
        targets: classes(128, 10, [128])),
      Workload(
        name: "gpt", model: GPT(vocabulary: 96, context: 128), loss: .crossEntropy,
        features: classes(16 * 128, 96, [16, 128]), targets: classes(16 * 128, 96, [16, 128])),
    ]
  }()

  /// ResNet-18 on small colour images.
  public static func resNet18(batch: Int) -> Workload {
    let key = RandomKey(seed: 0)
    return Workload(
      name: "resnet18", model: ResNet.resNet18(), loss: .crossEntropy, features: key.normal([batch, 32, 32, 3]),
      targets: NDArray(key.integers(count: batch, below: 10).map { Int32($0) }))
  }

  /// The inputs of its step.
  public var inputs: Tree<NDArray> { ["features": features, "targets": targets] }

  /// The step that a `Trainer` runs, with SGD of momentum 0.9 and rate 0.01.
  /// - Throws: as `TrainingStep`.
  public func trainingStep() throws -> TrainingStep {
    let method = GradientDescent {
      Momentum(0.9)
      LearningRate(0.01)
    }
    let key = RandomKey(seed: 1)
    return try TrainingStep(
      .supervised(model, loss), method: method, inputs: inputs.types,
      from: try Trainer.initialState(model, method, key), key: key.split("step"), sampleCount: features.shape[0])
  }
}
