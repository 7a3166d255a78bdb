import Descent

/// Rosenbrock's function of n > 1 numbers, a bent valley: Σ 100 (x[i+1] - x[i]²)² + (1 - x[i])², which is 0 at (1, ..., 1).
///
/// Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960.
func rosenbrock(_ x: Tensor) -> Tensor {
  let n = x.shape[0]
  let (own, next) = (x.slice(0..<n - 1, axis: 0), x.slice(1..<n, axis: 0))
  return (100 * (next - own.squared).squared + (1 - own).squared).sum()
}

/// A descent on a function of n numbers: `advance()` makes a step and returns the value where it began.
///
/// - Parameter method: a chain of transformations, or a method that holds one, as text.
func descent(
  on function: @escaping (Tensor) -> Tensor, from start: [Double], by method: String
) throws -> TrainingStep {
  let objective = Objective { parameters, _, _ in ObjectiveValue(function(parameters["x"]!)) }
  let method = try DescentMethodKind.parse(method)
  let state = try TrainingState(startingFrom: ["x": NDArray(start)], method: method)
  return try TrainingStep(objective, method: method, inputs: Tree(), from: state, key: RandomKey(seed: 0))
}

/// A program that takes a point [n] and gives value, gradient [n] and Hessian [n, n].
func expansion(of function: @escaping (Tensor) -> Tensor, dimension n: Int) throws -> Program {
  try Program(inputs: [TensorType([n], .float64)]) { _, x in
    let value = function(x[0])
    let slope = gradients(of: value, withRespectTo: [x[0]])[0]
    let rows = (0..<n).map { row in
      gradients(of: slope.slice(row..<row + 1, axis: 0).sum(), withRespectTo: [x[0]])[0]
    }
    return [value, slope, stack(rows)]
  }
}
