/// The point where a descent is: named tensors that only updates can move.
public struct Parameters {
  /// The tensors by path.
  public let tree: Tree<Tensor>

  public init(_ tree: Tree<Tensor>) { self.tree = tree }

  /// Sorted.
  public var paths: [String] { tree.paths }

  /// The parameter under a path.
  public subscript(path: String) -> Tensor? { tree[path] }

  /// The parameters below a name, without it, as of one of several networks.
  public func subtree(_ name: String) -> Parameters { Parameters(tree.subtree(name)) }

  /// The parameters after a step: the only way to move. Both have the same paths.
  public func moved(by updates: Updates) -> Parameters {
    Parameters(tree.zipped(with: updates.tree) { $0 + $1 })
  }

  /// The difference that leads from other parameters to these.
  public func difference(from other: Parameters) -> Updates { Updates(tree.zipped(with: other.tree) { $0 - $1 }) }

  /// The parameters, constant for derivatives.
  public var stoppingGradient: Parameters { Parameters(tree.map(\.stoppingGradient)) }

  /// The Euclidean norm over all leaves.
  public var norm: Tensor { sqrt(Updates(tree).squaredNorm) }
}
