import Arrays
import Compilation
import Parameters

/// Why a descent never left its start, as far as that is known.
struct Stillness: CustomStringConvertible {
  let description: String

  /// - Parameters:
  ///   - readings: the last of each tag.
  ///   - largestRate: of all updates; nil where no rate is known.
  ///   - skipped: of its updates.
  ///   - bounds: of a variable, by its name.
  init(
    of formula: Formula, at start: Tree<NDArray>, readings: [String: Double], largestRate: Double?, skipped: Int,
    updates: Int, bounds: (String) -> ClosedRange<Double>?
  ) throws {
    let gradient = try Program(inputs: start.types.leaves) { _, x in
      gradients(of: try formula.value(at: Tree(sortedPaths: start.paths, leaves: x)), withRespectTo: x)
    }.run(start.leaves).flatMap(\.doubles)
    let (limits, values) = (PointBounds(of: start, bounds, nearness: 0), start.leaves.flatMap(\.doubles))
    let isHeld = gradient.indices.allSatisfy {
      gradient[$0] == 0 || limits.hold($0, at: values[$0], slope: gradient[$0])
    }
    let largest = gradient.reduce(0) { Swift.max($0, abs($1)) }
    description =
      if skipped >= updates {
        "all \(updates) updates were skipped, as they were not finite"
      } else if largest == 0 {
        "the gradient there is 0"
      } else if largestRate == 0 {
        "its rate is 0"
      } else if isHeld {
        "its bounds hold it there"
      } else if readings["optimizer/stepFraction"] == 0 {
        "no step that was tried lowered the value enough"
      } else {
        "its steps were 0, or too small to change it"
          + (Self.squared.contains(largest)
            ? ""
            : "; squares of its gradient, \(String(largest)), are \(largest > 1 ? "beyond" : "0 in") double precision")
      }
  }

  /// Numbers whose squares are numbers.
  private static let squared = 1e-153...1e153
}
