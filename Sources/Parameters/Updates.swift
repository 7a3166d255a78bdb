/// A direction in the space of parameters: a gradient, a velocity, a step. Updates form a vector space.
public struct Updates {
  /// The tensors by path.
  public let tree: Tree<Tensor>

  public init(_ tree: Tree<Tensor>) { self.tree = tree }

  /// Sorted.
  public var paths: [String] { tree.paths }
  /// The update under a path.
  public subscript(path: String) -> Tensor? { tree[path] }

  /// Leaf by leaf.
  public func map(_ transform: (Tensor) throws -> Tensor) rethrows -> Updates { Updates(try tree.map(transform)) }

  /// The sum, leaf by leaf.
  ///
  /// - Precondition: both have the same paths.
  public static func + (a: Updates, b: Updates) -> Updates { Updates(a.tree.zipped(with: b.tree) { $0 + $1 }) }
  /// The difference, leaf by leaf.
  ///
  /// - Precondition: both have the same paths.
  public static func - (a: Updates, b: Updates) -> Updates { Updates(a.tree.zipped(with: b.tree) { $0 - $1 }) }
  /// The opposite direction.
  public static prefix func - (a: Updates) -> Updates { a.map { -$0 } }
  /// All leaves times a number.
  public static func * (factor: Double, a: Updates) -> Updates { a.map { factor * $0 } }
  /// All leaves times one scalar tensor, cast to each leaf's type.
  public static func * (factor: Tensor, a: Updates) -> Updates { a.map { factor.cast(to: $0.elementType) * $0 } }

  /// Sum of squares over all leaves, a scalar.
  public var squaredNorm: Tensor { dot(self, self) }
  /// The Euclidean norm over all leaves, a scalar; its derivative at 0 is not finite.
  public var norm: Tensor { sqrt(squaredNorm) }

  /// The same numbers, constant for derivatives.
  public var stoppingGradient: Updates { map(\.stoppingGradient) }
}

/// The inner product over all leaves, a scalar in the widest type among them.
public func dot(_ a: Updates, _ b: Updates) -> Tensor {
  let products = a.tree.zipped(with: b.tree) { ($0 * $1).sum() }.leaves
  precondition(!products.isEmpty, "an empty tree has no inner product")
  let widest: ElementType = products.contains { $0.elementType == .float64 } ? .float64 : products[0].elementType
  return products.dropFirst().reduce(products[0].cast(to: widest)) { $0 + $1.cast(to: widest) }
}

/// The gradient of a scalar with respect to parameters; recorded in the same graph, so it can be differentiated again.
public func gradients(
  of output: Tensor, withRespectTo parameters: Parameters, file: String = #fileID, line: Int = #line
) -> Updates {
  let leaves = gradients(of: output, withRespectTo: parameters.tree.leaves, file: file, line: line)
  return Updates(Tree(sortedPaths: parameters.paths, leaves: leaves))
}

/// The product of the Hessian of a scalar with a direction, without forming the Hessian.
///
/// - Parameter direction: of all parameters, or of some: the others stand still, and the product is of those that move.
public func hessianProduct(
  of output: Tensor, at parameters: Parameters, along direction: Updates, file: String = #fileID, line: Int = #line
) -> Updates {
  let moving = Parameters(parameters.tree.filter { path, _ in direction[path] != nil })
  let gradient = gradients(of: output, withRespectTo: moving, file: file, line: line)
  return gradients(of: dot(gradient, direction.stoppingGradient), withRespectTo: moving, file: file, line: line)
}
