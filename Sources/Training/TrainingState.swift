/// All that a descent is: saved, it goes on exactly.
public struct TrainingState: Sendable, Equatable {
  /// Where the descent is, by path.
  public var parameters: Tree<NDArray>
  /// Running values of models, and whatever else an objective keeps.
  public var modelState: Tree<NDArray>
  /// What the method remembers, by path.
  public var optimizerState: Tree<NDArray>
  /// Updates made.
  public var step: Int

  public init(
    parameters: Tree<NDArray>, modelState: Tree<NDArray> = Tree(), optimizerState: Tree<NDArray>, step: Int = 0
  ) {
    self.parameters = parameters
    self.modelState = modelState
    self.optimizerState = optimizerState
    self.step = step
  }

  /// Parameters, running values, what the method remembers.
  var trees: [Tree<NDArray>] { [parameters, modelState, optimizerState] }

  /// The start of a method from parameters, which are moved to its bounds where they lie outside.
  /// - Throws: `DescentError` where the method does not fit them.
  public init(
    startingFrom parameters: Tree<NDArray>, modelState: Tree<NDArray> = Tree(), method: any DescentMethod
  ) throws {
    // Where a method keeps them within bounds they start there: a search along lines might never lead them in.
    let parameters = parameters.mapWithPaths { path, leaf in
      method.bounds(of: path).map { leaf.clamped(to: $0) } ?? leaf
    }
    self.init(
      parameters: parameters, modelState: modelState,
      optimizerState: try MovingAverage.begun(method.initialState(for: parameters.types), at: parameters))
  }
}

extension NDArray {
  /// The nearest numbers within a range, in this array's type.
  fileprivate func clamped(to range: ClosedRange<Double>) -> NDArray {
    let values = doubles
    guard !values.allSatisfy(range.contains) else { return self }
    let within = NDArray(
      values.map { $0.isNaN ? $0 : Swift.min(Swift.max($0, range.lowerBound), range.upperBound) }, shape: shape)
    return within.converted(to: elementType)
  }
}
