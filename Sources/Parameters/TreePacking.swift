/// Trees laid end to end as one flat list: the arguments or results of a program.
///
/// ```swift
/// let packing = TreePacking([parameters.types, state.types])
/// let program = try Program(inputs: packing.types) { _, x in
///   let trees = packing.unpack(x)
///   ...
/// }
/// ```
public struct TreePacking: Sendable {
  /// Types of each tree's leaves, in the order in which the trees are laid.
  public let trees: [Tree<TensorType>]

  public init(_ trees: [Tree<TensorType>]) { self.trees = trees }

  /// The types of all leaves, in order.
  public var types: [TensorType] { trees.flatMap(\.leaves) }
  /// Number of leaves.
  public var count: Int { trees.reduce(0) { $0 + $1.count } }

  /// The leaves of trees with these paths, in order.
  public func pack<Leaf>(_ given: [Tree<Leaf>]) -> [Leaf] {
    precondition(given.map(\.paths) == trees.map(\.paths), "other trees than were packed")
    return given.flatMap(\.leaves)
  }

  /// The trees that begin a list of leaves; what follows them is not looked at.
  public func unpack<Leaf>(_ leaves: some Collection<Leaf>) -> [Tree<Leaf>] {
    precondition(leaves.count >= count, "\(leaves.count) leaves cannot fill \(count) places")
    var rest = leaves[...]
    return trees.map { tree in
      defer { rest = rest.dropFirst(tree.count) }
      return Tree(sortedPaths: tree.paths, leaves: Array(rest.prefix(tree.count)))
    }
  }
}
