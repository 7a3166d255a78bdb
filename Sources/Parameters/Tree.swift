@_exported import Differentiation

/// Leaves under path names such as "block2/conv1/weight": flat, and always sorted by path.
///
/// One structure carries parameters, optimizer state and running statistics, traced (`Tree<Tensor>`) or in memory
/// (`Tree<NDArray>`).
public struct Tree<Leaf> {
  /// Sorted, each once.
  public private(set) var paths: [String]
  /// In the order of the paths.
  public private(set) var leaves: [Leaf]

  public init() {
    paths = []
    leaves = []
  }

  /// Leaves by path, in any order; two leaves under one path are a programmer's error.
  public init(_ items: [(path: String, leaf: Leaf)]) {
    paths = items.map { $0.path }
    leaves = items.map { $0.leaf }
    // Most come sorted, and small steps feel a sort.
    if zip(paths, paths.dropFirst()).allSatisfy({ $0 < $1 }) { return }
    let order = items.indices.sorted { items[$0].path < items[$1].path }
    paths = order.map { items[$0].path }
    leaves = order.map { items[$0].leaf }
    for (a, b) in zip(paths, paths.dropFirst()) { precondition(a != b, "two leaves under the path \(a)") }
  }

  /// Leaves by path.
  public init(_ dictionary: [String: Leaf]) { self.init(dictionary.map { (path: $0.key, leaf: $0.value) }) }

  /// Leaves for paths that are sorted already, as those of another tree.
  public init(sortedPaths: [String], leaves: [Leaf]) {
    precondition(sortedPaths.count == leaves.count, "\(leaves.count) leaves for \(sortedPaths.count) paths")
    self.paths = sortedPaths
    self.leaves = leaves
  }

  /// Number of leaves.
  public var count: Int { paths.count }
  /// Whether it has no leaf.
  public var isEmpty: Bool { paths.isEmpty }

  /// The leaf under a path; complexity O(log n). Setting nil removes it.
  public subscript(path: String) -> Leaf? {
    get {
      let position = position(of: path)
      return position < count && paths[position] == path ? leaves[position] : nil
    }
    set {
      let position = position(of: path)
      let exists = position < count && paths[position] == path
      switch (newValue, exists) {
      case (let leaf?, true): leaves[position] = leaf
      case (let leaf?, false):
        paths.insert(path, at: position)
        leaves.insert(leaf, at: position)
      case (nil, true):
        paths.remove(at: position)
        leaves.remove(at: position)
      case (nil, false): break
      }
    }
  }

  private func position(of path: String) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if paths[middle] < path { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Another leaf under each path.
  public func map<Other>(_ transform: (Leaf) throws -> Other) rethrows -> Tree<Other> {
    Tree<Other>(sortedPaths: paths, leaves: try leaves.map(transform))
  }

  /// Another leaf under each path, made of path and leaf.
  public func mapWithPaths<Other>(_ transform: (String, Leaf) throws -> Other) rethrows -> Tree<Other> {
    Tree<Other>(sortedPaths: paths, leaves: try zip(paths, leaves).map(transform))
  }

  /// Leaf by leaf with a tree of the same paths.
  public func zipped<Other, Result>(
    with other: Tree<Other>, _ transform: (Leaf, Other) throws -> Result
  ) rethrows -> Tree<Result> {
    precondition(paths == other.paths, "the trees have different paths: \(difference(from: other.paths))")
    return Tree<Result>(sortedPaths: paths, leaves: try zip(leaves, other.leaves).map(transform))
  }

  private func difference(from other: [String]) -> String {
    Set(paths).symmetricDifference(other).sorted().prefix(4).joined(separator: ", ")
  }

  /// The leaves that are wanted, by path and leaf.
  public func filter(_ isIncluded: (String, Leaf) throws -> Bool) rethrows -> Tree {
    let kept = try zip(paths, leaves).filter(isIncluded)
    return Tree(sortedPaths: kept.map(\.0), leaves: kept.map(\.1))
  }

  /// The leaves below a prefix, without it: "a/b" of the prefix "a" becomes "b".
  public func subtree(_ prefix: String) -> Tree {
    let start = prefix + "/"
    let inside = zip(paths, leaves).filter { $0.0.hasPrefix(start) }
    return Tree(sortedPaths: inside.map { String($0.0.dropFirst(start.count)) }, leaves: inside.map(\.1))
  }

  /// All leaves below a new prefix.
  public func prefixed(_ prefix: String) -> Tree {
    Tree(sortedPaths: paths.map { prefix + "/" + $0 }, leaves: leaves)
  }

  /// Both trees' leaves; a path in both is a programmer's error.
  public func merging(_ other: Tree) -> Tree {
    Tree(
      zip(paths, leaves).map { (path: $0, leaf: $1) } + zip(other.paths, other.leaves).map { (path: $0, leaf: $1) })
  }
}

extension Tree: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, Leaf)...) { self.init(elements) }
}

extension Tree: Sendable where Leaf: Sendable {}
extension Tree: Equatable where Leaf: Equatable {}

extension Tree: Sequence {
  public func makeIterator() -> Zip2Sequence<[String], [Leaf]>.Iterator { zip(paths, leaves).makeIterator() }
}

extension Tree where Leaf == NDArray {
  /// The type of each leaf.
  public var types: Tree<TensorType> { map { TensorType(of: $0) } }
  /// Number of numbers in all leaves.
  public var elementCount: Int { leaves.reduce(0) { $0 + $1.count } }
}

extension Tree where Leaf == TensorType {
  /// Numbers in all leaves together.
  public var elementCount: Int { leaves.reduce(0) { $0 + $1.shape.count } }
}
