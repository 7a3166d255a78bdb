import Compilation
import Differentiation

/// Gradient descent on one objective over many trials, in two compiled programs.
///
/// Each trial has its own step size: a step that would raise its value is taken back and the size shrinks, else it
/// grows.
package final class RecoveryStepper {
  private let measure: Program
  private let step: Program
  // x, gradient, value, step size, rows, intensities, strength.
  private var arrays: [NDArray]

  /// Shrinking and growing of step sizes, and their largest.
  package static let (shrink, grow) = (0.4, 1.3)

  package init(_ objective: RecoveryObjective, rows: NDArray, intensities: NDArray, maximumStep: Double) throws {
    let (trials, n) = (rows.shape[0], rows.shape[2])
    let points = TensorType([trials, n, 1], .float64)
    let numbers = TensorType([trials], .float64)
    let data = [TensorType(of: rows), TensorType(of: intensities), numbers]
    func evaluate(_ x: Tensor, _ data: ArraySlice<Tensor>) -> (value: Tensor, gradient: Tensor) {
      let d = Array(data)
      let values = objective.values(x, rows: d[0], intensities: d[1], strength: d[2])
      return (values, gradients(of: values.sum(), withRespectTo: [x])[0])
    }
    measure = try Program(inputs: [points] + data) { _, inputs in
      let found = evaluate(inputs[0], inputs[1...])
      return [found.gradient, found.value]
    }
    step = try Program(
      inputs: [points, points, numbers, numbers] + data, donating: [0: 0, 1: 1, 2: 2, 3: 3]
    ) { _, inputs in
      let (x, gradient, value, size) = (inputs[0], inputs[1], inputs[2], inputs[3])
      func spread(_ t: Tensor) -> Tensor { t.reshaped(to: [trials, 1, 1]).broadcast(to: [trials, n, 1]) }
      let moved = x - spread(size) * gradient
      let next = evaluate(moved, inputs[4...])
      // Rounding may raise a value that has converged.
      let isTaken = next.value .<= value + 1e-14 * (1 + abs(value))
      let everywhere = spread(isTaken)
      return [
        select(everywhere, moved, x), select(everywhere, next.gradient, gradient), select(isTaken, next.value, value),
        select(isTaken, min(size * Self.grow, maximumStep), size * Self.shrink),
      ]
    }
    arrays = [
      NDArray.zeros([trials, n, 1], .float64), NDArray.zeros([trials, n, 1], .float64),
      NDArray.zeros([trials], .float64), NDArray.zeros([trials], .float64), rows, intensities,
      NDArray.zeros([trials], .float64),
    ]
  }

  /// Where all trials are, [trials, n, 1].
  package var points: NDArray { arrays[0] }
  /// Their values [trials].
  package var values: [Double] { arrays[2].doubles }
  /// The gradients of the values [trials, n, 1].
  package var gradient: NDArray { arrays[1] }

  package func start(at points: NDArray, stepSize: Double, strength: [Double]) throws {
    arrays[0] = points
    arrays[3] = NDArray(repeating: stepSize, shape: [strength.count], elementType: .float64)
    try change(strength)
  }

  /// Another strength of the barrier, at the same points; tiny step sizes may grow again from a least one.
  package func change(_ strength: [Double], leastStep: Double = 1e-6) throws {
    arrays[6] = NDArray(strength)
    let found = try measure.run([arrays[0], arrays[4], arrays[5], arrays[6]])
    (arrays[1], arrays[2]) = (found[0], found[1])
    arrays[3] = NDArray(arrays[3].doubles.map { max($0, leastStep) })
  }

  package func advance(_ steps: Int) throws {
    for _ in 0..<steps { _ = try step.run(updating: &arrays) }
  }

  /// Values below which a trial has found its signal: its distance is then far below any tolerance. Above what rounding may
  /// raise a value by, so that it is reached.
  package static let found = 1e-12
  /// A trial stands still when its value falls by less than this share over `lookSteps` steps.
  package static let (stillness, lookSteps) = (1e-4, 250)

  /// Advances until every trial has found its signal or stands still, or for a number of steps. A trial that has ended keeps
  /// its place, so that it does not depend on its neighbours.
  ///
  /// - Returns: which trials have ended so; the others ran out of steps.
  @discardableResult package func advance(atMost steps: Int) throws -> [Bool] {
    var before = values
    var isEnded = [Bool](repeating: false, count: before.count)
    for start in stride(from: 0, to: steps, by: Self.lookSteps) {
      try advance(min(Self.lookSteps, steps - start))
      isEnded = zip(values, before).map { $0 < Self.found || $0 > (1 - Self.stillness) * $1 }
      guard isEnded.contains(false) else { break }
      arrays[3] = NDArray(zip(arrays[3].doubles, isEnded).map { $1 ? 0 : $0 })
      before = values
    }
    return isEnded
  }
}
