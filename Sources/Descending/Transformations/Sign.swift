/// The sign of each element: -1, 0 or 1.
///
/// Bernstein, Wang, Azizzadenesheli, Anandkumar, "signSGD: compressed optimisation for non-convex problems", 2018.
public struct Sign: NamedTransformation {
  public init() {}

  public static let kind = TransformationKind("sign", "the sign of each element", examples: ["sign | rate 0.005"]) {
    Sign()
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (updates.map { sign($0) }, state) }
}
