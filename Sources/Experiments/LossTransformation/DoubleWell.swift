import Foundation
import Training

/// (x² - 1)² + tilt x + offset: two minima, the left one lower for a positive tilt, with a barrier between.
package struct DoubleWell: Sendable {
  package let tilt: Double
  package let offset: Double

  /// The tilt at which one of the minima is gone.
  static let steepest = 8 / (3 * 3.0.squareRoot())

  package init(tilt: Double, offset: Double) {
    self.tilt = tilt
    self.offset = offset
  }

  package func callAsFunction(_ x: Double) -> Double { (x * x - 1) * (x * x - 1) + tilt * x + offset }
  package func callAsFunction(_ x: Tensor) -> Tensor { (x.squared - 1).squared + tilt * x + offset }
  package func slope(_ x: Double) -> Double { 4 * x * (x * x - 1) + tilt }

  /// The roots of 4 x³ - 4 x + tilt, from left to right: minimum, maximum, minimum, by Viète's formula.
  package var stationary: [Double] {
    precondition(abs(tilt) < Self.steepest, "a steeper tilt leaves one minimum")
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
package final class WellDescent {
  private let step: TrainingStep
  private let start: TrainingState
  private let tags: [String]

  package init(_ well: DoubleWell, _ chain: Chain) throws {
    let method = GradientDescent(chain)
    start = try TrainingState(startingFrom: ["x": NDArray([0.0])], method: method)
    step = try TrainingStep(
      Objective { point, _, _ in ObjectiveValue(well(point["x"]!).sum()) }, method: method, inputs: Tree(), from: start,
      key: RandomKey(seed: 0))
    tags = Array(step.readingTags.dropFirst())
  }

  /// Descends from a start; `onStep` gets the loss before each step and its readings.
  /// - Returns: where it ended, not finite where it diverged.
  package func run(
    from x: Double, steps: Int, key: RandomKey, onStep: (Int, Double, [String: Double]) -> Void
  ) throws -> Double {
    var start = start
    start.parameters = ["x": NDArray([x])]
    try step.restore(start, key: key)
    for index in 0..<steps {
      let values = try step.advance(checksLoss: false)
      guard values[0].isFinite else { return .infinity }
      onStep(index, values[0], Dictionary(uniqueKeysWithValues: zip(tags, values.dropFirst())))
    }
    return step.state.parameters.leaves[0].item
  }
}
