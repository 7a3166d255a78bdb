import Differentiation

/// The projected gradient method on a sup-norm ball, recorded in the graph at hand.
///
/// Madry et al., "Towards deep learning models resistant to adversarial attacks", 2018: δ <- clip(δ - α sign ∇J(δ), ±ε).
/// One step from zero with α = ε is the fast gradient sign method (Goodfellow et al. 2015).
enum ProjectedGradient {
  /// - Parameters:
  ///   - start: in the ball, `[rows, width]`.
  ///   - epsilon: the radius, a scalar.
  ///   - rate: step size over radius.
  ///   - objective: one number a row, to be made small.
  /// - Returns: a displacement in the ball, constant for derivatives.
  static func minimize(
    from start: Tensor, epsilon: Tensor, steps: Int, rate: Double, _ objective: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    var delta = start.stoppingGradient
    for _ in 0..<steps {
      let gradient = gradients(of: try objective(delta).sum(), withRespectTo: [delta])[0]
      delta = (delta - rate * epsilon * sign(gradient)).clamped(within: epsilon).stoppingGradient
    }
    return delta
  }

  /// Uniform in the ball.
  static func randomStart(_ shape: Shape, epsilon: Tensor, key: Tensor) -> Tensor {
    epsilon * (2 * Tensor.random(.uniform, shape, key: key) - 1)
  }
}
