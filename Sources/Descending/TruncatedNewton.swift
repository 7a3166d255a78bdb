/// Steps towards the minimum of a quadratic model of the loss, found by conjugate gradients: no Hessian is formed.
///
/// (H + λ) d = g is solved from d = 0 until the residual is the tolerance times |g|, the iterations are used up, or the curvature p·(H + λ) p
/// along a search direction p is not positive. The chain makes the step s of d, so `newton (rate 1)` is Newton's. It is taken where the loss of
/// the batch falls. The damping λ follows the ratio of what the loss fell to what the model said, g·s + s·H s / 2: times 2/3 where it is above
/// 3/4, times 3/2 below 1/4, and times 4 where a step that should go down was not taken. Changes less than what the loss is rounded by tell
/// nothing: then the step is taken, and λ falls to 1, or where it began below. It stays between 1e-12 and 1e12, or other limits. For large batches: a small one is fitted by itself.
///
/// A step asks for one gradient, one loss and iterations + 1 products with the Hessian, all traced: iterations are paid for whether they are
/// needed or not. Reads "optimizer/damping", λ of this step, "optimizer/stepFraction", 1 where it was taken and else 0, and
/// "optimizer/modelRatio", 0 where the model does not fall.
///
/// Martens, "Deep learning via Hessian-free optimization", 2010, with the Hessian in place of Gauss and Newton's matrix, and without its line
/// search; the factor of 4 is our choice.
public struct TruncatedNewton: DescentMethod {
  /// What makes a step of the direction.
  public let transformation: any GradientTransformation
  /// Of conjugate gradients, at most.
  public let iterations: Int
  /// λ before the first step.
  public let damping: Double
  /// The residual at which they end, as a share of the gradient's length.
  public let tolerance: Double
  /// λ after the first step: curvatures far below or above want other bounds.
  public let limits: ClosedRange<Double>

  public init(
    _ transformation: any GradientTransformation, iterations: Int = 10, damping: Double = 1, tolerance: Double = 0.01,
    limits: ClosedRange<Double> = 1e-12...1e12
  ) {
    precondition(iterations > 0 && damping >= 0, "a damped model is descended by one iteration at least")
    self.transformation = transformation
    (self.iterations, self.damping, self.tolerance, self.limits) = (iterations, damping, tolerance, limits)
  }

  public var description: String {
    let least = limits.lowerBound == 1e-12 ? "" : " least=\(limits.lowerBound)"
    let most = limits.upperBound == 1e12 ? "" : " most=\(limits.upperBound)"
    return "newton \(iterations) damping=\(damping) tolerance=\(tolerance)\(least)\(most) (\(transformation))"
  }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try transformation.checkMayBeChanged(by: "newton")
    return try transformation.initialState(for: parameters).prefixed("chain").merging(
      Tree(["damping": NDArray(damping)]))
  }

  public func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep {
    let (loss, gradient) = try problem.gradient(at: point)
    let damping = state["damping"]!
    let (direction, isConvex) = try solution(gradient, damping) { try problem.hessianProduct(at: point, along: $0) }
    let result = try problem.run(transformation, on: direction, state.subtree("chain"), at: point, loss: loss)

    let bend = try problem.hessianProduct(at: point, along: result.step)
    let slope = product(gradient, result.step)
    let foreseen = slope + 0.5 * product(result.step, bend)
    let gain = (try problem.loss(at: point.moved(by: result.step)) - loss).cast(to: .float64)
    // What the loss is rounded by, or a step that no number shows, tells nothing of the model.
    let rounding = abs(loss).cast(to: .float64) * (loss.elementType == .float32 ? 5e-7 : 1e-15)
    let isUntold = (abs(foreseen) .<= rounding) .| (abs(gain) .<= rounding)
    let isTold = (abs(foreseen) .> rounding) .& (abs(gain) .> rounding)
    let isTaken = isConvex .& ((gain .< 0) .| (abs(gain) .<= rounding))
    let isModel = isTold .& (foreseen .< 0) .& gain.isFinite
    let ratio = select(isModel, select(isModel, gain, 0) / select(isModel, foreseen, -1), 0)
    // What tells nothing brings a large damping back, and no further.
    let falls = (isTold .& (ratio .> 0.75)) .| (isUntold .& (damping .> Swift.min(self.damping, 1)))
    let rises = isTold .& (ratio .< 0.25)
    let factor = select(falls, ratio.filled(with: 2.0 / 3), select(rises, ratio.filled(with: 1.5), 1))
    // A chain with a memory may lead uphill by itself: no damping helps, and the memory goes on.
    let refused = select(isConvex .& (slope .>= 0), ratio.filled(with: 1), 4)
    let next = min(max(damping * select(isTaken, factor, refused), limits.lowerBound), limits.upperBound)

    var readings = result.readings
    readings["optimizer/damping"] = damping
    readings["optimizer/modelRatio"] = ratio
    readings["optimizer/stepFraction"] = isTaken.cast(to: .float32)
    let step = result.step.map { $0.where(isTaken, else: $0.filled(with: 0)) }
    return DescentStep(
      parameters: point.moved(by: step),
      state: result.state.prefixed("chain").merging(Tree(["damping": next])), loss: loss, readings: readings)
  }

  private func product(_ a: Updates, _ b: Updates) -> Tensor {
    func wide(_ updates: Updates) -> Updates { updates.map { $0.cast(to: .float64) } }
    return dot(wide(a), wide(b))
  }

  /// d of (H + λ) d = g, as far as conjugate gradients come, and whether H + λ curves upwards along g at all.
  private func solution(
    _ gradient: Updates, _ damping: Tensor, _ hessian: (Updates) throws -> Updates
  ) throws -> (direction: Updates, isConvex: Tensor) {
    var direction = gradient.map { $0.filled(with: 0) }
    // The system is linear: with a right side of length 1 no square and no image of a large gradient overflows.
    let length = gradient.length
    let size = select(length .> 0, length, 1)
    let unit = gradient.map { $0 / size.cast(to: $0.elementType) }
    var (residual, search) = (unit, unit)
    var square = product(unit, unit)
    let goal = (tolerance * tolerance) * square
    var isActive = square .> 0
    var isConvex = isActive
    for iteration in 0..<iterations {
      let image = try hessian(search) + damping * search
      let curvature = product(search, image)
      // No gradient is no obstacle.
      if iteration == 0 { isConvex = ((curvature .> 0) .| (square .<= 0)) }
      let goesOn = (curvature .> 0) .& (square .> goal)
      isActive = (isActive .& goesOn)
      let reach = select(isActive, square / select(isActive, curvature, 1), 0)
      // Selected, not multiplied by 0: an image may be infinite.
      func moved(_ old: Updates, _ new: Updates) -> Updates {
        Updates(old.tree.zipped(with: new.tree) { $1.where(isActive, else: $0) })
      }
      direction = moved(direction, direction + reach * search)
      residual = moved(residual, residual - reach * image)
      let left = product(residual, residual)
      let share = select(isActive, left / select(isActive, square, 1), 0)
      search = moved(search, residual + share * search)
      square = left
    }
    return (size * direction, isConvex)
  }
}
