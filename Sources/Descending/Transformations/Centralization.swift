/// Removes from the gradient of each matrix and kernel its mean over all axes but the last, the axis of outputs.
///
/// Yong, Huang, Hua, Zhang, "Gradient centralization: a new optimization technique for deep neural networks", 2020.
/// Vectors and scalars are left as they are.
public struct Centralization: NamedTransformation {
  public init() {}

  public static let kind = TransformationKind(
    "centralize", "remove from each gradient its mean over all axes but the last", examples: ["centralize | rate 0.1"]
  ) { Centralization() }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    (updates.map { $0.rank < 2 ? $0 : $0 - $0.mean(Array(0..<$0.rank - 1), keepingAxes: true) }, state)
  }
}
