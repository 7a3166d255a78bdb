import Differentiation

/// What a descent lowers, traced for all trials at once.
package enum RecoveryObjective {
  case amplitude, intensity, normBarrier, slackBarrier

  /// Values [trials]; infinite where a barrier is crossed.
  ///
  /// - Parameters:
  ///   - x: points [trials, n, 1].
  ///   - strength: t or μ of each trial [trials].
  package func values(_ x: Tensor, rows: Tensor, intensities y: Tensor, strength: Tensor) -> Tensor {
    let (trials, m) = (y.shape[0], y.shape[1])
    let z = rows.matmul(x).reshaped(to: [trials, m, rows.shape[1] / m])
    let squares = z.squared.sum([2])
    switch self {
    case .amplitude: return (sqrt(squares) - sqrt(y)).squared.mean([1]) * 0.5
    case .intensity: return (squares - y).squared.mean([1]) * 0.25
    case .normBarrier:
      let room = 1 - x.squared.sum([1, 2])
      let loss = (sqrt(squares) - sqrt(y)).squared.mean([1]) * 0.5
      return select(room .> 0, loss - strength * log(room), .infinity)
    case .slackBarrier:
      let slack = 1 - squares / y
      let pull = strength * squares.mean([1])
      return select(slack.minimum([1]) .> 0, -log(slack).mean([1]) - pull, .infinity)
    }
  }
}
