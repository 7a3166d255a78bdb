/// The longest of several shortened steps that lowers the batch's loss enough.
///
/// Of the chain's step d, the fractions t = 1, s, s^2, ... are tried, and the first with
/// L(w + t d) <= L(w) + c t <g, d> is taken; none, when none of them fits. All fractions are evaluated in each step, as a
/// traced step has no loop that ends early. Stages that remember points cannot stand in its chain. Reads "optimizer/stepFraction", 0 where no step was made.
/// Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives", 1966.
public struct BacktrackingLineSearch: DescentMethod {
  /// What proposes the step.
  public let transformation: any GradientTransformation
  /// s, what a step that is too long is multiplied by.
  public let shrinkage: Double
  /// c, the share of the decrease that the slope promises.
  public let sufficiency: Double
  /// Number of fractions.
  public let trials: Int

  public init(
    _ transformation: any GradientTransformation, shrinkage: Double = 0.5, sufficiency: Double = 1e-4, trials: Int = 8
  ) {
    precondition(trials > 0 && shrinkage > 0 && shrinkage < 1, "a search tries steps that become shorter")
    self.transformation = transformation
    self.shrinkage = shrinkage
    self.sufficiency = sufficiency
    self.trials = trials
  }

  public var description: String {
    "linesearch shrink=\(shrinkage) sufficient=\(sufficiency) trials=\(trials) (\(transformation))"
  }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try transformation.checkMayBeChanged(by: "linesearch", onlyShortens: true)
    return try transformation.initialState(for: parameters)
  }

  public func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep {
    let (loss, gradient) = try problem.gradient(at: point)
    let result = try problem.run(transformation, on: gradient, state, at: point, loss: loss)
    // Along a short part of a steep step the slope is a number where that along the whole is none.
    let slope = InnerProduct(gradient, result.step)
    let falls = slope.share .< 0
    var chosen = loss.filled(with: 0)
    var fraction = 1.0
    for _ in 0..<trials {
      let reached = try problem.loss(at: point.moved(by: fraction * result.step))
      let promised = slope.times(sufficiency * fraction).cast(to: loss.elementType)
      let fits = (reached .<= loss + promised) .& (chosen .== 0) .& falls
      chosen = select(fits, chosen.filled(with: fraction), chosen)
      fraction *= shrinkage
    }
    var readings = result.readings
    readings["optimizer/stepFraction"] = chosen
    // A step that is not taken may be no number.
    let step = (chosen * result.step).map { $0.where(chosen .> 0, else: $0.filled(with: 0)) }
    return DescentStep(
      parameters: point.moved(by: step), state: result.state, loss: loss, readings: readings)
  }
}
