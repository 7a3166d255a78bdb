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

  /// The start of a method from parameters.
  /// - Throws: `DescentError` where the method does not fit them.
  public init(
    startingFrom parameters: Tree<NDArray>, modelState: Tree<NDArray> = Tree(), method: any DescentMethod
  ) throws {
    self.init(
      parameters: parameters, modelState: modelState,
      optimizerState: try MovingAverage.begun(method.initialState(for: parameters.types), at: parameters))
  }
}
