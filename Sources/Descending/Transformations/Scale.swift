/// All updates times one number.
public struct Scale: GradientTransformation {
  public let factor: Double
  public init(_ factor: Double) { self.factor = factor }
  public var description: String { "scale \(factor)" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (factor * updates, state) }
}
