import Arrays
import Compilation
import Parameters

/// What lies against the gradient of a formula at a point, as the formula itself says: whether a descent has come to rest there.
public enum Ground: Sendable {
  /// The value falls as the slope says, over a ten-thousandth of the point's largest number, or of 1.
  case falling
  /// The value rises at once over a millionth of it, and as fast as the slope says that it falls.
  case kink
  /// Neither.
  case other

  /// What is said of it; nil of what needs no word.
  var account: String? {
    switch self {
    case .falling: "it is not at rest there: further against the gradient the value falls"
    case .kink: "it lies in a kink: the value rises on both sides, and the gradient does not shrink towards it"
    case .other: nil
    }
  }

  /// - Parameters:
  ///   - formula: what is descended.
  ///   - point: a value of each of its variables.
  ///   - bounds: of a variable, by its name; ways end at them.
  ///   - nearness: how near to a bound counts as at it, as a share of the bound, or of 1.
  /// - Throws: `FormulaError` where the point is not one of the formula's.
  public init(
    of formula: Formula, at point: Tree<NDArray>, bounds: (String) -> ClosedRange<Double>? = { _ in nil },
    nearness: Double = 0
  ) throws {
    let program = try Program(inputs: point.types.leaves) { _, x in
      let value = try formula.value(at: Tree(sortedPaths: point.paths, leaves: x))
      return [value] + gradients(of: value, withRespectTo: x)
    }
    let (limits, values) = (PointBounds(of: point, bounds, nearness: nearness), point.leaves.flatMap(\.doubles))
    let here = try program.run(point.leaves)
    let (value, all) = (here[0].item, here.dropFirst().flatMap(\.doubles))
    let gradient = all.indices.map { limits.hold($0, at: values[$0], slope: all[$0]) ? 0 : all[$0] }
    let length = gradient.euclideanNorm
    guard length > 0, length.isFinite, value.isFinite else {
      self = .other
      return
    }
    /// How much the value rises over a way against the gradient.
    func rise(_ way: Double) throws -> Double {
      var start = 0
      let moved = point.leaves.map { leaf in
        defer { start += leaf.count }
        return NDArray(
          leaf.doubles.enumerated().map { index, x in
            limits.projected(x - way * (gradient[start + index] / length), at: start + index)
          }, shape: leaf.shape)
      }
      return try program.run(moved)[0].item - value
    }
    let size = values.reduce(1.0) { Swift.max($0, abs($1)) }
    let (long, short) = (1e-4 * size, 1e-6 * size)
    let (far, near) = (try rise(long), try rise(short))
    // Of a smooth function the rise over a hundredth of the way is a ten-thousandth.
    let isStraight = far < 500 * near && far > 20 * near && far < 10 * long * length
    self = far < -0.1 * long * length ? .falling : near > 0.5 * short * length && isStraight ? .kink : .other
  }
}
