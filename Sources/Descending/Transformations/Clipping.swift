/// Scales all updates together so that their norm is at most a limit: g min(1, limit / |g|).
///
/// Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013. Reads
/// "optimizer/gradientNorm", before the clip, and "optimizer/clipped", 1 where it was clipped.
public struct ClipByGlobalNorm: NamedTransformation {
  /// The largest norm of all updates together.
  public let limit: Double
  public init(_ limit: Double) { self.limit = limit }

  public static let kind = TransformationKind(
    "clip", "limit the norm of all updates together",
    TransformationOption("norm", .positive, "the limit") { (t: ClipByGlobalNorm) in t.limit },
    examples: ["clip 1 | rate 0.1"]
  ) { ClipByGlobalNorm($0) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let norm = updates.length
    context.record("optimizer/gradientNorm", norm)
    context.record("optimizer/clipped", (norm .> limit).cast(to: .float32))
    // Of a limit that is 0 in this type all steps are 0.
    return (limit / max(norm, Swift.max(limit, norm.elementType.leastNumber)) * updates, state)
  }
}

/// Limits each element to -limit...limit.
public struct ClipByValue: NamedTransformation {
  /// The largest absolute value of an element.
  public let limit: Double
  public init(_ limit: Double) { self.limit = limit }

  public static let kind = TransformationKind(
    "clipvalue", "limit each element",
    TransformationOption("limit", .positive, "of the absolute value") { (t: ClipByValue) in t.limit },
    examples: ["clipvalue 0.5 | rate 0.1"]
  ) { ClipByValue($0) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (updates.map { min(max($0, -limit), limit) }, state) }
}
