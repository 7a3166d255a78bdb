import Arrays
import Compilation
import Parameters
import Training

/// Why a descent on a formula broke down: what was no number at the last point that was one.
struct BreakDown: CustomStringConvertible {
  let description: String

  /// Goes the last stretch again, update by update.
  ///
  /// - Parameters:
  ///   - step: of the descent; it is left where it breaks down.
  ///   - state: one from which it breaks down.
  ///   - updates: made when it was seen.
  init(of formula: Formula, _ step: TrainingStep, from state: TrainingState, seenAfter updates: Int) throws {
    description = try Self.account(formula, step, state, updates)
  }

  private static func account(
    _ formula: Formula, _ step: TrainingStep, _ state: TrainingState, _ updates: Int
  ) throws -> String {
    try step.restore(state)
    var point = state.parameters
    while step.step <= updates {
      let made = step.step
      let value = try step.advance(checksLoss: false)[0]
      guard value.isFinite else { return ofValue(value, at: point, after: made) }
      let next = step.state.parameters
      guard next.isFinite else { return try ofStep(formula, at: point, after: made) }
      point = next
    }
    return "what it keeps of its points is not finite after \(counted(updates))"
  }

  private static func ofValue(_ value: Double, at point: Tree<NDArray>, after updates: Int) -> String {
    let place = place(point, updates)
    guard value.isNaN else { return "the value is infinite \(place)\(advice)" }
    // The fourth power of such a number is infinite, and infinite terms may cancel.
    let isLarge = point.leaves.contains { $0.doubles.contains { abs($0) > 1e75 } }
    return "the value is not a number \(place): "
      + (isLarge ? "so large numbers are beyond double precision" : "there the formula is not defined") + advice
  }

  private static func ofStep(_ formula: Formula, at point: Tree<NDArray>, after updates: Int) throws -> String {
    let gradient = try Program(inputs: point.types.leaves) { _, x in
      gradients(of: try formula.value(at: Tree(sortedPaths: point.paths, leaves: x)), withRespectTo: x)
    }.run(point.leaves)
    let place = place(point, updates)
    let bad = zip(point.paths, gradient).filter { !$1.doubles.allSatisfy(\.isFinite) }
    guard let first = bad.first else { return "the step \(place) is not finite, although the gradient is\(advice)" }
    let names = bad.map(\.0).joined(separator: ", ")
    let isNone = first.1.doubles.contains(where: \.isNaN)
    return "the derivative by \(names) is \(isNone ? "not a number" : "infinite") \(place)"
  }

  private static func place(_ point: Tree<NDArray>, _ updates: Int) -> String {
    "at \(updates == 0 ? "the start, " : "")\(point.pointText)\(updates == 0 ? "" : ", after \(counted(updates))")"
  }

  private static func counted(_ updates: Int) -> String { "\(updates) update\(updates == 1 ? "" : "s")" }

  private static let advice = "; a smaller rate or a clip may help"
}
