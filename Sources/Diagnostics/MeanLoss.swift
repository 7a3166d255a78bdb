/// A model's mean loss on examples as a function of its parameters: what probes measure and differentiate.
///
/// The model is in inference mode: each example has a loss of its own, and the mean over parts is the mean over all.
struct MeanLoss: Sendable {
  private let model: any Layer
  /// Running values of the model.
  var modelState: Tree<NDArray>
  private let perSample: @Sendable (Tensor, Tensor) -> Tensor
  private let batchSize: Int

  /// - Parameters:
  ///   - batchSize: examples that are measured at a time; when nil 64 of a model with convolutions, whose inner images then
  ///     stay in the caches, and 1000 of others.
  ///   - perSample: the loss of each row, [batch], from outputs and targets.
  init(
    _ model: any Layer, modelState: Tree<NDArray>, batchSize: Int?,
    perSample: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    self.model = model
    self.modelState = modelState
    self.batchSize = batchSize ?? (model.hasConvolutions ? 64 : 1000)
    self.perSample = perSample
  }

  /// Calls with as many examples as are measured at a time, one part after another.
  func forEachPart(of examples: ExampleArrays, _ body: (ExampleArrays) throws -> Void) rethrows {
    for start in stride(from: 0, to: examples.count, by: batchSize) {
      try body(examples.rows(start..<Swift.min(start + batchSize, examples.count)))
    }
  }

  /// The mean loss in a program, of features and targets.
  ///
  /// - Throws: `ShapeError` or `ModelError` where they do not fit the model.
  func risk(of features: Tensor, _ targets: Tensor, at point: Parameters, state: Tree<Tensor>) throws -> Tensor {
    perSample(try model(features, point, state: state, mode: .inference).output, targets).mean()
  }
}

extension Layer {
  /// Whether a weight is one of a convolution.
  var hasConvolutions: Bool { layout.entries.contains { !$1.isState && $1.type.shape.rank == 4 } }
}
