import Arrays
import Foundation
import MultiObjective
import Training

/// What descents of one seed descend: objectives, a start, and what is known of the problem.
package struct MultiObjectiveProblem {
  package var objectives: Objectives
  package var start: [Double]
  /// Squared distance from the set of Pareto-optimal points, where it is known.
  package var squaredDistance: (([Double]) -> Double)?
  /// The same losses on test examples.
  package var test: Objectives?
  /// The mean loss of a prediction that does not depend on the features: a network that ends near it is stationary
  /// because it has died or has not begun.
  package var idleLoss: Double?
  /// μ, where the objectives are strongly convex.
  package var strongConvexity: Double?
  /// L, the mean-squared smoothness √E‖∇²f_j‖² over samples or more, where it is known.
  package var smoothness: Double?

  // MARK: Synthetic problems

  /// Linear regressions f_s(x) = mean over j of (a_j·(x - c_s) - ξ_sj)² / 2 on common features a_j, with
  /// Σ_j ξ_sj a_j = 0.
  ///
  /// All objectives have the Hessian Q diag(λ) Qᵀ with λ from 1/condition to 1, and f_s its minimum at c_s: so the
  /// Pareto-optimal points are the convex hull of the c_s, and the distance from it is a minimum-norm problem.
  package static func quadratic(
    samples n: Int, dimension d: Int, objectives count: Int, condition: Double, key: RandomKey, programs: Objectives?
  ) throws -> MultiObjectiveProblem {
    // Orthonormal columns times √(n λ_k), turned: the Hessian is exact, whatever n.
    let q = try LinearAlgebra.randomOrthogonal(n, d, key: key.split("features")).doubles
    let turn = try LinearAlgebra.randomOrthogonal(d, d, key: key.split("turn")).doubles
    let eigenvalues = (0..<d).map { pow(condition, -Double($0) / Double(max(1, d - 1))) }
    var a = [Double](repeating: 0, count: n * d)
    for j in 0..<n {
      for k in 0..<d {
        let value = q[j * d + k] * (Double(n) * eigenvalues[k]).squareRoot()
        for i in 0..<d { a[j * d + i] += value * turn[k * d + i] }
      }
    }
    let centres = (0..<count).map { key.split("centre").split($0).normal(count: d) }
    var targets = [Double](repeating: 0, count: n * count)
    for s in 0..<count {
      var noise = key.split("noise").split(s).normal(count: n)
      for k in 0..<d {
        let product = (0..<n).reduce(0.0) { $0 + q[$1 * d + k] * noise[$1] }
        for j in 0..<n { noise[j] -= product * q[j * d + k] }
      }
      for j in 0..<n {
        targets[j * count + s] = noise[j] + (0..<d).reduce(0.0) { $0 + a[j * d + $1] * centres[s][$1] }
      }
    }
    let data = [NDArray(a, shape: [n, d]), NDArray(targets, shape: [n, count])]
    let objectives =
      programs?.on(data)
      ?? Objectives(count: count, dimension: d, data: data) { x, rows in
        let residuals = rows[0].matmul(x.reshaped(to: [d, 1])) - rows[1]
        return (0..<count).map { residuals.slice($0..<$0 + 1, axis: 1).squared.sum([1]) * 0.5 }
      }
    let start = key.split("start").normal(count: d).map { 5 * $0 }
    return MultiObjectiveProblem(
      objectives: objectives, start: start,
      squaredDistance: { x in MinimumNorm(of: centres.map { c in zip(x, c).map { $0 - $1 } }).squaredNorm },
      strongConvexity: 1 / condition)
  }

  /// Logistic losses of different labels on common features, with ρ Σ_k x_k² / (1 + x_k²), which is not convex.
  ///
  /// Features have the variances k^-decay, so that directions are learned at many speeds. Labels come from teachers around
  /// a common one, and a tenth of them is turned. The start is opposite to the common teacher, where all objectives
  /// agree on the way for long: at random points they contradict each other, which is stationary.
  package static func logistic(
    samples n: Int, _ settings: MultiObjectiveConfiguration.Synthetic, key: RandomKey, programs: Objectives?
  ) -> MultiObjectiveProblem {
    let (d, count) = (settings.dimension, settings.objectives)
    let deviations = (0..<d).map { pow(Double($0 + 1), -settings.decay / 2) }
    let draws = key.split("features").normal(count: n * d)
    let a = draws.indices.map { draws[$0] * deviations[$0 % d] }
    let common = key.split("teacher").normal(count: d)
    var labels = [Double](repeating: 0, count: n * count)
    for s in 0..<count {
      let teacher = zip(common, key.split("teacher").split(s).normal(count: d)).map { $0 + $1 / 2 }
      let turned = key.split("turned").split(s).uniform(count: n)
      for j in 0..<n {
        let side = (0..<d).reduce(0.0) { $0 + a[j * d + $1] * teacher[$1] } < 0 ? -1.0 : 1.0
        labels[j * count + s] = turned[j] < 0.1 ? -side : side
      }
    }
    let data = [NDArray(a, shape: [n, d]), NDArray(labels, shape: [n, count])]
    let strength = settings.regularization
    let objectives =
      programs?.on(data)
      ?? Objectives(count: count, dimension: d, data: data) { x, rows in
        let losses = softplus(-(rows[0].matmul(x.reshaped(to: [d, 1])) * rows[1]))
        let squares = x.squared
        let penalty = (squares / (squares + 1)).sum() * strength
        return (0..<count).map { losses.slice($0..<$0 + 1, axis: 1).sum([1]) + penalty }
      }
    // Of one sample no more than |a_j|² / 4 by the loss, and 2 ρ by the penalty.
    let curvatures = (0..<n).map { j in (0..<d).reduce(0.0) { $0 + a[j * d + $1] * a[j * d + $1] } / 4 + 2 * strength }
    return MultiObjectiveProblem(
      objectives: objectives, start: common.map { -3 * $0 },
      smoothness: (curvatures.reduce(0) { $0 + $1 * $1 } / Double(n)).squareRoot())
  }
}
