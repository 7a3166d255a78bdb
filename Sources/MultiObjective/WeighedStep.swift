import Training

/// Training of a network on several losses, weighed anew at each step by the products of their gradients.
///
/// A step is two programs. The first takes each loss's gradient and keeps only the products, leaf by leaf of the parameters:
/// the Jacobian is never in memory. A `Weighting` makes weights of them. The second is the `TrainingStep` of the weighed sum,
/// with any method and chain.
/// ```swift
/// let objective = Objective { parameters, inputs, scope in
///   let output = try scope.run(model, try inputs["images"], parameters)
///   return ObjectiveValue(losses: [("left", leftLoss(output)), ("right", rightLoss(output))])
/// }
/// let step = try WeighedStep(
///   objective, weighting: MinimumNormWeighting(), method: try DescentMethodKind.parse("adam | rate 0.001"),
///   inputs: types, from: start, key: RandomKey(seed: 1))
/// try step.advance(["images": images, ...])
/// ```
public final class WeighedStep {
  /// How the losses share a step.
  public let weighting: any Weighting
  /// Names of the losses, in the order of the weights.
  public let lossNames: [String]
  /// Weights of the last step; nil before it.
  public private(set) var weights: [Double]?
  /// G of the last step, <g_i, g_j>; nil before it.
  public private(set) var gramian: [[Double]]?
  /// The step of the weighed sum.
  public let step: TrainingStep
  /// Losses and products of gradients.
  public let lookProgram: Program
  private let key: RandomKey
  private let inputTypes: Tree<TensorType>

  private static let input = "lossWeights"

  /// - Parameters:
  ///   - objective: has several losses; traced twice.
  ///   - inputs: types of the objective's inputs, none called "lossWeights".
  ///   - key: its children "step" and "weights" are the randomness of the steps and of the weighting.
  /// - Throws: as `TrainingStep`.
  public init(
    _ objective: Objective, weighting: any Weighting, method: any DescentMethod, inputs: Tree<TensorType>,
    from start: TrainingState, key: RandomKey, sampleCount: Int = 1, stepsPerEpoch: Int = 1
  ) throws {
    guard inputs[Self.input] == nil else { throw TrainingError("no input may be called \(Self.input)") }
    self.weighting = weighting
    self.key = key.split("weights")
    inputTypes = inputs
    var names: [String] = []
    lookProgram = try TrainingStep.look(objective, inputs: inputs, at: start) { point, value in
      names = value.losses.map(\.name)
      return value.losses.map { $0.value.cast(to: .float64) }
        + [products(of: value.losses.map(\.value), at: point)]
    }
    lossNames = names
    let count = names.count
    step = try TrainingStep(
      Objective { parameters, inputs, scope in
        let value = try objective.evaluate(parameters, inputs, &scope)
        let weights = try inputs[Self.input]
        let parts = value.losses.enumerated().map { $1.value * weights.part($0).cast(to: $1.value.elementType) }
        var readings = value.readings
        for (name, loss) in value.losses { readings["loss/" + name] = loss }
        return ObjectiveValue(parts.dropFirst().reduce(parts[0], +), readings: readings)
      } following: { parameters, inputs, scope in
        try objective.follow?(parameters, inputs, &scope)
      },
      method: method, inputs: inputs.merging([Self.input: TensorType([count], .float64)]), from: start,
      key: key.split("step"), sampleCount: sampleCount, stepsPerEpoch: stepsPerEpoch)
  }

  /// All that the inner step is now; what the weighting remembers is beside it.
  public var state: TrainingState { step.state }

  /// One update.
  ///
  /// - Returns: the readings of `step`, of which the first is the weighed sum.
  /// - Throws: as `TrainingStep`; `TrainingError` where the products of the gradients are not finite.
  @discardableResult public func advance(_ inputs: Tree<NDArray>) throws -> [Double] {
    let count = lossNames.count
    let products = try step.run(lookProgram, inputs, of: inputTypes).last!.doubles
    let gramian = (0..<count).map { i in (0..<count).map { products[i * count + $0] } }
    guard products.allSatisfy({ $0.isFinite }) else {
      throw TrainingError("the gradients of \(lossNames.joined(separator: ", ")) are not finite at step \(step.step)")
    }
    let weights = weighting.weights(gramian, previous: weights, key: key.split(step.step))
    (self.weights, self.gramian) = (weights, gramian)
    return try step.advance(inputs.merging([Self.input: NDArray(weights)]))
  }
}

// The property has the function's name and would hide it.
private func products(of losses: [Tensor], at point: Parameters) -> Tensor { gramian(of: losses, withRespectTo: point) }
