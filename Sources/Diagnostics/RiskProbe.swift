@_exported import Compilation
@_exported import Models

/// Examples to measure on: features [count, ...] and targets [count, ...].
public struct ExampleArrays: Sendable {
  /// [count, ...], as the model takes them.
  public var features: NDArray
  /// [count, ...], as the loss takes them.
  public var targets: NDArray

  public init(features: NDArray, targets: NDArray) {
    precondition(features.shape[0] == targets.shape[0] && features.shape[0] > 0, "one target for each example")
    self.features = features
    self.targets = targets
  }

  /// Examples, at least 1.
  public var count: Int { features.shape[0] }

  func rows(_ range: Range<Int>) -> ExampleArrays {
    range == 0..<count ? self : ExampleArrays(features: features.rows(range), targets: targets.rows(range))
  }
}

/// Risks and gradients of a model at any point, and how Gaussian noise on the parameters changes them.
///
/// Noise is drawn from keys: the same key is the same noise on every set of examples (common random numbers), so that
/// what two sets have in common drops out of a difference.
public final class RiskProbe {
  private enum Kind: Hashable { case risk, perturbed, gradient }
  private struct Slot: Hashable {
    var kind: Kind
    var types: [TensorType]
  }

  private var loss: MeanLoss
  private var programs: [Slot: Program] = [:]

  /// - Parameters:
  ///   - modelState: running values of the model, which is measured in inference mode.
  ///   - batchSize: examples that are measured at a time; when nil 64 of a model with convolutions, whose inner images then
  ///     stay in the caches, and 1000 of others.
  ///   - loss: the loss of each row, [batch], from outputs and targets.
  public init(
    _ model: any Layer, modelState: Tree<NDArray> = Tree(), batchSize: Int? = nil,
    loss: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    self.loss = MeanLoss(model, modelState: modelState, batchSize: batchSize, perSample: loss)
  }

  /// Running values of the model; may be set to later ones of the same types.
  public var modelState: Tree<NDArray> {
    get { loss.modelState }
    set { loss.modelState = newValue }
  }

  /// The mean loss.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func risk(_ parameters: Tree<NDArray>, on examples: ExampleArrays) throws -> Double {
    try mean(over: examples) { part in
      try program(.risk, parameters, part).run(arguments(parameters, part))[0].item
    }
  }

  /// The mean loss at θ + σ ε and θ - σ ε, averaged: odd orders of σ drop out.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func risk(
    _ parameters: Tree<NDArray>, on examples: ExampleArrays, deviation: Double, key: RandomKey
  ) throws -> Double {
    let noise = [NDArray([Float(deviation)], shape: .scalar), key.array]
    return try mean(over: examples) { part in
      try program(.perturbed, parameters, part).run(arguments(parameters, part) + noise)[0].item
    }
  }

  /// Δ_σ²(θ): the mean rise of the risk under noise of the given deviation, over pairs of opposite draws.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func rise(
    _ parameters: Tree<NDArray>, on examples: ExampleArrays, deviation: Double, pairs: Int, key: RandomKey
  ) throws -> Double {
    precondition(pairs > 0, "a mean needs at least one pair of draws")
    var sum = 0.0
    for pair in 0..<pairs {
      sum += try risk(parameters, on: examples, deviation: deviation, key: key.split(pair))
    }
    return try sum / Double(pairs) - risk(parameters, on: examples)
  }

  /// Δ_σ²(θ; new) - Δ_σ²(θ; seen) under the same noise. Its expectation over descents, absolute, is the flatness term.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func flatness(
    _ parameters: Tree<NDArray>, new: ExampleArrays, seen: ExampleArrays, deviation: Double, pairs: Int, key: RandomKey
  ) throws -> Double {
    try rise(parameters, on: new, deviation: deviation, pairs: pairs, key: key)
      - rise(parameters, on: seen, deviation: deviation, pairs: pairs, key: key)
  }

  /// The gradient of the mean loss over all examples.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func gradient(_ parameters: Tree<NDArray>, on examples: ExampleArrays) throws -> Tree<[Double]> {
    var sum = parameters.map { [Double](repeating: 0, count: $0.count) }
    try loss.forEachPart(of: examples) { part in
      let weight = Double(part.count) / Double(examples.count)
      let leaves = try program(.gradient, parameters, part).run(arguments(parameters, part))
      sum = Tree(
        sortedPaths: sum.paths,
        leaves: zip(sum.leaves, leaves).map { sums, leaf in
          let values = leaf.doubles
          return sums.indices.map { sums[$0] + weight * values[$0] }
        })
    }
    return sum
  }

  /// ‖∇F(θ) - ∇F(θ + σ ε)‖² for one draw: how far noise moves the gradient.
  ///
  /// - Parameter gradient: ∇F(θ) on the same examples, where it is known; else it is taken.
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func gradientShift(
    _ parameters: Tree<NDArray>, from gradient: Tree<[Double]>? = nil, on examples: ExampleArrays, deviation: Double,
    key: RandomKey
  ) throws -> Double {
    let moved = parameters.mapWithPaths { path, leaf in
      let noise = key.split(path).normal(count: leaf.count)
      let values = leaf.doubles
      return NDArray(values.indices.map { values[$0] + deviation * noise[$0] }, shape: leaf.shape)
        .converted(to: leaf.elementType)
    }
    let start = try gradient ?? self.gradient(parameters, on: examples)
    return try start.squaredDistance(to: self.gradient(moved, on: examples))
  }

  // MARK: Programs

  private func mean(over examples: ExampleArrays, _ value: (ExampleArrays) throws -> Double) rethrows -> Double {
    var sum = 0.0
    try loss.forEachPart(of: examples) { part in
      sum += try value(part) * Double(part.count)
    }
    return sum / Double(examples.count)
  }

  private func arguments(_ parameters: Tree<NDArray>, _ part: ExampleArrays) -> [NDArray] {
    parameters.leaves + modelState.leaves + [part.features, part.targets]
  }

  private func program(_ kind: Kind, _ parameters: Tree<NDArray>, _ part: ExampleArrays) throws -> Program {
    let types = arguments(parameters, part).map { TensorType(of: $0) }
    let slot = Slot(kind: kind, types: types)
    if let known = programs[slot] { return known }
    let noise = kind == .perturbed ? [TensorType(.scalar), TensorType([2], .int32)] : []
    let loss = loss
    let packing = TreePacking([parameters.types, modelState.types])
    let program = try Program(inputs: types + noise) { graph, x in
      let trees = packing.unpack(x)
      let others = x.dropFirst(packing.count).map { $0 }
      let start = Parameters(trees[0])
      func risk(_ point: Parameters) throws -> Tensor {
        try loss.risk(of: others[0], others[1], at: point, state: trees[1])
      }
      switch kind {
      case .risk: return [try risk(start)]
      case .gradient: return gradients(of: try risk(start), withRespectTo: start).tree.leaves
      case .perturbed:
        let (deviation, key) = (others[2], others[3])
        let draws = trees[0].leaves.enumerated().map { index, leaf in
          // Each leaf draws from a stream of its own.
          let own = key + graph.constant(NDArray([Int32(0), Int32(truncatingIfNeeded: 0x51ED &* (index + 1))]))
          return deviation.cast(to: leaf.elementType) * Tensor.random(.normal, leaf.shape, key: own, leaf.elementType)
        }
        let noise = Updates(Tree(sortedPaths: start.paths, leaves: draws))
        return [0.5 * (try risk(start.moved(by: noise)) + risk(start.moved(by: -noise)))]
      }
    }
    programs[slot] = program
    return program
  }
}

extension Tree where Leaf == [Double] {
  /// Sum of squares of the difference to a tree of the same paths.
  public func squaredDistance(to other: Tree<[Double]>) -> Double {
    zipped(with: other) { a, b in
      var sum = 0.0
      for i in a.indices { sum += (a[i] - b[i]) * (a[i] - b[i]) }
      return sum
    }.leaves.reduce(0, +)
  }
}
