import Arrays
import Parameters
import Reports

extension Tree where Leaf == NDArray {
  /// A point as people write it: the first numbers of each variable.
  package var pointText: String {
    zip(paths, leaves).map { name, leaf in
      let first = leaf.doubles.prefix(6)
      let numbers = first.map { $0.isNaN ? "nan" : Report.number($0, digits: 6) }.joined(separator: ", ")
      guard leaf.shape.rank == 1 else { return "\(name) = \(numbers)" }
      return "\(name) = [\(numbers)\(leaf.count > 6 ? ", ... \(leaf.count) numbers" : "")]"
    }.joined(separator: ", ")
  }

  /// Whether all numbers are finite.
  package var isFinite: Bool { leaves.allSatisfy { $0.doubles.allSatisfy(\.isFinite) } }
}
