import Compilation
import Models

/// How large a convolution of a model is: by its weights as a matrix, and as the model applies it.
public struct ConvolutionBounds: Sendable, Equatable {
  /// Of the weight.
  public var path: String
  /// The norm of the weights as a matrix [height · width · channels, features].
  public var matrix: Double
  /// √(height · width) of the window times that: never less than the convolution's norm.
  public var matrixBound: Double
  /// Of the convolution with the model's plane, strides and padding, by power iteration.
  public var padded: Double
  /// The exact norm on a torus of the model's plane; nil where strides or dilations are not 1.
  public var torus: Double?
}

extension LipschitzProbe {
  /// Norms of the followed convolutions, each on the plane where the model has it.
  ///
  /// - Parameters:
  ///   - examples: one is enough; only shapes matter.
  ///   - tolerance: relative change between two power iterations that ends them.
  /// - Throws: `LipschitzError` where an iteration does not settle; `LinearAlgebraError`.
  public func convolutionNorms(
    _ parameters: Tree<NDArray>, on examples: ExampleArrays, tolerance: Double = 1e-7
  ) throws -> [ConvolutionBounds] {
    try places(parameters, examples).map { path, window, plane in
      let weight = parameters[path]!
      let matrix = try OperatorNorm(ConvolutionNorm.matrix(weight)).value
      let weights = weight.converted(to: .float64)
      let input = Shape([1] + plane.dimensions.dropFirst())
      let norm = try LinearMapNorm(
        [weights], input: input, tolerance: tolerance, key: RandomKey(seed: 0).split(path)
      ) { x, w in x.convolved(with: w[0], window) }
      let isDense = (window.strides + window.dilations).allSatisfy { $0 == 1 }
      return ConvolutionBounds(
        path: path, matrix: matrix,
        matrixBound: matrix * Double(window.size[0] * window.size[1]).squareRoot(), padded: norm.value,
        torus: isDense ? try ConvolutionNorm.circular(weights, height: plane[1], width: plane[2]) : nil)
    }
  }

  /// Each followed convolution with its window and the shape of its input.
  private func places(
    _ parameters: Tree<NDArray>, _ examples: ExampleArrays
  ) throws -> [(path: String, window: Window, input: Shape)] {
    var found: [(path: String, window: Window, input: Shape)] = []
    let example = examples.features.rows(0..<1)
    let (paths, model) = (paths, model)
    let packing = TreePacking([parameters.types, modelState.types])
    _ = try Program(inputs: packing.types + [TensorType(of: example)]) { graph, x in
      let trees = packing.unpack(x)
      let point = Parameters(trees[0])
      let output = try model(x[packing.count], point, state: trees[1], mode: .inference).output
      if let failure = graph.failure { throw failure }
      for path in paths {
        for use in try point[path]!.weightUses(path) {
          if case .convolution(let window) = use.kind { found.append((path, window, use.input.shape)) }
        }
      }
      return [output]
    }
    return found
  }
}
