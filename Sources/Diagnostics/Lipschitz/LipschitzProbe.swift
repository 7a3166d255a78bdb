import Compilation
import Foundation
import Models

/// Measures what drives a model's operator norms: gradients of single samples projected on the first and second
/// derivative of each weight's norm. Reads only; never disturbs.
///
/// Weights are those of linear layers [inputs, outputs] and convolutions [height, width, channels, features], the latter
/// as matrices [height · width · channels, features]. No gradient of a single sample and no covariance is built: a layer's
/// inputs and output gradients give G_i v₁ and G_iᵀ u₁, which is all that the formulas need. The model runs in
/// inference mode: with statistics over a batch a loss of one sample would not exist.
public final class LipschitzProbe {
  /// Paths of the weights that are followed, in order.
  public let paths: [String]
  let model: any Layer
  /// Running values of the model; may be set to later ones of the same types.
  public var modelState: Tree<NDArray>
  private let loss: @Sendable (Tensor, Tensor) -> Tensor
  private let batchSize: Int
  private let gapFloor: Double
  private var programs: [Slot: Program] = [:]

  private struct Slot: Hashable {
    var isFull: Bool
    var types: [TensorType]
  }

  /// - Parameters:
  ///   - paths: weights to follow; all parameters of two or four axes when nil.
  ///   - batchSize: examples that are measured at a time; when nil 64 of a model with convolutions and 512 of others.
  ///   - gapFloor: see `OperatorNorm`.
  ///   - loss: the loss of each row, [batch], from outputs and targets.
  /// - Throws: `LipschitzError` where a path is no weight of the model.
  public init(
    _ model: any Layer, modelState: Tree<NDArray> = Tree(), paths: [String]? = nil, batchSize: Int? = nil,
    gapFloor: Double = 1e-6, loss: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) throws {
    let weights = model.layout.entries.filter { !$1.isState && [2, 4].contains($1.type.shape.rank) }
    self.paths = paths ?? weights.paths
    for path in self.paths where weights[path] == nil {
      throw LipschitzError("\(path) is no weight; there are \(weights.paths.joined(separator: ", "))")
    }
    guard !self.paths.isEmpty else { throw LipschitzError("the model has no weights to follow") }
    self.model = model
    self.modelState = modelState
    self.batchSize = batchSize ?? (model.hasConvolutions ? 64 : 512)
    self.gapFloor = gapFloor
    self.loss = loss
  }

  /// The operator norm of each weight, in the order of `paths`.
  ///
  /// - Throws: `LipschitzError` for a weight that is zero or not finite.
  public func norms(_ parameters: Tree<NDArray>) throws -> [OperatorNorm] {
    try paths.map { path in
      guard let weight = parameters[path] else { throw LipschitzError("there is no parameter \(path)") }
      do { return try OperatorNorm(ConvolutionNorm.matrix(weight), gapFloor: gapFloor) } catch let error
        as LipschitzError
      { throw LipschitzError("\(path): \(error)") }
    }
  }

  /// The drivers at a point, from gradients of the given examples: exact for sampling from these.
  ///
  /// - Throws: `LipschitzError` for fewer than two examples, or weights that are not used as such.
  public func look(_ parameters: Tree<NDArray>, on examples: ExampleArrays) throws -> LipschitzLook {
    let norms = try norms(parameters)
    var sums = norms.map { GradientSums($0) }
    let found = try measure(parameters, norms, examples, isFull: true) { results in
      try norms.enumerated().map { index, norm in
        try sums[index].add(GradientProducts(right: results[2 * index], left: results[2 * index + 1]), norm)
      }
    }
    return LipschitzLook(
      layers: try zip(paths, zip(norms, sums)).map { try $1.1.drivers($0, $1.0) }, jointNoise: found.joint,
      loss: found.loss, accuracy: found.accuracy)
  }

  /// The drivers at a point with the second-order parts of an earlier look: norms, <J, ∇L> and Jᵀ Σ₁ J are those of this
  /// point, the forms of H those of the other.
  ///
  /// μ and λ are exact, κ and what the discreteness of steps adds are as old as the other look; these two are smaller by a
  /// factor of the rate. It costs the model forwards and backwards without gradients of weights, for G_i v₁ and G_iᵀ u₁ are
  /// not needed: cheap enough for a look at each step.
  ///
  /// - Parameter earlier: a look of this probe.
  /// - Throws: `LipschitzError`, as for a whole look.
  public func look(
    _ parameters: Tree<NDArray>, on examples: ExampleArrays, curvaturesOf earlier: LipschitzLook
  ) throws -> LipschitzLook {
    precondition(earlier.layers.map(\.path) == paths, "the earlier look is that of another probe")
    let norms = try norms(parameters)
    var projections = norms.map { _ in [Double]() }
    let found = try measure(parameters, norms, examples, isFull: false) { results in
      let parts = results.prefix(norms.count).map(\.doubles)
      for index in parts.indices { projections[index] += parts[index] }
      return parts
    }
    let layers = zip(earlier.layers, zip(norms, projections)).map { layer, new in
      var layer = layer
      (layer.norm, layer.relativeGap, layer.flooredPairs) = (new.0.value, new.0.relativeGap, new.0.flooredPairs)
      layer.gradientProjection = new.1.reduce(0, +) / Double(new.1.count)
      layer.noiseProjection = variance(new.1)
      return layer
    }
    return LipschitzLook(layers: layers, jointNoise: found.joint, loss: found.loss, accuracy: found.accuracy)
  }

  /// Runs the examples through the program.
  ///
  /// - Parameter projections: <J, G_i> of each weight from what the program gives for its examples.
  private func measure(
    _ parameters: Tree<NDArray>, _ norms: [OperatorNorm], _ examples: ExampleArrays, isFull: Bool,
    projections: ([NDArray]) throws -> [[Double]]
  ) throws -> (joint: Double, loss: Double, accuracy: Double?) {
    guard examples.count > 1 else { throw LipschitzError("the noise of gradients needs two examples or more") }
    var joint: [Double] = []
    var (loss, right) = (0.0, 0.0)
    var hasClasses = false
    for start in stride(from: 0, to: examples.count, by: batchSize) {
      let part = examples.rows(start..<Swift.min(start + batchSize, examples.count))
      let vectors = norms.flatMap { [NDArray($0.left), NDArray($0.right)] }
      let arguments =
        parameters.leaves + modelState.leaves + [part.features, part.targets]
        + vectors.map { $0.converted(to: part.features.elementType) }
      let results = try program(parameters, arguments, isFull: isFull).run(arguments)
      var along = [Double](repeating: 0, count: part.count)
      for (norm, projections) in zip(norms, try projections(Array(results.dropFirst(2)))) {
        for i in along.indices { along[i] += projections[i] / norm.value }
      }
      joint += along
      loss += results[0].item
      hasClasses = results[1].count == 1
      right += hasClasses ? results[1].item : 0
    }
    let count = Double(examples.count)
    return (variance(joint), loss / count, hasClasses ? right / count : nil)
  }

  private func program(_ parameters: Tree<NDArray>, _ arguments: [NDArray], isFull: Bool) throws -> Program {
    let types = arguments.map { TensorType(of: $0) }
    let slot = Slot(isFull: isFull, types: types)
    if let known = programs[slot] { return known }
    let packing = TreePacking([parameters.types, modelState.types])
    let program = try Program(inputs: types) { graph, x in
      let trees = packing.unpack(x)
      let point = Parameters(trees[0])
      let others = x.dropFirst(packing.count).map { $0 }
      let (features, targets) = (others[0], others[1])
      let output = try model(features, point, state: trees[1], mode: .inference).output
      let total = loss(output, targets).sum()
      if let failure = graph.failure { throw failure }
      let uses = try paths.map { try point[$0]!.weightUses($0) }
      let outputs = uses.flatMap { $0.map(\.output) }
      var deltas = gradients(of: total, withRespectTo: outputs).makeIterator()
      let products = uses.enumerated().flatMap { index, uses -> [Tensor] in
        let (left, right) = (others[2 + 2 * index], others[3 + 2 * index])
        guard isFull else {
          let parts = uses.map { $0.projections(deltas.next()!, left: left, right: right, count: features.shape[0]) }
          return [parts.dropFirst().reduce(parts[0]) { $0 + $1 }.cast(to: .float64)]
        }
        let parts = uses.map { $0.products(deltas.next()!, left: left, right: right, count: features.shape[0]) }
        // A weight that is used in several places has the sum of their gradients.
        return [
          parts.dropFirst().reduce(parts[0].right) { $0 + $1.right }.cast(to: .float64),
          parts.dropFirst().reduce(parts[0].left) { $0 + $1.left }.cast(to: .float64),
        ]
      }
      let isClassified = targets.elementType == .int32 && targets.rank == 1 && output.rank == 2
      let right =
        isClassified
        ? (output.argumentOfMaximum() .== targets).cast(to: .float32).sum() : graph.constant(.zeros([2]))
      return [total, right] + products
    }
    programs[slot] = program
    return program
  }
}

private func variance(_ x: [Double]) -> Double {
  let mean = x.reduce(0, +) / Double(x.count)
  return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count - 1)
}

/// Sums over samples of one weight's gradients, as its norm sees them.
private struct GradientSums {
  private var projections: [Double] = []
  private var curvature = 0.0
  private var right: [Double]
  private var left: [Double]

  init(_ norm: OperatorNorm) {
    right = [Double](repeating: 0, count: norm.left.count)
    left = [Double](repeating: 0, count: norm.right.count)
  }

  /// Adds samples and returns <J, G_i>.
  mutating func add(_ products: GradientProducts, _ norm: OperatorNorm) throws -> [Double] {
    let forms = try norm.forms(products)
    projections += forms.jacobian
    curvature += forms.hessian.reduce(0, +)
    products.right.addColumns(to: &right)
    products.left.addColumns(to: &left)
    return forms.jacobian
  }

  func drivers(_ path: String, _ norm: OperatorNorm) throws -> LayerDrivers {
    let count = Double(projections.count)
    let mean = GradientProducts(
      right: NDArray(right.map { $0 / count }, shape: [1, right.count]),
      left: NDArray(left.map { $0 / count }, shape: [1, left.count]))
    let forms = try norm.forms(mean)
    return LayerDrivers(
      path: path, norm: norm.value, relativeGap: norm.relativeGap, flooredPairs: norm.flooredPairs,
      gradientProjection: forms.jacobian[0], gradientCurvature: forms.hessian[0],
      noiseProjection: variance(projections),
      // <H, Σ₁>: a form's mean less the form of the mean.
      noiseCurvature: Swift.max(curvature - count * forms.hessian[0], 0) / (count - 1))
  }
}

extension NDArray {
  fileprivate func addColumns(to sums: inout [Double]) {
    let n = sums.count
    withUnsafeElements(of: Double.self) { x in
      sums.withUnsafeMutableBufferPointer { sums in
        for i in 0..<x.count / n { for j in 0..<n { sums[j] += x[i * n + j] } }
      }
    }
  }
}
