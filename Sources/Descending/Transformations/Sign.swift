/// The sign of each element: -1, 0 or 1.
///
/// Bernstein, Wang, Azizzadenesheli, Anandkumar, "signSGD: compressed optimisation for non-convex problems", 2018.
public struct Sign: GradientTransformation {
  public init() {}
  public var description: String { "sign" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (updates.map { sign($0) }, state) }
}
