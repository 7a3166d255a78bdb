import Foundation
import Training

/// (x² - 1)² + tilt x + offset: two minima, the left one lower for a positive tilt, with a barrier between.
package struct DoubleWell: Sendable {
  package let tilt: Double
  package let offset: Double

  package init(tilt: Double, offset: Double) {
    self.tilt = tilt
    self.offset = offset
  }

  package func callAsFunction(_ x: Double) -> Double { (x * x - 1) * (x * x - 1) + tilt * x + offset }
  package func callAsFunction(_ x: Tensor) -> Tensor { (x.squared - 1).squared + tilt * x + offset }
  package func slope(_ x: Double) -> Double { 4 * x * (x * x - 1) + tilt }

  /// The roots of 4 x³ - 4 x + tilt, from left to right: minimum, maximum, minimum, by Viète's formula.
  package var stationary: [Double] {
    precondition(abs(tilt) < 8 / (3 * 3.0.squareRoot()), "a steeper tilt leaves one minimum")
    let angle = acos(-tilt * 3 * 3.0.squareRoot() / 8) / 3
    return (0..<3).map { 2 / 3.0.squareRoot() * cos(angle - 2 * Double.pi * Double($0) / 3) }.sorted()
  }

  package var minima: (left: Double, right: Double) { (stationary[0], stationary[2]) }
  var lowest: Double { min(self(minima.left), self(minima.right)) }

  /// Evenly spaced over both wells.
  static func starts(_ count: Int) -> [Double] {
    (0..<count).map { count == 1 ? 1.8 : -1.8 + 3.6 * Double($0) / Double(count - 1) }
  }
}

/// Descents of a double well in float64, all by one compiled step.
final class WellDescent {
  private let program: Program
  private let initial: Tree<NDArray>
  let tags: [String]

  init(_ well: DoubleWell, _ chain: Chain) throws {
    let method = GradientDescent(chain)
    let start = Tree(["x": NDArray([0.0])])
    let state = try method.initialState(for: start.types)
    initial = state
    let paths = state.paths
    let types = [TensorType([1], .float64)] + state.types.leaves + [TensorType(.scalar), TensorType([2], .int32)]
    var names: [String] = []
    program = try Program(inputs: types) { _, x in
      let memory = Tree(sortedPaths: paths, leaves: Array(x[1..<1 + paths.count]))
      let time = x[x.count - 2]
      let problem = DescentProblem(
        counters: Counters(updates: time, samples: time, epochs: time), key: x[x.count - 1]
      ) { (loss: well($0.tree["x"]!).sum(), modelState: Tree()) }
      let step = try method.step(from: Parameters(Tree(["x": x[0]])), state: memory, on: problem)
      names = step.readings.keys.sorted()
      return step.parameters.tree.leaves + step.state.leaves + [step.loss] + names.map { step.readings[$0]! }
    }
    tags = names
  }

  /// Descends from a start; `onStep` gets the loss before each step and its readings.
  /// - Returns: where it ended, not finite where it diverged.
  func run(
    from start: Double, steps: Int, key: RandomKey, onStep: (Int, Double, [String: Double]) -> Void
  ) throws -> Double {
    var arrays = [NDArray([start])] + initial.leaves
    for step in 0..<steps {
      let results = try program.run(arrays + [NDArray(Float(step)), key.split(step).array])
      arrays = Array(results.prefix(arrays.count))
      let loss = results[arrays.count].item
      guard loss.isFinite else { return .infinity }
      onStep(
        step, loss,
        Dictionary(uniqueKeysWithValues: zip(tags, results.dropFirst(arrays.count + 1).map(\.item))))
    }
    return arrays[0].item
  }
}
