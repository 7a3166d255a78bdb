/// All updates times one number.
public struct Scale: NamedTransformation {
  /// What all updates are multiplied by.
  public let factor: Double
  public init(_ factor: Double) { self.factor = factor }

  public static let kind = TransformationKind(
    "scale", "multiply by a number", TransformationOption("factor", .number, "the number") { (t: Scale) in t.factor },
    examples: ["scale 0.5 | rate 0.2"]
  ) { Scale($0) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (factor * updates, state) }
}
