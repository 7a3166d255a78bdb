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
  /// Numbers of the point.
  private let count: Int
  /// How much lower a step of Newton's method would lead, by the Hessian: gᵀ H⁻¹ g / 2; nil where it is not told to bend up everywhere.
  public let newtonGain: Double?

  /// The most numbers of which the Hessian is made.
  public static let mostNumbers = 200

  /// - Throws: `FormulaError` where the point is not one of the formula's.
  public init(of formula: Formula, at point: Tree<NDArray>) throws {
    count = point.leaves.reduce(0) { $0 + $1.count }
    let first = try Program(inputs: point.types.leaves) { _, x in
      let value = try formula.value(at: Tree(sortedPaths: point.paths, leaves: x))
      return [value] + gradients(of: value, withRespectTo: x)
    }.run(point.leaves)
    value = first[0].item
    let gradient = first.dropFirst().flatMap(\.doubles)
    gradientNorm = gradient.euclideanNorm
    guard count <= Self.mostNumbers else {
      (curvatures, newtonGain) = (nil, nil)
      return
    }
    let hessian = try Self.hessian(of: formula, at: point, count)
    guard hessian.doubles.allSatisfy(\.isFinite) else {
      (curvatures, newtonGain) = (nil, nil)
      return
    }
    let (values, vectors) = try LinearAlgebra.symmetricEigen(of: hessian)
    curvatures = values.doubles
    guard let least = curvatures!.first, least > Self.rounding(of: curvatures!) else {
      newtonGain = nil
      return
    }
    let count = count
    newtonGain = (0..<count).reduce(0.0) { sum, k in
      let along = (0..<count).reduce(0.0) { $0 + gradient[$1] * vectors[flat: $1 * count + k] }
      // Divided first: a square may overflow.
      return sum + along / values[flat: k] * along / 2
    }
  }

  /// What a symmetric matrix's eigenvalues are rounded by: a small multiple of the largest times their number.
  private static func rounding(of curvatures: [Double]) -> Double {
    4 * Double(curvatures.count) * Double.ulpOfOne * curvatures.reduce(0) { Swift.max($0, abs($1)) }
  }

  /// [count, count], column by column.
  private static func hessian(of formula: Formula, at point: Tree<NDArray>, _ count: Int) throws -> NDArray {
    let n = point.count
    let program = try Program(inputs: point.types.leaves + point.types.leaves) { _, x in
      let variables = Parameters(Tree(sortedPaths: point.paths, leaves: Array(x.prefix(n))))
      let direction = Updates(Tree(sortedPaths: point.paths, leaves: Array(x.dropFirst(n))))
      return hessianProduct(of: try formula.value(at: variables.tree), at: variables, along: direction).tree.leaves
    }
    var columns: [Double] = []
    for column in 0..<count {
      var start = 0
      let unit = point.leaves.map { leaf in
        defer { start += leaf.count }
        return NDArray((start..<start + leaf.count).map { $0 == column ? 1.0 : 0 }, shape: leaf.shape)
      }
      columns += try program.run(point.leaves + unit).flatMap(\.doubles)
    }
    return NDArray(columns, shape: [count, count])
  }

  /// In one sentence.
  public var account: String {
    let slope = "gradient \(Self.text(gradientNorm))"
    guard let curvatures, let least = curvatures.first, let largest = curvatures.last else {
      return slope
        + (count > Self.mostNumbers
          ? "; how it bends is worked out of up to \(Self.mostNumbers) numbers, and these are \(count)"
          : "; how it bends is not known: the Hessian is not finite there")
    }
    let bend = "\(slope), curvatures \(Self.text(least)) to \(Self.text(largest)): "
    if let newtonGain {
      return bend + "it bends up in all directions, and Newton's step would lead \(Self.text(newtonGain)) lower"
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
