import Compilation
import Models

/// How much of each parameter's gradient lies along the parameter itself: the cosine between both, tensor by tensor.
///
/// A weight that batch normalisation follows is scale-invariant, L(c w) = L(w), so that <w, ∇L> = 0 at every point:
/// a projection of its gradient changes nothing. Elsewhere the part along w moves the scale of the output alone, as far
/// as the network is positively homogeneous in w. The model runs in training mode, for it is the batch's own statistics that
/// make the loss scale-invariant.
/// ```swift
/// let found = try RadialGradient(model) { LossFunction.crossEntropy($0, $1) }
///   .measure(trainer.state.parameters, trainer.state.modelState, on: batch)
/// print(found["head/weight"]!.cosine)
/// ```
public final class RadialGradient {
  /// Of one parameter.
  public struct Part: Hashable, Sendable {
    /// ‖∇L‖².
    public var square: Double
    /// <w, ∇L> / ‖w‖, the gradient's component along the parameter; 0 for a parameter that is 0.
    public var along: Double
    /// The cosine between parameter and gradient, in -1...1; 0 where either is 0.
    public var cosine: Double { square > 0 ? along / square.squareRoot() : 0 }
    /// ‖∇L‖² without the component along the parameter.
    public var across: Double { max(square - along * along, 0) }
  }

  private let model: any Layer
  private let loss: @Sendable (Tensor, Tensor) -> Tensor
  private var programs: [[TensorType]: Program] = [:]

  /// - Parameter loss: the mean loss, from outputs and targets.
  public init(_ model: any Layer, loss: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
    (self.model, self.loss) = (model, loss)
  }

  /// Gradient and parameter of each path, by all examples as one batch.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func measure(
    _ parameters: Tree<NDArray>, _ modelState: Tree<NDArray> = Tree(), on examples: ExampleArrays
  ) throws -> Tree<Part> {
    let arguments = parameters.leaves + modelState.leaves + [examples.features, examples.targets]
    let results = try program(parameters, modelState, arguments).run(arguments)
    return Tree(
      sortedPaths: parameters.paths,
      leaves: zip(parameters.leaves, results).map { leaf, gradient in
        let (w, g) = (leaf.doubles, gradient.doubles)
        var (product, square, length) = (0.0, 0.0, 0.0)
        for i in w.indices {
          product += w[i] * g[i]
          square += g[i] * g[i]
          length += w[i] * w[i]
        }
        return Part(square: square, along: length > 0 ? product / length.squareRoot() : 0)
      })
  }

  private func program(
    _ parameters: Tree<NDArray>, _ modelState: Tree<NDArray>, _ arguments: [NDArray]
  ) throws -> Program {
    let types = arguments.map { TensorType(of: $0) }
    if let known = programs[types] { return known }
    let packing = TreePacking([parameters.types, modelState.types])
    let (model, loss) = (model, loss)
    let program = try Program(inputs: types) { _, x in
      let trees = packing.unpack(x)
      let others = x.dropFirst(packing.count).map { $0 }
      let point = Parameters(trees[0])
      let output = try model(others[0], point, state: trees[1], mode: .training).output
      return gradients(of: loss(output, others[1]), withRespectTo: point).tree.leaves
    }
    programs[types] = program
    return program
  }
}
