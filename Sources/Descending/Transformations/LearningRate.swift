/// The step against the gradient: updates times minus the rate.
///
/// Whatever comes before it works on gradients, whatever comes after it on steps. Reads "optimizer/learningRate", the
/// rate in force, with the factor that a stage before it may have set.
public struct LearningRate: NamedTransformation {
  /// The rate by the updates, samples or epochs so far.
  public let schedule: Schedule

  public init(_ schedule: Schedule) { self.schedule = schedule }
  /// The same rate throughout.
  public init(_ rate: Double) { schedule = .constant(rate) }

  public var makesStep: Bool { true }

  public static let kind = TransformationKind(
    "rate", "step against the gradient: times minus the learning rate",
    TransformationOption(
      "value", .rate,
      "a number or a schedule, as cosine(0.1, 5epochs): "
        + FunctionKind.schedules.map(\.name).joined(separator: ", ")
    ) { (t: LearningRate) in t.schedule },
    examples: [
      "rate 0.1", "rate cosine(0.2, 2500updates, 0.05)", "rate warmup(10updates, linear(0.2, 0.05, 1000updates))",
      "rate steps(0.2, 0.5, 10epochs)", "rate exponential(0.2, 0.9, 5000samples)",
    ]
  ) { LearningRate($0) }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var rate = schedule.value(at: context.counters)
    if let factor = try context.step() { rate = rate.cast(to: factor.elementType) * factor }
    context.rate = rate
    // As it was written, where it is a number alone.
    context.record("optimizer/learningRate", rate.cast(to: .float64))
    return (-rate * updates, state)
  }
}
