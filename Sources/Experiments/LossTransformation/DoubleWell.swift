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

/// Descents of a double well in float64, from all starts at once.
package final class WellDescents {
  /// What one of them saw.
  package struct Path {
    /// Before each step, up to where it ended or diverged.
    package var losses: [Double] = []
    /// Beside the losses, where the chain reports it.
    package var relativeSteps: [Double] = []
    /// Where it ended, not finite where it diverged.
    package var end = Double.infinity
  }

  private let steps: TrainingSteps
  private let count: Int

  /// - Parameter keys: one for each start, of its randomness.
  package init(_ well: DoubleWell, _ chain: Chain, from starts: [Double], keys: [RandomKey]) throws {
    let method = GradientDescent(chain)
    count = starts.count
    let state = try TrainingState(startingFrom: ["x": NDArray([0.0])], method: method)
    steps = try TrainingSteps(
      Objective { point, _, _ in ObjectiveValue(well(point["x"]!).sum()) }, method: method, inputs: Tree(),
      from: starts.map { start in
        var own = state
        own.parameters = ["x": NDArray([start])]
        return own
      }, keys: keys)
  }

  /// Descends so many steps from where they are.
  package func run(steps: Int) throws -> [Path] {
    var paths = [Path](repeating: Path(), count: count)
    var isLost = [Bool](repeating: false, count: count)
    let relative = self.steps.readingTags.firstIndex(of: "optimizer/relativeStep")
    var left = steps
    while left > 0, isLost.contains(false) {
      let readings = try self.steps.advance(steps: min(left, self.steps.updatesAtOnce), checksLoss: false).map(
        \.doubles)
      let updates = readings[0].count / count
      left -= updates
      for place in 0..<updates * count where !isLost[place % count] {
        let index = place % count
        isLost[index] = !readings[0][place].isFinite
        if isLost[index] { continue }
        paths[index].losses.append(readings[0][place])
        if let relative { paths[index].relativeSteps.append(readings[relative][place]) }
      }
    }
    for (index, state) in self.steps.states.enumerated() where !isLost[index] {
      paths[index].end = state.parameters.leaves[0].item
    }
    return paths
  }
}
