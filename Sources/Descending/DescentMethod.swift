/// One step of a method: where it goes, and what it remembers.
public struct DescentStep {
  /// Where the step ends.
  public var parameters: Parameters
  /// What the next step gets.
  public var state: Tree<Tensor>
  /// The loss at the point where the step began.
  public var loss: Tensor
  /// Scalars worth recording, by tag.
  public var readings: [String: Tensor]

  public init(parameters: Parameters, state: Tree<Tensor>, loss: Tensor, readings: [String: Tensor] = [:]) {
    self.parameters = parameters
    self.state = state
    self.loss = loss
    self.readings = readings
  }
}

/// A way to descend that decides where to evaluate the problem: once, at two points of one batch, along a line.
public protocol DescentMethod: Sendable, CustomStringConvertible {
  /// The state before the first step.
  ///
  /// - Throws: `DescentError` where the method does not fit the parameters.
  func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray>

  /// One step, traced; the paths and types of the state do not change.
  ///
  /// - Throws: `DescentError` or `ShapeError` where problem and method do not fit.
  func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep
}

/// Plain descent: the gradient where the parameters are, through a chain.
public struct GradientDescent: DescentMethod {
  /// What makes a step of the gradient.
  public let transformation: any GradientTransformation

  public init(_ transformation: any GradientTransformation) { self.transformation = transformation }
  /// Plain descent along a chain of these stages.
  public init(@ChainBuilder _ stages: () -> [any GradientTransformation]) { transformation = Chain(stages()) }

  public var description: String { transformation.description }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try transformation.initialState(for: parameters)
  }

  public func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep {
    let (loss, gradient) = try problem.gradient(at: point)
    let result = try problem.run(transformation, on: gradient, state, at: point, loss: loss)
    return DescentStep(
      parameters: point.moved(by: result.step), state: result.state, loss: loss, readings: result.readings)
  }
}

extension DescentProblem {
  /// The step that a chain makes of a gradient.
  ///
  /// - Throws: `DescentError` where the chain makes no step, or breaks its word.
  public func run(
    _ transformation: any GradientTransformation, on gradient: Updates, _ state: Tree<Tensor>, at point: Parameters,
    loss: Tensor
  ) throws -> (step: Updates, state: Tree<Tensor>, readings: [String: Tensor]) {
    var context = UpdateContext(
      counters: counters, parameters: point, loss: loss, key: key,
      hessianProduct: { try self.hessianProduct(at: point, along: $0) })
    let result = try context.run(transformation, gradient, state)
    guard context.hasStepped else {
      throw DescentError("\(transformation.description) never steps: it gives gradients, and needs a rate")
    }
    return (result.updates, result.state, context.readings)
  }
}
