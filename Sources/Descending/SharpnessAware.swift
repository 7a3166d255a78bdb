/// Descends along the gradient of the worst loss nearby: that at w + rho g / |g|, where g is the gradient at w.
///
/// Where the gradient is 0, which in float32 it is below about 1e-19, the second point is the first. Each step asks for two gradients of the same batch. The chain sees the second gradient, and the parameters and the
/// loss at w. Reads "optimizer/sharpness", the loss at the second point minus that at the first.
/// Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-aware minimization for efficiently improving generalization", 2021.
public struct SharpnessAware: DescentMethod {
  /// Distance to the point that is looked at.
  public let radius: Double
  /// What makes a step of the second gradient.
  public let transformation: any GradientTransformation

  public init(radius: Double = 0.05, _ transformation: any GradientTransformation) {
    self.radius = radius
    self.transformation = transformation
  }

  public var description: String { "sam \(radius) (\(transformation))" }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try transformation.initialState(for: parameters)
  }

  public func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep {
    let (loss, gradient) = try problem.gradient(at: point)
    let length = gradient.length
    let scale = radius / select(length .> 0, length, 1)
    let (worse, ascent) = try problem.gradient(at: point.moved(by: scale * gradient))
    let result = try problem.run(transformation, on: ascent, state, at: point, loss: loss)
    var readings = result.readings
    readings["optimizer/sharpness"] = worse - loss
    return DescentStep(
      parameters: point.moved(by: result.step), state: result.state, loss: loss, readings: readings)
  }
}
