import Arrays
import Compilation
import Foundation
import Parameters

/// What a formula is like at a point: value, slope, and how it bends.
public struct LocalShape: Sendable {
  /// The formula's value.
  public let value: Double
  /// The Euclidean norm of the gradient over all variables.
  public let gradientNorm: Double
  /// The Hessian's eigenvalues, rising; nil of more than `LocalShape.mostNumbers` numbers, or where the Hessian is not finite.
  public let curvatures: [Double]?
  /// A curvature up to it is not told from 0: eigenvalues are rounded as the largest is.
  public var rounding: Double { Self.rounding(of: curvatures ?? []) }
  /// What lies against the gradient, within the bounds.
  public let ground: Ground
  /// Numbers of the point that may move.
  private let count: Int
  /// Numbers of the point that bounds hold where the function would fall further.
  private let heldCount: Int
  /// How much lower the minimum of the quadratic with this slope and these curvatures lies: gᵀ H⁻¹ g / 2; nil where it is not told to bend up
  /// everywhere. The formula itself may be another matter there.
  public let quadraticGain: Double?

  /// The most numbers of which the Hessian is made.
  public static let mostNumbers = 200

  /// - Parameters:
  ///   - formula: what is descended.
  ///   - point: a value of each of its variables.
  ///   - bounds: of a variable, by its name; nil where it has none. Numbers at a bound beyond which the function would fall are
  ///     held there: slope and curvatures are those along all others.
  ///   - nearness: how near to a bound counts as at it, as a share of the bound, or of 1.
  /// - Throws: `FormulaError` where the point is not one of the formula's.
  public init(
    of formula: Formula, at point: Tree<NDArray>, bounds: (String) -> ClosedRange<Double>? = { _ in nil },
    nearness: Double = 0
  ) throws {
    let first = try Program(inputs: point.types.leaves) { _, x in
      let value = try formula.value(at: Tree(sortedPaths: point.paths, leaves: x))
      return [value] + gradients(of: value, withRespectTo: x)
    }.run(point.leaves)
    value = first[0].item
    let all = first.dropFirst().flatMap(\.doubles)
    let (limits, values) = (PointBounds(of: point, bounds, nearness: nearness), point.leaves.flatMap(\.doubles))
    let free = all.indices.filter { !limits.hold($0, at: values[$0], slope: all[$0]) }
    (count, heldCount) = (free.count, all.count - free.count)
    let gradient = free.map { all[$0] }
    gradientNorm = gradient.euclideanNorm
    ground = try Ground(of: formula, at: point, bounds: bounds, nearness: nearness)
    guard count <= Self.mostNumbers else {
      (curvatures, quadraticGain) = (nil, nil)
      return
    }
    guard count > 0 else {
      (curvatures, quadraticGain) = ([], nil)
      return
    }
    let hessian = try Self.hessian(of: formula, at: point, free)
    guard hessian.doubles.allSatisfy(\.isFinite) else {
      (curvatures, quadraticGain) = (nil, nil)
      return
    }
    let (eigenvalues, vectors) = try LinearAlgebra.symmetricEigen(of: hessian)
    curvatures = eigenvalues.doubles
    guard let least = curvatures!.first, least > Self.rounding(of: curvatures!) else {
      quadraticGain = nil
      return
    }
    let count = count
    quadraticGain = (0..<count).reduce(0.0) { sum, k in
      let along = (0..<count).reduce(0.0) { $0 + gradient[$1] * vectors[flat: $1 * count + k] }
      // Divided first: a square may overflow.
      return sum + along / eigenvalues[flat: k] * along / 2
    }
  }

  /// What a symmetric matrix's eigenvalues are rounded by: a small multiple of the largest times their number.
  private static func rounding(of curvatures: [Double]) -> Double {
    4 * Double(curvatures.count) * Double.ulpOfOne * curvatures.reduce(0) { Swift.max($0, abs($1)) }
  }

  /// That of the numbers at some places of the point, column by column.
  private static func hessian(of formula: Formula, at point: Tree<NDArray>, _ places: [Int]) throws -> NDArray {
    let n = point.count
    let program = try Program(inputs: point.types.leaves + point.types.leaves) { _, x in
      let variables = Parameters(Tree(sortedPaths: point.paths, leaves: Array(x.prefix(n))))
      let direction = Updates(Tree(sortedPaths: point.paths, leaves: Array(x.dropFirst(n))))
      return hessianProduct(of: try formula.value(at: variables.tree), at: variables, along: direction).tree.leaves
    }
    var columns: [Double] = []
    for column in places {
      var start = 0
      let unit = point.leaves.map { leaf in
        defer { start += leaf.count }
        return NDArray((start..<start + leaf.count).map { $0 == column ? 1.0 : 0 }, shape: leaf.shape)
      }
      let image = try program.run(point.leaves + unit).flatMap(\.doubles)
      columns += places.map { image[$0] }
    }
    return NDArray(columns, shape: [places.count, places.count])
  }

  /// In one sentence.
  public var account: String { account(tellingGround: true) }

  /// - Parameter tellingGround: whether it is said what lies against the gradient, which is nothing to a descent on the formula and more.
  package func account(tellingGround: Bool) -> String {
    guard count > 0 else {
      let numbers = heldCount == 1 ? "it is held at its bound" : "all \(heldCount) numbers are held at their bounds"
      return "\(numbers): from there the function rises"
    }
    let held =
      heldCount == 0
      ? ""
      : "held at a bound, beyond which the function would fall: \(heldCount) of \(count + heldCount) numbers; along the others: "
    return held + bendAccount + (tellingGround ? ground.account.map { "; \($0)" } ?? "" : "")
  }

  private var bendAccount: String {
    let slope = "gradient \(Self.text(gradientNorm))"
    guard let curvatures, let least = curvatures.first, let largest = curvatures.last else {
      return slope
        + (count > Self.mostNumbers
          ? "; how it bends is worked out of up to \(Self.mostNumbers) numbers, and these are \(count)"
          : "; how it bends is not known: the Hessian is not finite there")
    }
    let bend = "\(slope), curvatures \(Self.text(least)) to \(Self.text(largest)): "
    if let quadraticGain {
      return bend
        + "it bends up in all directions, and a quadratic like it would have its minimum \(Self.text(quadraticGain)) lower"
    }
    let (down, all) = (curvatures.count { $0 < -rounding }, curvatures.count)
    let untold = curvatures.count { abs($0) <= rounding }
    if least == 0, largest == 0 { return bend + "it does not bend" }
    let rest = "in \(untold) of \(all) directions the curvature is not told from 0, within the rounding of the largest"
    guard down > 0 else { return bend + rest }
    return bend + "it bends down in \(down) of \(all) directions, so that this is no minimum"
      + (untold > 0 ? "; \(rest)" : "")
  }

  private static func text(_ value: Double) -> String { value.isNaN ? "nan" : String(format: "%.4g", value) }
}
