/// The outer gradient through a minimum: (1 + H / strength)^-1 g, by conjugate gradients (Rajeswaran, Finn, Kakade,
/// Levine, "Meta-learning with implicit gradients", 2019).
struct ImplicitGradient {
  let strength: Double
  let iterations: Int

  func surrogate(
    at start: Parameters, _ adapted: Parameters, _ selection: InnerLoop.Selection, support: InnerLoop.Loss,
    query: InnerLoop.Loss
  ) throws -> Tensor {
    let moving = Parameters(adapted.tree.filter { path, _ in selection.selects(path) })
    let resting = adapted.tree.filter { path, _ in !selection.selects(path) }
    let outer = try query(adapted)
    let direct = gradients(of: outer, withRespectTo: adapted)
    let inner = try support(Parameters(moving.tree.merging(resting)))
    let slope = gradients(of: inner, withRespectTo: moving)
    func damped(_ v: Updates) -> Updates {
      v + (1 / strength) * gradients(of: dot(slope, v.stoppingGradient), withRespectTo: moving)
    }
    let target = Updates(direct.tree.filter { path, _ in selection.selects(path) })
    let solution = conjugateGradients(damped, target, iterations: iterations)
    // What does not move keeps its direct gradient: how it changes the minimum is left out, as in the paper, where all
    // parameters move.
    let others = direct.tree.filter { path, _ in !selection.selects(path) }
    let gradient = Updates(solution.tree.merging(others))
    let points = Parameters(start.tree.filter { path, _ in adapted.tree[path] != nil })
    return scalar(outer, withGradient: gradient, at: points)
  }
}

/// x with a(x) = b, for a symmetric positive definite map (Hestenes and Stiefel 1952), traced; from 0, so many steps.
///
/// A residual that is zero stops the descent of the numbers, not of the trace.
public func conjugateGradients(_ a: (Updates) -> Updates, _ b: Updates, iterations: Int) -> Updates {
  var x = 0 * b
  var residual = b
  var direction = b
  var size = residual.squaredNorm
  for _ in 0..<iterations {
    let image = a(direction)
    let curvature = dot(direction, image)
    let length = select(curvature .> 0, size / max(curvature, 1e-30), 0)
    x = x + length * direction
    residual = residual - length * image
    let next = residual.squaredNorm
    direction = residual + select(size .> 0, next / max(size, 1e-30), 0) * direction
    size = next
  }
  return x
}
